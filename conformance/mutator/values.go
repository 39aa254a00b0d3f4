package mutator

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// operation changes a value in its place. It returns false if it can do nothing to it.
type operation struct {
	name  string
	apply func(r *rand.Rand, v *perl.Value) bool
}

// assign gives v another content.
func assign(to func(r *rand.Rand, v *perl.Value) *perl.Value) func(*rand.Rand, *perl.Value) bool {
	return func(r *rand.Rand, v *perl.Value) bool {
		n := to(r, v)
		if n == nil {
			return false
		}
		v.Assign(n)
		return true
	}
}

// text is assign of a string of the same kind.
func text(to func(r *rand.Rand, s string) string) func(*rand.Rand, *perl.Value) bool {
	return func(r *rand.Rand, v *perl.Value) bool {
		s := to(r, v.Str())
		if s == v.Str() || v.Kind() == perl.Text && !utf8.ValidString(s) {
			return false
		}
		v.SetStr(s)
		return true
	}
}

// operations are what can be done to a value of a kind.
func operations(k perl.Kind) []operation {
	list := []operation{
		{"undef", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
			if v.Kind() == perl.Undef {
				return nil
			}
			return perl.NewUndef()
		})},
		{"empty string", assign(func(*rand.Rand, *perl.Value) *perl.Value { return perl.NewBytes("") })},
		{"another scalar", assign(func(r *rand.Rand, _ *perl.Value) *perl.Value {
			return []*perl.Value{perl.NewBytes("mutant"), perl.NewInt(1000 + r.Int64N(1000)), perl.NewInt(0), perl.NewInt(1), perl.NewDouble(2.5)}[r.IntN(5)]
		})},
		{"reference to it", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
			if v.Kind() == perl.Array || v.Kind() == perl.Hash {
				return nil
			}
			own := perl.NewUndef()
			own.Assign(v)
			return perl.NewRef(own)
		})},
		{"in an array", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
			if v.Kind() == perl.Array || v.Kind() == perl.Hash {
				return nil
			}
			own := perl.NewUndef()
			own.Assign(v)
			return perl.ArrayRef(own)
		})},
	}
	switch k {
	case perl.Int, perl.Uint, perl.Double:
		list = append(list, numbers...)
	case perl.Bytes, perl.Text:
		list = append(list, strs...)
	case perl.Ref:
		list = append(list, references...)
	case perl.Array:
		list = arrays
	case perl.Hash:
		list = hashes
	}
	return list
}

var numbers = []operation{
	{"sign", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		switch {
		case v.Kind() == perl.Double && v.Double() != 0:
			return perl.NewDouble(-v.Double())
		case v.Kind() == perl.Int && v.Int() != 0:
			return perl.NewInt(-v.Int())
		}
		return nil
	})},
	{"next number", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		switch v.Kind() {
		case perl.Double:
			return perl.NewDouble(math.Nextafter(v.Double(), math.Inf(1)))
		case perl.Int:
			return perl.NewInt(v.Int() + 1)
		}
		return perl.NewUint(v.Uint() - 1)
	})},
	{"32 bits", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() == perl.Double || int64(int32(v.Int())) == v.Int() && v.Kind() == perl.Int {
			return nil
		}
		return perl.NewInt(int64(int32(v.Uint() | uint64(v.Int()))))
	})},
	{"double", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		switch v.Kind() {
		case perl.Int:
			return perl.NewDouble(float64(v.Int()))
		case perl.Uint:
			return perl.NewDouble(float64(v.Uint()))
		}
		return nil
	})},
	{"number to string", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		s, _ := v.AsString()
		return perl.NewBytes(s)
	})},
	{"fewer digits", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Double {
			return nil
		}
		f, _ := strconv.ParseFloat(strconv.FormatFloat(v.Double(), 'g', 1, 64), 64)
		if f == v.Double() {
			return nil
		}
		return perl.NewDouble(f)
	})},
	{"integral", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Double || math.Abs(v.Double()) > 1e15 {
			return nil
		}
		return perl.NewInt(int64(v.Double()))
	})},
}

