package contract

import (
	"math"
	"slices"
	"strconv"
	"strings"

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
