package anonymise

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A literal is a character of a quoted string: where it stands, and how it is written.
type literal struct {
	at, size int
	form     literalForm
}

type literalForm uint8

const (
	asOctet     literalForm = iota
	asHex                   // \x{263a}
	asUnit                  // \u263a
	asPair                  // \ud834\udd1e
	asCharacter             // in UTF-8
	asEscape                // \n, \033: they are no words, and stay
)

// escapes reads what stands behind a backslash. size is 0 if it is no escape.
type escapes func(rest []byte) (c uint64, size int, form literalForm)

// quoted finds the characters of a string between quotes, which begins behind the first of them.
// end is where the closing quote is.
func quoted(b []byte, quote byte, escaped escapes) (s []uint64, list []literal, end int, err error) {
	for i := 0; i < len(b); {
		switch {
		case b[i] == quote:
			return s, list, i, nil
		case b[i] == '\\':
			c, size, form := escaped(b[i+1:])
			if size == 0 {
				return nil, nil, 0, fmt.Errorf("octet %d of a string: expected an escape", i)
			}
			s, list = append(s, c), append(list, literal{i, size + 1, form})
			i += size + 1
		default:
			s, list = append(s, uint64(b[i])), append(list, literal{i, 1, asOctet})
			i++
		}
	}
	return nil, nil, 0, errors.New("expected the end of a string, got the end of the text")
}

// write writes characters where they were read.
func write(b []byte, s []uint64, list []literal) {
	for i, l := range list {
		switch place := b[l.at : l.at+l.size]; l.form {
		case asOctet:
			place[0] = byte(s[i])
		case asHex:
			copy(place[3:], fmt.Sprintf("%0*x", l.size-4, s[i]))
		case asUnit:
			copy(place[2:], fmt.Sprintf("%04x", s[i]))
		case asPair:
			high, low := utf16.EncodeRune(rune(s[i]))
			copy(place, fmt.Sprintf(`\u%04x\u%04x`, high, low))
		case asCharacter:
			copy(place, string(rune(s[i])))
		}
	}
}

// ofSingle reads an escape of a string in single quotes.
func ofSingle(rest []byte) (uint64, int, literalForm) {
	if len(rest) > 0 && (rest[0] == '\'' || rest[0] == '\\') {
		return uint64(rest[0]), 1, asEscape
	}
	return '\\', 0, asOctet
}

// ofDouble reads an escape of a string in double quotes, as Data::Dumper writes it.
func ofDouble(rest []byte) (uint64, int, literalForm) {
	if hex, ok := bytes.CutPrefix(rest, []byte("x{")); ok {
		n := bytes.IndexByte(hex, '}')
		if n < 1 {
			return 0, 0, 0
		}
		c, err := strconv.ParseUint(string(hex[:n]), 16, 57)
		if err != nil {
			return 0, 0, 0
		}
		return c, n + 3, asHex
	}
	if len(rest) == 0 {
		return 0, 0, 0
	}
	if rest[0] >= '0' && rest[0] <= '7' {
		n, c := 0, uint64(0)
		for n < 3 && n < len(rest) && rest[n] >= '0' && rest[n] <= '7' {
			c, n = c*8+uint64(rest[n]-'0'), n+1
		}
		if _, letter := classOf(c); letter && c < 0x80 {
			return 0, 0, 0 // nobody writes one so
		}
		return 0, n, asEscape
	}
	if strings.IndexByte(`\"$@abefnrt`, rest[0]) >= 0 {
		return 0, 1, asEscape
	}
	return 0, 0, 0
}

// ofJSON reads an escape of a string in JSON.
func ofJSON(rest []byte) (uint64, int, literalForm) {
	if len(rest) >= 5 && rest[0] == 'u' {
		c, err := strconv.ParseUint(string(rest[1:5]), 16, 16)
		if err != nil {
			return 0, 0, 0
		}
		if utf16.IsSurrogate(rune(c)) && len(rest) >= 11 && rest[5] == '\\' && rest[6] == 'u' {
			if low, err := strconv.ParseUint(string(rest[7:11]), 16, 16); err == nil {
				if r := utf16.DecodeRune(rune(c), rune(low)); r != 0xfffd {
					return uint64(r), 11, asPair
				}
			}
		}
		if c < 0x80 {
			return c, 5, asEscape
		}
		return c, 5, asUnit
	}
	if len(rest) > 0 && strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0 {
		return 0, 1, asEscape
	}
	return 0, 0, 0
}