var strs = []operation{
	{"cut at the end", text(func(_ *rand.Rand, s string) string {
		_, n := utf8.DecodeLastRuneInString(s)
		return s[:len(s)-n]
	})},
	{"cut at the beginning", text(func(_ *rand.Rand, s string) string {
		_, n := utf8.DecodeRuneInString(s)
		return s[n:]
	})},
	{"cut in half", text(func(_ *rand.Rand, s string) string { return s[:len(s)/2] })},
	{"cut to 255", text(func(_ *rand.Rand, s string) string { return s[:min(len(s), 255)] })},
	{"cut at a NUL", text(func(_ *rand.Rand, s string) string { before, _, _ := strings.Cut(s, "\x00"); return before })},
	{"line ends lost", text(func(_ *rand.Rand, s string) string { return strings.TrimRight(s, "\r\n") })},
	{"line ends changed", text(func(_ *rand.Rand, s string) string { return strings.ReplaceAll(s, "\r\n", "\n") })},
	{"line end behind", text(func(_ *rand.Rand, s string) string { return s + "\n" })},
	{"space behind", text(func(_ *rand.Rand, s string) string { return s + " " })},
	{"character behind", text(func(r *rand.Rand, s string) string { return s + string('a'+r.Int32N(26)) })},
	{"character changed", text(func(r *rand.Rand, s string) string {
		if s == "" {
			return s
		}
		i := r.IntN(len(s))
		return s[:i] + string('a'+r.Int32N(26)) + s[i+1:]
	})},
	{"octet changed", text(func(r *rand.Rand, s string) string {
		if s == "" {
			return s
		}
		b := []byte(s)
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		return string(b)
	})},
	{"small letters", text(func(_ *rand.Rand, s string) string { return strings.ToLower(s) })},
	{"capitals", text(func(_ *rand.Rand, s string) string { return strings.ToUpper(s) })},
	{"backwards", text(func(_ *rand.Rand, s string) string {
		runes := []rune(s)
		if !utf8.ValidString(s) {
			return s
		}
		slices.Reverse(runes)
		return string(runes)
	})},
	{"twice", text(func(_ *rand.Rand, s string) string { return s + s })},
	{"quotes", text(func(_ *rand.Rand, s string) string { return "'" + s + "'" })},
	{"string to number", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if n, err := strconv.ParseInt(v.Str(), 10, 64); err == nil {
			return perl.NewInt(n)
		}
		return nil
	})},
	{"UTF-8 flag lost", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Text {
			return nil
		}
		return perl.NewBytes(v.Str())
	})},
	{"UTF-8 flag set", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Bytes || !utf8.ValidString(v.Str()) {
			return nil
		}
		return perl.NewText(v.Str())
	})},
	{"upgraded", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Bytes {
			return nil
		}
		return perl.NewText(latin1(v.Str()))
	})},
	{"encoded again", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if s := latin1(v.Str()); s != v.Str() {
			if v.Kind() == perl.Text {
				return perl.NewText(s)
			}
			return perl.NewBytes(s)
		}
		return nil
	})},
	{"to Latin-1", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Kind() != perl.Text {
			return nil
		}
		var b []byte
		for _, c := range v.Str() {
			if c > 0xff {
				c = '?'
			}
			b = append(b, byte(c))
		}
		return perl.NewBytes(string(b))
	})},
}

// latin1 is the UTF-8 of octets that are taken for Latin-1.
func latin1(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteRune(rune(s[i]))
	}
	return b.String()
}

var references = []operation{
	{"target instead", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		t := v.Target()
		if t.Kind() == perl.Array && len(t.Elems()) > 0 && t.Elems()[0] != nil {
			t = t.Elems()[0]
		}
		if k := t.Kind(); k == perl.Array || k == perl.Hash || t == nil {
			return nil
		}
		own := perl.NewUndef()
		own.Assign(t)
		return own
	})},
	{"string of it", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		name := map[perl.Kind]string{perl.Array: "ARRAY", perl.Hash: "HASH", perl.Ref: "REF"}[v.Target().Kind()]
		if name == "" {
			name = "SCALAR"
		}
		return perl.NewBytes(name + "(0x55d0c0ffee00)")
	})},
	{"blessed", func(_ *rand.Rand, v *perl.Value) bool {
		if v.Target() == nil || v.Target().Class() != "" {
			return false
		}
		v.Target().Bless("Mutant")
		return true
	}},
	{"class lost", func(_ *rand.Rand, v *perl.Value) bool {
		if v.Target().Class() == "" {
			return false
		}
		v.Target().Bless("")
		return true
	}},
	{"class changed", func(_ *rand.Rand, v *perl.Value) bool {
		if v.Target().Class() == "" {
			return false
		}
		v.Target().Bless(v.Target().Class() + "::Mutant")
		return true
	}},
	{"own copy", func(_ *rand.Rand, v *perl.Value) bool {
		t := v.Target()
		var own *perl.Value
		switch t.Kind() {
		case perl.Array:
			own = perl.NewArray(slices.Clone(t.Elems())...)
		case perl.Hash:
			own = perl.NewHash(slices.Clone(t.Pairs())...)
		default:
			return false
		}
		if t.Class() != "" {
			own.Bless(t.Class())
		}
		v.SetTarget(own)
		return true
	}},
	{"weak", func(_ *rand.Rand, v *perl.Value) bool {
		if v.Weak() {
			return false
		}
		v.SetWeak()
		return true
	}},
	{"reference skipped", assign(func(_ *rand.Rand, v *perl.Value) *perl.Value {
		if v.Target().Kind() != perl.Ref {
			return nil
		}
		return perl.NewRef(v.Target().Target())
	})},
	{"array for hash", func(_ *rand.Rand, v *perl.Value) bool {
		t := v.Target()
		if t.Kind() != perl.Hash {
			return false
		}
		own := perl.NewArray()
		for _, p := range t.Pairs() {
			own.Append(perl.NewBytes(p.Key), p.Value)
		}
		v.SetTarget(own)
		return true
	}},
	{"hash for array", func(_ *rand.Rand, v *perl.Value) bool {
		t := v.Target()
		if t.Kind() != perl.Array {
			return false
		}
		own := perl.NewHash()
		for i, e := range t.Elems() {
			if e != nil {
				own.Set(strconv.Itoa(i), e)
			}
		}
		v.SetTarget(own)
		return true
	}},
	{"cycle", func(_ *rand.Rand, v *perl.Value) bool {
		t := v.Target()
		switch t.Kind() {
		case perl.Array:
			t.Append(perl.NewRef(t))
		case perl.Hash:
			t.Set("cycle", perl.NewRef(t))
		default:
			return false
		}
		return true
	}},
}

