package server

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// textOf changes UTF-8 strings in what "echo" returns.
func textOf(change func(s string) *perl.Value) func(*request) {
	return echo(func(v *perl.Value) *perl.Value {
		if v.Kind() == perl.Text {
			return change(v.Str())
		}
		return nil
	})
}

// numbersOf changes integers, which come as strings if they are large, in what "echo" returns.
func numbersOf(change func(n int64) int64) func(*request) {
	return echo(func(v *perl.Value) *perl.Value {
		s, _ := v.AsString()
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v.Kind() != perl.Int && v.Kind() != perl.Bytes || strconv.FormatInt(n, 10) != s || change(n) == n {
			return nil
		}
		if v.Kind() == perl.Int {
			return perl.NewInt(change(n))
		}
		return perl.NewBytes(strconv.FormatInt(change(n), 10))
	})
}

// elementsOf changes the elements of arrays and hashes in what "echo" returns.
func elementsOf(change func(v *perl.Value) *perl.Value) func(*request) {
	return echo(func(v *perl.Value) *perl.Value {
		if !slices.ContainsFunc(v.Elems(), func(e *perl.Value) bool { return change(e) != nil }) {
			return nil
		}
		n := perl.NewArray()
		for _, e := range v.Elems() {
			if c := change(e); c != nil {
				e = c
			}
			n.Append(e)
		}
		return n
	})
}

// pairsOf changes the pairs of hashes in what "echo" returns.
func pairsOf(which func(pairs []perl.Pair) bool, change func(pairs []perl.Pair) []perl.Pair) func(*request) {
	return echo(func(v *perl.Value) *perl.Value {
		if v.Kind() != perl.Hash || v.Class() != "" || !which(v.Pairs()) {
			return nil
		}
		return perl.NewHash(change(slices.Clone(v.Pairs()))...)
	})
}

// deep copies a value, and has undef at a level.
func deep(v *perl.Value, levels int) *perl.Value {
	e := v.Target().Elems()
	switch {
	case levels == 0:
		return perl.NewUndef()
	case v.Kind() != perl.Ref || len(e) != 1:
		return v
	}
	return perl.ArrayRef(deep(e[0], levels-1))
}

