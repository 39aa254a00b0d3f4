package dialogue

import (
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Perls from 5.8.9 to 5.14 with integers of 64 bits write those outside -128..127 as strings when
// they freeze in network order (perl5 issue 11427). Their images have a minor version of 7 or 8. So
// have those of 5.8.8 and 5.16, which an image does not tell from them.
const (
	networkMajor2   = 2<<1 | 1
	firstNumberless = 7
	lastNumberless  = 8
)

// NumbersMayBeStrings tells whether the program that froze an image may be a Perl that freezes
// integers outside -128..127 as strings.
func NumbersMayBeStrings(image []byte) bool {
	return len(image) > 1 && image[0] == networkMajor2 && image[1] >= firstNumberless && image[1] <= lastNumberless
}

// SameNumber tells whether one of two values is an integer outside -128..127, and the other the
// string of octets that such a Perl freezes it as.
func SameNumber(a, b *perl.Value) bool {
	if a.Kind() == perl.Bytes {
		a, b = b, a
	}
	if b.Kind() != perl.Bytes {
		return false
	}
	switch a.Kind() {
	case perl.Int:
		n := a.Int()
		return (n < -128 || n > 127) && b.Str() == strconv.FormatInt(n, 10)
	case perl.Uint:
		return b.Str() == strconv.FormatUint(a.Uint(), 10)
	}
	return false
}