// array is an operation on the elements of an array.
func array(to func(r *rand.Rand, list []*perl.Value) []*perl.Value) func(*rand.Rand, *perl.Value) bool {
	return func(r *rand.Rand, v *perl.Value) bool {
		was := slices.Clone(v.Elems())
		list := to(r, v.Elems())
		if list == nil || slices.Equal(was, list) {
			return false
		}
		v.Assign(perl.NewArray(list...))
		return true
	}
}

var arrays = []operation{
	{"last element lost", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value { return slices.Clone(l[:max(len(l)-1, 0)]) })},
	{"first element lost", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value { return slices.Clone(l[min(len(l), 1):]) })},
	{"undef added", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value { return append(slices.Clone(l), perl.NewUndef()) })},
	{"string added", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value {
		return append(slices.Clone(l), perl.NewBytes("mutant"))
	})},
	{"element twice", array(func(r *rand.Rand, l []*perl.Value) []*perl.Value {
		if len(l) == 0 {
			return nil
		}
		i := r.IntN(len(l))
		own := perl.NewUndef()
		if l[i] != nil {
			own.Assign(l[i])
		}
		return slices.Insert(slices.Clone(l), i, own)
	})},
	{"elements swapped", array(func(r *rand.Rand, l []*perl.Value) []*perl.Value {
		if len(l) < 2 {
			return nil
		}
		l, i := slices.Clone(l), r.IntN(len(l)-1)
		l[i], l[i+1] = l[i+1], l[i]
		return l
	})},
	{"no elements", array(func(_ *rand.Rand, _ []*perl.Value) []*perl.Value { return []*perl.Value{} })},
	{"hole", array(func(r *rand.Rand, l []*perl.Value) []*perl.Value {
		if len(l) == 0 {
			return nil
		}
		l = slices.Clone(l)
		l[r.IntN(len(l))] = nil
		return l
	})},
	{"cut to 255", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value { return slices.Clone(l[:min(len(l), 255)]) })},
	{"undefs lost", array(func(_ *rand.Rand, l []*perl.Value) []*perl.Value {
		out := []*perl.Value{}
		for _, e := range l {
			if e.Kind() != perl.Undef {
				out = append(out, e)
			}
		}
		return out
	})},
}

// hash is an operation on the pairs of a hash.
func hash(to func(r *rand.Rand, pairs []perl.Pair) []perl.Pair) func(*rand.Rand, *perl.Value) bool {
	return func(r *rand.Rand, v *perl.Value) bool {
		pairs := slices.Clone(v.Pairs())
		slices.SortFunc(pairs, inOrder)
		pairs = to(r, pairs)
		if pairs == nil {
			return false
		}
		for i := range pairs {
			for j := range i {
				if pairs[i].Key == pairs[j].Key && pairs[i].Flags == pairs[j].Flags {
					return false
				}
			}
		}
		v.Assign(perl.NewHash(pairs...))
		return true
	}
}

// onPair is an operation on one pair of a hash.
func onPair(to func(r *rand.Rand, p *perl.Pair) bool) func(*rand.Rand, *perl.Value) bool {
	return hash(func(r *rand.Rand, pairs []perl.Pair) []perl.Pair {
		if len(pairs) == 0 || !to(r, &pairs[r.IntN(len(pairs))]) {
			return nil
		}
		return pairs
	})
}

