package perl

import (
	"math"
	"strconv"
	"strings"
)

// True is Perl's truth of v: false are undef, the numbers 0, the empty string, the string "0" and
// the false boolean. References and containers are true.
func (v *Value) True() bool {
	switch v.Kind() {
	case Undef:
		return false
	case Int, Uint, Bool:
		return v.n != 0
	case Double:
		return v.Double() != 0
	case Bytes, Text, VString:
		return v.Str() != "" && v.Str() != "0"
	}
	return true
}

// AsString is what Perl shows of a scalar in a string: octets or UTF-8, whichever the value holds,
// numbers in Perl's %.15g form. ok is false for references and containers, whose string in Perl
// holds an address and means nothing elsewhere.
func (v *Value) AsString() (s string, ok bool) {
	switch v.Kind() {
	case Undef:
		return "", true
	case Int:
		return strconv.FormatInt(int64(v.n), 10), true
	case Uint:
		return strconv.FormatUint(v.n, 10), true
	case Double:
		if f := v.Double(); f != 0 {
			return FormatDouble(f, 15), true
		}
		return "0", true // of -0.0, too
	case Bool:
		if v.n != 0 {
			return "1", true
		}
		return "", true
	case Bytes, Text, VString:
		return v.Str(), true
	}
	return "", false
}

// FormatDouble writes f as C's %.<digits>g does, with Perl's names for what is not finite.
func FormatDouble(f float64, digits int) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Inf"
	case math.IsInf(f, -1):
		return "-Inf"
	}
	s := strconv.FormatFloat(f, 'g', digits, 64)
	mant, exp, has := strings.Cut(s, "e")
	if strings.Contains(mant, ".") {
		mant = strings.TrimRight(strings.TrimRight(mant, "0"), ".")
	}
	if !has {
		return mant
	}
	return mant + "e" + exp
}

// RegexpString is what Perl shows of a Regexp in a string: (?^ix:a.b).
func RegexpString(v *Value) string {
	return "(?^" + v.Modifiers() + ":" + v.Str() + ")"
}
