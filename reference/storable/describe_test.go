package storable

import (
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// describe writes all there is to know of what the reference v points at as a list of words, one
// for each SV:
//
//	@n  the n-th SV of the description      !, Y, N  Perl's own undef, true and false
//	=class, before the word of an SV        h        a hole
//	u i<n> d<octets> b<octets> t<octets>    undef, integer, double, byte string, text; octets in hex
//	B0 B1                                   a boolean
//	R Rw                                    a reference, weak; its target follows
//	A<n>                                    an array; its elements follow
//	H<n>,<locked>                           a hash; for each key k<hex>, K if UTF-8, w if it was, with l if locked,
//	                                        p if a placeholder, and unless so its value
//	c<source> r<pattern>,<modifiers> v<literal>,<b or t><octets>
//	T<kind>                                 a tied variable; what its object refers to follows
//	X<sort>,<class>,<frozen>,<n>            a self-serialized object; what it refers to follows
//
// testdata/peer.pl builds Perl data from it and writes it of Perl data.
func describe(v *perl.Value) string {
	d := describer{seen: map[*perl.Value]int{}}
	d.value(v.Target())
	return strings.Join(d.words, " ")
}

type describer struct {
	words []string
	seen  map[*perl.Value]int
}

func (d *describer) word(format string, args ...any) {
	d.words = append(d.words, fmt.Sprintf(format, args...))
}

func (d *describer) value(v *perl.Value) {
	if v.Immortal() {
		switch {
		case v.Kind() == perl.Undef:
			d.word("!")
		case v.Bool():
			d.word("Y")
		default:
			d.word("N")
		}
		return
	}
	if i, ok := d.seen[v]; ok {
		d.word("@%d", i)
		return
	}
	d.seen[v] = len(d.seen)
	if c := v.Class(); c != "" && v.Kind() != perl.Hooked {
		d.word("=%x", c)
	}
	switch v.Kind() {
	case perl.Undef:
		d.word("u")
	case perl.Int:
		d.word("i%d", v.Int())
	case perl.Uint:
		d.word("i%d", v.Uint())
	case perl.Double:
		if f := v.Double(); math.IsNaN(f) {
			d.word("dNaN")
		} else {
			d.word("d%016x", math.Float64bits(f))
		}
	case perl.Bool:
		d.word("B%d", v.Uint()|map[bool]uint64{true: 1}[v.Bool()])
	case perl.Bytes:
		d.word("b%x", v.Str())
	case perl.Text:
		d.word("t%x", v.Str())
	case perl.Ref:
		d.word("R%s", map[bool]string{true: "w"}[v.Weak()])
		d.value(v.Target())
	case perl.Array:
		d.word("A%d", len(v.Elems()))
		for _, e := range v.Elems() {
			if e == nil {
				d.word("h")
			} else {
				d.value(e)
			}
		}
	case perl.Hash:
		d.hash(v)
	case perl.Code:
		d.word("c%x", v.Str())
	case perl.Regexp:
		d.word("r%x,%x", v.Str(), v.Modifiers())
	case perl.VString:
		d.word("v%x,%s%x", v.Literal(), map[bool]string{false: "b", true: "t"}[v.UTF8()], v.Str())
	case perl.Tied:
		d.word("T%d", v.TiedKind())
		d.value(v.Target().Target())
	case perl.Hooked:
		d.word("X%d,%x,%x,%d", v.HookType(), v.Class(), v.Str(), len(v.HookRefs()))
		for _, r := range v.HookRefs() {
			d.value(r)
		}
	}
}

func (d *describer) hash(v *perl.Value) {
	pairs := slices.Clone(v.Pairs())
	slices.SortFunc(pairs, func(a, b perl.Pair) int { return strings.Compare(a.Name(), b.Name()) })
	d.word("H%d,%d", len(pairs), map[bool]int{true: 1}[v.Restricted()])
	for _, p := range pairs {
		kind, locked := "k", ""
		switch {
		case p.Flags&perl.KeyUTF8 != 0:
			kind = "K"
		case p.Flags&perl.KeyWasUTF8 != 0:
			kind = "w"
		}
		switch {
		case p.Flags&perl.KeyPlaceholder != 0:
			locked = "p"
		case p.Flags&perl.KeyLocked != 0:
			locked = "l"
		}
		d.word("%s%s:%s", kind, locked, hex.EncodeToString([]byte(p.Key)))
		if locked != "p" {
			d.value(p.Value)
		}
	}
}
