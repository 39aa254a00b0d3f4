package perl

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// quote writes a string as Perl source: in single quotes if its octets are printable ASCII, else in
// double quotes with escapes. Text is always in double quotes and shows its printable characters.
func quote(b *strings.Builder, s string, text bool) {
	if !text && isPlain(s) {
		b.WriteByte('\'')
		for i := range len(s) {
			if s[i] == '\'' || s[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[i])
		}
		b.WriteByte('\'')
		return
	}
	b.WriteByte('"')
	for i := 0; i < len(s); {
		r, n := rune(s[i]), 1
		if text && r >= utf8.RuneSelf {
			if r, n = utf8.DecodeRuneInString(s[i:]); r == utf8.RuneError && n == 1 {
				fmt.Fprintf(b, `\x%02x`, s[i])
				i++
				continue
			}
		}
		i += n
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '"' || r == '\\' || r == '$' || r == '@':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < utf8.RuneSelf && r >= ' ' && r != 0x7f, text && r >= utf8.RuneSelf && visible.Rune(r):
			b.WriteRune(r)
		case r > 0xff:
			fmt.Fprintf(b, `\x{%x}`, r)
		default:
			fmt.Fprintf(b, `\x%02x`, r)
		}
	}
	b.WriteByte('"')
}

func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// quoteKey writes a hash key for people: bare if it is a word.
func quoteKey(s string) string {
	word := s != "" && len(s) <= 80
	for i := 0; i < len(s) && word; i++ {
		c := s[i] | 0x20
		word = c >= 'a' && c <= 'z' || s[i] == '_' || i > 0 && s[i] >= '0' && s[i] <= '9'
	}
	if word {
		return s
	}
	var b strings.Builder
	quote(&b, s, utf8.ValidString(s))
	return b.String()
}