// kindDefects are of values that programs send rarely.
func kindDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "UTF-8 flag lost inside", Text: "UTF-8 strings that are elements come back as their octets.", Kills: []string{"VAL-027"},
			returned: elementsOf(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Text {
					return perl.NewBytes(v.Str())
				}
				return nil
			})},
		{Name: "Latin-1 downgraded", Text: "UTF-8 strings that fit Latin-1 come back as octets of it.", Kills: []string{"VAL-028"},
			returned: textOf(func(s string) *perl.Value {
				if octets, fits := perl.ToLatin1(s); fits {
					return perl.NewBytes(octets)
				}
				return nil
			})},
		{Name: "16-bit characters", Text: "Characters beyond U+FFFF come back as U+FFFD.", Kills: []string{"VAL-029"},
			returned: textOf(func(s string) *perl.Value {
				return perl.NewText(strings.Map(func(r rune) rune {
					if r > 0xffff {
						return utf8.RuneError
					}
					return r
				}, s))
			})},
		{Name: "chomp", Text: "A line feed at the end of a string is lost.", Kills: []string{"VAL-030"},
			returned: octetsOf(func(s string) string { return strings.TrimSuffix(s, "\n") })},
		{Name: "keys of 255 octets", Text: "Keys come back cut at 255 octets.", Kills: []string{"VAL-031"},
			returned: pairsOf(func(pairs []perl.Pair) bool {
				return slices.ContainsFunc(pairs, func(p perl.Pair) bool { return len(p.Key) > 255 })
			}, func(pairs []perl.Pair) []perl.Pair {
				for i, p := range pairs {
					pairs[i].Key = p.Key[:min(len(p.Key), 255)]
				}
				return pairs
			})},
		{Name: "keys in small letters", Text: "Keys come back in small letters.", Kills: []string{"VAL-032"},
			returned: pairsOf(func(pairs []perl.Pair) bool {
				return slices.ContainsFunc(pairs, func(p perl.Pair) bool { return strings.ToLower(p.Key) != p.Key })
			}, func(pairs []perl.Pair) []perl.Pair {
				v := perl.NewHash()
				for _, p := range pairs {
					v.Set(strings.ToLower(p.Key), p.Value)
				}
				return v.Pairs()
			})},
		{Name: "hashes of 255 pairs", Text: "Hashes come back cut at 255 pairs.", Kills: []string{"VAL-033"},
			returned: pairsOf(func(pairs []perl.Pair) bool { return len(pairs) > 255 }, func(pairs []perl.Pair) []perl.Pair { return pairs[:255] })},
		{Name: "arrays of 1,000 elements", Text: "Arrays come back cut at 1,000 elements.", Kills: []string{"VAL-034"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if e := v.Elems(); len(e) > 1000 {
					return perl.NewArray(e[:1000]...)
				}
				return nil
			})},
		{Name: "50 levels", Text: "What is deeper than 50 levels comes back as undef.", Kills: []string{"VAL-035"},
			returned: func(r *request) {
				if r.conform("echo") && len(r.list) == 1 {
					r.list[0] = deep(r.list[0], 50)
				}
			}},
		{Name: "strings of 1 MiB less one", Text: "Strings come back cut below 1 MiB.", Kills: []string{"VAL-036"},
			returned: octetsOf(func(s string) string { return s[:min(len(s), 1<<20-1)] })},
		{Name: "integers of 32 bits", Text: "Integers from 2^31 on come back as those of 32 bits would.", Kills: []string{"VAL-037"},
			returned: numbersOf(func(n int64) int64 {
				if n >= 1<<31 && n < 1<<53 {
					return int64(int32(n))
				}
				return n
			})},
		{Name: "integers of 53 bits", Text: "Integers from 2^53 on come back as a double has them.", Kills: []string{"VAL-038"},
			returned: numbersOf(func(n int64) int64 {
				if n > 1<<53 {
					return n &^ 1
				}
				return n
			})},
		{Name: "negative integers of 32 bits", Text: "Integers below -2^31 come back as those of 32 bits would.", Kills: []string{"VAL-039"},
			returned: numbersOf(func(n int64) int64 {
				if n < -1<<31 && n > -1<<53 {
					return int64(int32(n))
				}
				return n
			})},
		{Name: "negative integers of 53 bits", Text: "Integers below -2^53 come back as a double has them.", Kills: []string{"VAL-040"},
			returned: numbersOf(func(n int64) int64 {
				if n < -1<<53 {
					return n &^ 1
				}
				return n
			})},
		{Name: "class of arrays lost", Text: "Blessed arrays come back without their class.", Kills: []string{"VAL-041"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Array && v.Class() != "" {
					return perl.NewArray(v.Elems()...)
				}
				return nil
			})},
		{Name: "class of scalars lost", Text: "Blessed scalars come back without their class.", Kills: []string{"VAL-042"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Bytes && v.Class() != "" {
					return perl.NewBytes(v.Str())
				}
				return nil
			})},
		{Name: "scalar references followed inside", Text: "A reference to a scalar that is an element comes back as the scalar.", Kills: []string{"VAL-043"},
			returned: elementsOf(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Ref && isScalar(v.Target()) {
					return v.Target()
				}
				return nil
			})},
		{Name: "classes made UTF-8", Text: "Class names that are no UTF-8 come back as UTF-8.", Kills: []string{"VAL-044"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Hash && !utf8.ValidString(v.Class()) {
					return perl.NewHash(v.Pairs()...).Bless(perl.FromLatin1(v.Class()))
				}
				return nil
			})},
		{Name: "keys told apart by their octets only", Text: "Of two keys that differ by their UTF-8 mark only, one is lost.", Kills: []string{"VAL-045"},
			returned: pairsOf(func([]perl.Pair) bool { return true }, func(pairs []perl.Pair) []perl.Pair {
				seen := map[string]bool{}
				return slices.DeleteFunc(pairs, func(p perl.Pair) bool {
					known := seen[p.Key]
					seen[p.Key] = true
					return known
				})
			})},
	}
}
