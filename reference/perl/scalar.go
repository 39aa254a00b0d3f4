package perl

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/internal/qr"
)

// True is Perl's truth of v: false are undef, the numbers 0, the empty string, the string "0" and
// the false boolean. References and containers are true.
func (v *Value) True() bool {
	switch v.Kind() {
	case Undef:
		return false
	case Int, Uint, Bool:
		return v.number() != 0
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
		return strconv.FormatInt(int64(v.number()), 10), true
	case Uint:
		return strconv.FormatUint(v.number(), 10), true
	case Double:
		if f := v.Double(); f != 0 {
			return FormatDouble(f, 15), true
		}
		return "0", true // of -0.0, too
	case Bool:
		if v.number() != 0 {
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
	var buf [32]byte
	return string(AppendDouble(buf[:0], f, digits))
}

// AppendDouble appends what FormatDouble returns to dst.
func AppendDouble(dst []byte, f float64, digits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-Inf"...)
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', digits, 64)
	end := len(dst) // of the mantissa
	if e := bytes.IndexByte(dst[start:], 'e'); e >= 0 {
		end = start + e
	}
	exponent := dst[end:]
	if bytes.IndexByte(dst[start:end], '.') >= 0 {
		for dst[end-1] == '0' {
			end--
		}
		if dst[end-1] == '.' {
			end--
		}
	}
	return append(dst[:end], exponent...)
}

// RegexpString is what Perl shows of a Regexp in a string: (?^ix:a.b). Its modifiers stand in
// Perl's order: the character set, p, then those of m, s, i, x and n; a pattern that ends within a
// comment has a newline behind it. Source: perl 5.36, sub Perl_re_op_compile.
func RegexpString(v *Value) string {
	b := []byte("(?^")
	for _, some := range []string{"adlu", "p", "m", "s", "i", "x", "n"} {
		for _, c := range []byte(v.Modifiers()) {
			if strings.IndexByte(some, c) >= 0 {
				b = append(b, c)
			}
		}
	}
	b = append(append(b, ':'), v.Str()...)
	if qr.Look(v.Str(), v.Modifiers()).RunsOn {
		b = append(b, '\n')
	}
	return string(append(b, ')'))
}
