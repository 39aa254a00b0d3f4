package contract

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// ValueKinds lists the kinds of values that must be answered by the state "echo", and come back as
// they went.
func ValueKinds() []ValueKind { return slices.Clone(valueKinds) }

// ValueKind is a kind of values that the state "echo" is given.
type ValueKind struct {
	// Number is that of the checks about it, of three digits. Name has its article.
	Number, Name string
	// Has tells whether a value shows it, of which parts are all that it leads to.
	Has func(v *perl.Value, parts []*perl.Value) bool
}

// Kinds is a set of kinds of values, a bit for each of ValueKinds in its order.
type Kinds uint64

// KindsOf are the kinds that a value shows, of which parts are all that it leads to.
func KindsOf(v *perl.Value, parts []*perl.Value) (set Kinds) {
	for i, k := range valueKinds {
		if k.Has(v, parts) {
			set |= 1 << i
		}
	}
	return set
}

// Has tells whether the kind that is at a place of ValueKinds is in the set.
func (s Kinds) Has(place int) bool { return s&(1<<place) != 0 }

// valueKinds are all of them. Some are kinds of their parts: a blessed hash is a hash as well.
var valueKinds = []ValueKind{
	{"001", "an integer", holds(walk.IsKind(perl.Int))},
	{"002", "a string of octets", holds(walk.IsKind(perl.Bytes))},
	{"003", "a string with NUL and octets above 127", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && hasOctet(v.Str(), func(c byte) bool { return c == 0 }) &&
			hasOctet(v.Str(), func(c byte) bool { return c > 127 })
	})},
	{"004", "a UTF-8 string", holds(walk.IsKind(perl.Text))},
	{"005", "undef as an element", holds(walk.IsKind(perl.Undef))},
	{"006", "an array", holds(walk.IsKind(perl.Array))},
	{"007", "a hash", holds(walk.IsKind(perl.Hash))},
	{"008", "a hash with a UTF-8 key", holds(func(v *perl.Value) bool {
		for _, p := range v.Pairs() {
			if p.Flags&perl.KeyUTF8 != 0 {
				return true
			}
		}
		return false
	})},
	{"009", "a reference to a scalar", holds(func(v *perl.Value) bool {
		k := v.Target().Kind()
		return v.Kind() == perl.Ref && k != perl.Array && k != perl.Hash && k != perl.Ref
	})},
	{"010", "a reference to a reference", holds(func(v *perl.Value) bool { return v.Kind() == perl.Ref && v.Target().Kind() == perl.Ref })},
	{"011", "a blessed value", holds(func(v *perl.Value) bool { return v.Class() != "" })},
	{"012", "a container that is referenced twice", whole(walk.Shares)},
	{"013", "a cyclic structure", whole(walk.Cyclic)},
	{"014", "a string longer than 255 octets", holds(func(v *perl.Value) bool { return len(v.Str()) > 255 })},
	{"015", "an empty string, array or hash", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && v.Str() == "" ||
			v.Kind() == perl.Array && len(v.Elems()) == 0 || v.Kind() == perl.Hash && len(v.Pairs()) == 0
	})},
	{"016", "a negative integer", holds(func(v *perl.Value) bool { return v.Kind() == perl.Int && v.Int() < 0 })},
	{"017", "a number beyond 32 bits, written as a string of digits,", holds(func(v *perl.Value) bool {
		n, err := strconv.ParseUint(strings.TrimPrefix(v.Str(), "-"), 10, 64)
		return v.Kind() == perl.Bytes && err == nil && n > math.MaxUint32
	})},
	{"018", "a number with a fraction or an exponent, written as a string,", holds(func(v *perl.Value) bool {
		_, err := strconv.ParseFloat(v.Str(), 64)
		return v.Kind() == perl.Bytes && err == nil && strings.ContainsAny(v.Str(), ".eE")
	})},
	{"019", "a hash with an undefined value", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return p.Value.Kind() == perl.Undef })
	})},
	{"020", "a container within another", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Elems(), func(e *perl.Value) bool {
			k := e.Target().Kind()
			return e.Kind() == perl.Ref && (k == perl.Array || k == perl.Hash)
		})
	})},
	{"021", "a string with quotes, backslashes, sigils and line ends", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Bytes && !slices.ContainsFunc([]string{"'", "\"", "\\", "$", "@", "\n"}, func(s string) bool { return !strings.Contains(v.Str(), s) })
	})},
	{"022", "a string of digits with leading zeros", holds(func(v *perl.Value) bool {
		_, err := strconv.ParseUint(v.Str(), 10, 64)
		return v.Kind() == perl.Bytes && err == nil && len(v.Str()) > 1 && v.Str()[0] == '0'
	})},
	{"023", "a string of 64 KiB or more", holds(func(v *perl.Value) bool { return v.Kind() == perl.Bytes && len(v.Str()) >= 64<<10 })},
	{"024", "an array of more than 255 elements", holds(func(v *perl.Value) bool { return len(v.Elems()) > 255 })},
	{"025", "a hash with an empty key", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return p.Key == "" })
	})},
	{"026", "a structure of 16 levels or more", whole(func(v *perl.Value) bool { return !walk.Cyclic(v) && levels(v, 16) })},
	{"027", "a UTF-8 string inside a container", within(walk.IsKind(perl.Text))},
	{"028", "a UTF-8 string of characters that fit Latin-1", holds(func(v *perl.Value) bool {
		_, fits := perl.ToLatin1(v.Str())
		return v.Kind() == perl.Text && fits && hasOctet(v.Str(), func(c byte) bool { return c > 127 })
	})},
	{"029", "a UTF-8 string with a character beyond U+FFFF", holds(func(v *perl.Value) bool {
		return v.Kind() == perl.Text && strings.ContainsFunc(v.Str(), func(r rune) bool { return r > 0xffff })
	})},
	{"030", "a string with a line feed at its end", holds(func(v *perl.Value) bool { return strings.HasSuffix(v.Str(), "\n") })},
	{"031", "a hash with a key longer than 255 octets", holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return len(p.Key) > 255 })
	})},
	{"032", "a hash with keys that differ in their capitals only", holds(func(v *perl.Value) bool {
		return twoKeys(v, func(p perl.Pair) string { return strings.ToLower(p.Key) }, func(p, q perl.Pair) bool { return p.Key != q.Key })
	})},
	{"033", "a hash of more than 255 pairs", holds(func(v *perl.Value) bool { return len(v.Pairs()) > 255 })},
	{"034", "an array of more than 1,000 elements", holds(func(v *perl.Value) bool { return len(v.Elems()) > 1000 })},
	{"035", "a structure of 100 levels or more", whole(func(v *perl.Value) bool { return !walk.Cyclic(v) && levels(v, 100) })},
	{"036", "a string of 1 MiB or more", holds(func(v *perl.Value) bool { return len(v.Str()) >= 1<<20 })},
	{"037", "an integer from 2^31 to below 2^53", holds(numberIn(1<<31, 1<<53-1))},
	{"038", "an integer from 2^53 on", holds(numberIn(1<<53, math.MaxInt64))},
	{"039", "a negative integer below -2^31 and above -2^53", holds(numberIn(-1<<53+1, -1<<31-1))},
	{"040", "a negative integer of -2^53 or less", holds(numberIn(math.MinInt64, -1<<53))},
	{"041", "a blessed array", holds(func(v *perl.Value) bool { return v.Kind() == perl.Array && v.Class() != "" })},
	{"042", "a blessed scalar", holds(func(v *perl.Value) bool { return (v.Kind() == perl.Bytes || v.Kind() == perl.Text) && v.Class() != "" })},
	{"043", "a reference to a scalar inside a container", within(func(v *perl.Value) bool {
		k := v.Target().Kind()
		return v.Kind() == perl.Ref && k != perl.Array && k != perl.Hash
	})},
	{"044", "a value of a class whose name is no UTF-8", holds(func(v *perl.Value) bool { return !utf8.ValidString(v.Class()) })},
	{"045", "a hash with two keys that differ by their UTF-8 mark only", holds(func(v *perl.Value) bool {
		return twoKeys(v, func(p perl.Pair) string { return p.Key }, func(p, q perl.Pair) bool { return (p.Flags^q.Flags)&perl.KeyUTF8 != 0 })
	})},
}

