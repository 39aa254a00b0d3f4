package dumper

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/internal/qr"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// tooLong checks the length of a string read.
func (p *parser) tooLong(n int) bool {
	if n > p.opt.MaxString {
		p.exceeded("MaxString", int64(p.opt.MaxString), int64(n))
		return true
	}
	return false
}

// single reads a string in single quotes, where only \\ and \' are escapes.
func (p *parser) single() *perl.Value {
	at := p.pos
	p.pos++
	n := strings.IndexAny(p.s[p.pos:], `'\`)
	if n >= 0 && p.s[p.pos+n] == '\'' {
		if p.tooLong(n) {
			return nil
		}
		p.pos += n + 1
		return p.slab.Bytes(p.s[p.pos-n-1 : p.pos-1])
	}
	raw := p.rawLength('\'')
	if raw < 0 {
		p.pos = len(p.s)
		return p.fail(ErrTruncated, p.pos, "the end of the string that starts at "+strconv.Itoa(at), "the end")
	}
	if !p.spend(int64(raw)) {
		return nil
	}
	var b strings.Builder
	b.Grow(raw)
	for end := p.pos + raw; p.pos < end; p.pos++ {
		c := p.s[p.pos]
		if c == '\\' && (p.s[p.pos+1] == '\\' || p.s[p.pos+1] == '\'') {
			p.pos++
			c = p.s[p.pos]
		}
		b.WriteByte(c)
	}
	p.pos++
	if p.tooLong(b.Len()) {
		return nil
	}
	return p.slab.Bytes(b.String())
}

// rawLength returns how many octets there are up to a quote that no backslash stands before, or -1.
func (p *parser) rawLength(quote byte) int {
	for i := p.pos; i < len(p.s); i++ {
		switch p.s[i] {
		case quote:
			return i - p.pos
		case '\\':
			i++
		}
	}
	return -1
}

// double reads a string in double quotes. It is characters if one is beyond Latin-1, else octets.
func (p *parser) double() *perl.Value {
	at := p.pos
	p.pos++
	raw := p.rawLength('"')
	if raw < 0 {
		raw = len(p.s) - p.pos
	}
	if !p.spend(charactersFactor * int64(raw)) {
		return nil
	}
	var s characters
	s.b.Grow(raw)
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		p.pos++
		switch c {
		case '"':
			return p.stringOf(&s)
		case '$', '@':
			return p.fail(ErrSyntax, p.pos-1, "a string without variables", strconv.Quote(string(c)))
		case '\\':
			c, ok := p.escape()
			if !ok {
				return nil
			}
			s.add(c)
		default:
			s.add(uint64(c))
		}
	}
	return p.fail(ErrTruncated, p.pos, "the end of the string that starts at "+strconv.Itoa(at), "the end")
}

// characters are those of a string that is being read: octets of Latin-1 until one is wide, then
// all in UTF-8.
type characters struct {
	b    strings.Builder
	text bool
}

// charactersFactor is how many times the octets that a string is written in its characters may
// take: as octets and, once one was wide, in UTF-8.
const charactersFactor = 3

func (s *characters) add(c uint64) {
	if c > 0xff && !s.text {
		octets := s.b.String()
		s.text = true
		room := s.b.Cap()
		s.b.Reset()
		s.b.Grow(room)
		s.b.WriteString(perl.FromLatin1(octets))
	}
	if s.text {
		var room [13]byte
		s.b.Write(perl.AppendCharacter(room[:0], c))
	} else {
		s.b.WriteByte(byte(c))
	}
}

func (p *parser) stringOf(s *characters) *perl.Value {
	if p.tooLong(s.b.Len()) {
		return nil
	}
	if s.text {
		return p.slab.Text(s.b.String())
	}
	return p.slab.Bytes(s.b.String())
}

var plainEscapes = map[byte]uint64{'n': '\n', 't': '\t', 'r': '\r', 'f': '\f', 'b': '\b', 'a': '\a', 'e': 0x1b}

// maxCharacter is the last code point that Perl has.
const maxCharacter = 1<<63 - 1

// escape reads what follows a backslash in double quotes.
func (p *parser) escape() (c uint64, ok bool) {
	if p.pos >= len(p.s) {
		p.unexpected("an escape")
		return 0, false
	}
	at, letter := p.pos, p.s[p.pos]
	p.pos++
	switch {
	case letter == 'x' && p.pos < len(p.s) && p.s[p.pos] == '{':
		end := strings.IndexByte(p.s[p.pos:], '}')
		if end < 0 || end > 17 {
			p.fail(ErrSyntax, at, `\x{ and up to sixteen digits`, "more")
			return 0, false
		}
		n, err := strconv.ParseUint(p.s[p.pos+1:p.pos+end], 16, 64)
		p.pos += end + 1
		if err != nil || n > maxCharacter {
			p.fail(ErrSyntax, at, "a code point up to 2**63-1", fmt.Sprintf("%q", p.s[at:p.pos]))
			return 0, false
		}
		return n, true
	case letter == 'x':
		n := 0
		for n < 2 && p.pos+n < len(p.s) && strings.IndexByte("0123456789abcdefABCDEF", p.s[p.pos+n]) >= 0 {
			n++
		}
		x, _ := strconv.ParseUint("0"+p.s[p.pos:p.pos+n], 16, 32)
		p.pos += n
		return x, true
	case letter >= '0' && letter <= '7':
		n := 1
		for n < 3 && at+n < len(p.s) && p.s[at+n] >= '0' && p.s[at+n] <= '7' {
			n++
		}
		o, _ := strconv.ParseUint(p.s[at:at+n], 8, 32)
		p.pos = at + n
		return o, true
	case plainEscapes[letter] != 0:
		return plainEscapes[letter], true
	case isWord(letter) || letter >= utf8.RuneSelf:
		p.fail(ErrSyntax, at-1, "an escape that Data::Dumper writes", strconv.Quote(`\`+string(letter)))
		return 0, false
	}
	return uint64(letter), true
}

// number reads an integer, a decimal fraction, or a v-string without the v.
func (p *parser) number() *perl.Value {
	at := p.pos
	if p.s[p.pos] == '-' {
		p.pos++
	}
	digits := p.pos
	dots := 0
	for p.pos < len(p.s) {
		c := p.s[p.pos]
		sign := (c == '+' || c == '-') && (p.s[p.pos-1] == 'e' || p.s[p.pos-1] == 'E') && p.pos > digits
		if c == '.' {
			dots++
		}
		if !sign && c != '.' && !isWord(c) {
			break
		}
		p.pos++
	}
	s := p.s[at:p.pos]
	if dots >= 2 && digits == at {
		return p.vstringOf(s, s, at)
	}
	if d := p.s[digits:p.pos]; len(d) > 1 && d[0] == '0' && d[1] != '.' || strings.ContainsAny(s, "xXpP_nN") {
		return p.fail(ErrSyntax, at, "a decimal number", fmt.Sprintf("%.40q", s))
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return p.slab.Int(i)
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil {
		return p.slab.Uint(u)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return p.fail(ErrSyntax, at, "a decimal number", fmt.Sprintf("%.40q", s))
	}
	return p.slab.Double(f)
}

func (p *parser) vstring() *perl.Value {
	at := p.pos
	p.pos++
	for p.pos < len(p.s) && (p.s[p.pos] >= '0' && p.s[p.pos] <= '9' || p.s[p.pos] == '.' || p.s[p.pos] == '_') {
		p.pos++
	}
	return p.vstringOf(p.s[at+1:p.pos], p.s[at:p.pos], at)
}

// vstringOf makes the string of a literal such as 1.22.333: a character for each number, in which
// underscores mean nothing.
func (p *parser) vstringOf(numbers, literal string, at int) *perl.Value {
	if !p.spend(charactersFactor*int64(len(numbers)) + perl.RareSize) {
		return nil
	}
	var s characters
	for part := range strings.SplitSeq(strings.ReplaceAll(numbers, "_", ""), ".") {
		n, err := strconv.ParseUint(part, 10, 63)
		if err != nil {
			return p.fail(ErrSyntax, at, "a v-string", fmt.Sprintf("%.40q", literal))
		}
		s.add(n)
	}
	v := p.stringOf(&s)
	if v == nil {
		return nil
	}
	return v.SetLiteral(literal)
}

// regexp reads qr/pattern/modifiers; a slash in the pattern has a backslash.
func (p *parser) regexp() *perl.Value {
	if !p.expect("qr/") {
		return nil
	}
	at := p.pos
	for p.pos < len(p.s) && p.s[p.pos] != '/' {
		if p.s[p.pos] == '\\' {
			p.pos++
		}
		p.pos++
	}
	if p.pos >= len(p.s) {
		p.pos = len(p.s)
		return p.unexpected(`"/" after a pattern`)
	}
	if !p.spend(perl.ValueSize + perl.RareSize + int64(p.pos-at)) {
		return nil
	}
	pattern := unslash(p.s[at:p.pos])
	if p.tooLong(len(pattern)) {
		return nil
	}
	p.pos++
	at = p.pos
	for p.pos < len(p.s) && strings.IndexByte("msixxnpaadlu", p.s[p.pos]) >= 0 {
		p.pos++
	}
	modifiers := p.s[at:p.pos]
	traits := qr.Look(pattern, modifiers)
	if traits.RunsOn {
		pattern += "\n"
	}
	if traits.Keeps && !strings.Contains(modifiers, "p") {
		modifiers += "p"
	}
	return p.slab.Ref(p.slab.Regexp(pattern, modifiers).Bless("Regexp"))
}

// unslash drops the backslash before slashes, as Perl does of delimiters.
func unslash(s string) string {
	if !strings.Contains(s, `\/`) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			if i++; s[i] != '/' {
				b.WriteByte('\\')
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