// key is an operation on one key of a hash.
func key(to func(s string) string) func(*rand.Rand, *perl.Value) bool {
	return onPair(func(_ *rand.Rand, p *perl.Pair) bool {
		was := p.Key
		p.Key = to(p.Key)
		return p.Key != was && (p.Flags&perl.KeyUTF8 == 0 || utf8.ValidString(p.Key))
	})
}

var hashes = []operation{
	{"pair lost", hash(func(r *rand.Rand, pairs []perl.Pair) []perl.Pair {
		if len(pairs) == 0 {
			return nil
		}
		i := r.IntN(len(pairs))
		return slices.Delete(pairs, i, i+1)
	})},
	{"pair added", hash(func(_ *rand.Rand, pairs []perl.Pair) []perl.Pair {
		return append(pairs, perl.P("mutant", perl.NewBytes("mutant")))
	})},
	{"no pairs", hash(func(_ *rand.Rand, pairs []perl.Pair) []perl.Pair {
		if len(pairs) == 0 {
			return nil
		}
		return []perl.Pair{}
	})},
	{"key in capitals", key(strings.ToUpper)},
	{"key in small letters", key(strings.ToLower)},
	{"key longer", key(func(s string) string { return s + "x" })},
	{"key shorter", key(func(s string) string { return s[:max(len(s)-1, 0)] })},
	{"key cut to 255", key(func(s string) string { return s[:min(len(s), 255)] })},
	{"key's UTF-8 flag", onPair(func(_ *rand.Rand, p *perl.Pair) bool {
		if p.Flags&perl.KeyUTF8 == 0 && latin1(p.Key) == p.Key {
			return false
		}
		p.Flags ^= perl.KeyUTF8
		return p.Flags&perl.KeyUTF8 == 0 || utf8.ValidString(p.Key)
	})},
	{"key encoded again", onPair(func(_ *rand.Rand, p *perl.Pair) bool {
		was := p.Key
		p.Key = latin1(p.Key)
		return p.Key != was
	})},
	{"values swapped", hash(func(r *rand.Rand, pairs []perl.Pair) []perl.Pair {
		if len(pairs) < 2 {
			return nil
		}
		i := r.IntN(len(pairs) - 1)
		pairs[i].Value, pairs[i+1].Value = pairs[i+1].Value, pairs[i].Value
		return pairs
	})},
	{"undefs lost", hash(func(_ *rand.Rand, pairs []perl.Pair) []perl.Pair {
		n := len(pairs)
		pairs = slices.DeleteFunc(pairs, func(p perl.Pair) bool { return p.Value.Kind() == perl.Undef })
		if len(pairs) == n {
			return nil
		}
		return pairs
	})},
}

// class says what sort of value it is, so that all of a sort can be changed.
func class(v *perl.Value) string {
	s := v.Str()
	switch v.Kind() {
	case perl.Int:
		switch i := v.Int(); {
		case i != int64(int32(i)):
			return "integer beyond 32 bits"
		case i < 0:
			return "negative integer"
		case i > math.MaxInt8 || i == 0:
			return "integer"
		}
		return "small integer"
	case perl.Bytes, perl.Text:
		what := "octets"
		if v.Kind() == perl.Text {
			what = "characters"
		}
		switch _, err := strconv.ParseFloat(s, 64); {
		case s == "":
			return "no " + what
		case len(s) > 255:
			return "many " + what
		case strings.HasSuffix(s, "\n"):
			return what + " with a line end"
		case strings.Contains(s, "\x00"):
			return what + " with a NUL"
		case err == nil:
			return what + " that are a number"
		case latin1(s) != s && v.Kind() == perl.Bytes:
			return what + " that are not ASCII"
		case strings.ContainsFunc(s, func(r rune) bool { return r > 0xff }) && v.Kind() == perl.Text:
			return what + " beyond Latin-1"
		}
		return what
	case perl.Ref:
		what := "reference to "
		if v.Target().Class() != "" {
			what += "blessed "
		}
		switch v.Target().Kind() {
		case perl.Array, perl.Hash, perl.Ref:
			return what + v.Target().Kind().String()
		}
		return what + "scalar"
	case perl.Array:
		switch n := len(v.Elems()); {
		case n == 0:
			return "empty array"
		case n > 255:
			return "long array"
		}
		return "array"
	case perl.Hash:
		if len(v.Pairs()) == 0 {
			return "empty hash"
		}
		for _, p := range v.Pairs() {
			if p.Flags&(perl.KeyUTF8|perl.KeyWasUTF8) != 0 {
				return "hash with UTF-8 keys"
			}
		}
		if len(v.Pairs()) > 255 {
			return "large hash"
		}
		return "hash"
	}
	return fmt.Sprint(v.Kind())
}