// within tells whether an array or a hash has an element of a kind.
func within(wanted func(*perl.Value) bool) func(v *perl.Value, parts []*perl.Value) bool {
	return holds(func(v *perl.Value) bool {
		return slices.ContainsFunc(v.Elems(), wanted) ||
			slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool { return wanted(p.Value) })
	})
}

// numberIn tells whether a value is an integer of a range, or the string of one, as serializers
// write what is large.
func numberIn(least, most int64) func(*perl.Value) bool {
	return func(v *perl.Value) bool {
		n := v.Int()
		if v.Kind() == perl.Bytes {
			var err error
			if n, err = strconv.ParseInt(v.Str(), 10, 64); err != nil || strconv.FormatInt(n, 10) != v.Str() {
				return false
			}
		}
		return (v.Kind() == perl.Int || v.Kind() == perl.Bytes) && n >= least && n <= most
	}
}

// twoKeys tells whether a hash has two keys that are the same by one measure and differ by another.
func twoKeys(v *perl.Value, same func(p perl.Pair) string, differ func(p, q perl.Pair) bool) bool {
	if len(v.Pairs()) < 2 {
		return false
	}
	seen := make(map[string]perl.Pair, len(v.Pairs()))
	for _, p := range v.Pairs() {
		if q, ok := seen[same(p)]; ok && differ(p, q) {
			return true
		}
		seen[same(p)] = p
	}
	return false
}

// levels tells whether a value has n levels of first elements.
func levels(v *perl.Value, n int) bool {
	for ; n > 0; n-- {
		e := v.Target().Elems()
		if v.Kind() != perl.Ref || len(e) == 0 {
			return false
		}
		v = e[0]
	}
	return true
}

func holds(wanted func(*perl.Value) bool) func(v *perl.Value, parts []*perl.Value) bool {
	return func(_ *perl.Value, parts []*perl.Value) bool { return slices.ContainsFunc(parts, wanted) }
}

func whole(wanted func(*perl.Value) bool) func(v *perl.Value, parts []*perl.Value) bool {
	return func(v *perl.Value, _ []*perl.Value) bool { return wanted(v) }
}

func hasOctet(s string, ok func(byte) bool) bool {
	for i := 0; i < len(s); i++ {
		if ok(s[i]) {
			return true
		}
	}
	return false
}
