package perl

import "unicode/utf8"

// AppendCharacter appends a character in the form that Perl holds it in: UTF-8, which goes on for
// surrogates, and with up to 13 octets for code points that Unicode does not have. Source:
// perlunicode, "Beyond Unicode code points"; the greatest is 2**63-1.
func AppendCharacter(b []byte, c uint64) []byte {
	if c <= utf8.MaxRune && (c < 0xd800 || c > 0xdfff) {
		return utf8.AppendRune(b, rune(c))
	}
	n, first := 3, byte(0xe0)
	switch {
	case c >= 1<<36:
		n, first = 13, 0xff
	case c >= 1<<31:
		n, first = 7, 0xfe
	case c >= 1<<26:
		n, first = 6, 0xfc
	case c >= 1<<21:
		n, first = 5, 0xf8
	case c >= 1<<16:
		n, first = 4, 0xf0
	}
	shift := 6 * (n - 1)
	if n < 7 {
		first |= byte(c >> shift)
	}
	b = append(b, first)
	for shift > 0 {
		shift -= 6
		b = append(b, 0x80|byte(c>>shift)&0x3f)
	}
	return b
}

// DecodeCharacter returns the first character of a string that Perl holds in UTF-8, and how many
// octets it takes. That is 0 if s begins with none, or with one that is written longer than need
// be.
func DecodeCharacter(s string) (c uint64, n int) {
	if s == "" {
		return 0, 0
	}
	switch first := s[0]; {
	case first < utf8.RuneSelf:
		return uint64(first), 1
	case first < 0xc2:
		return 0, 0
	case first < 0xe0:
		c, n = uint64(first&0x1f), 2
	case first < 0xf0:
		c, n = uint64(first&0x0f), 3
	case first < 0xf8:
		c, n = uint64(first&0x07), 4
	case first < 0xfc:
		c, n = uint64(first&0x03), 5
	case first < 0xfe:
		c, n = uint64(first&0x01), 6
	case first == 0xfe:
		n = 7
	default:
		n = 13
	}
	if len(s) < n {
		return 0, 0
	}
	for i := 1; i < n; i++ {
		if s[i]&0xc0 != 0x80 || c >= 1<<57 {
			return 0, 0
		}
		c = c<<6 | uint64(s[i]&0x3f)
	}
	var again [13]byte
	if string(AppendCharacter(again[:0], c)) != s[:n] {
		return 0, 0
	}
	return c, n
}

// IsCharacters tells whether a string is UTF-8 as Perl holds it, see [AppendCharacter].
func IsCharacters(s string) bool {
	for !utf8.ValidString(s) {
		for s != "" && s[0] < utf8.RuneSelf {
			s = s[1:]
		}
		_, n := DecodeCharacter(s)
		if n == 0 {
			return false
		}
		s = s[n:]
	}
	return true
}
