package anonymise

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// mapper replaces words and numbers. It is for one goroutine.
type mapper struct {
	key   Key
	words *kept
	done  map[string]string // stems that were replaced, and by what
	used  map[string]int    // words that were kept, and how many times
	// numbers are what integers become, of so many that fit.
	numbers map[number]uint64
}

// class is a range of characters within which one is replaced: all of them take as many octets in
// UTF-8, and as many digits in hexadecimal, and are Latin-1 or are not.
type class struct{ first, last uint64 }

var classes = []class{
	{'0', '9'}, {'A', 'Z'}, {'a', 'z'}, {0x80, 0x9f}, {0xa0, 0xff}, {0x100, 0x7ff}, {0x800, 0xfff}, {0x1000, 0xd7ff},
	{0xd800, 0xdfff}, {0xe000, 0xffff}, {0x10000, 0xfffff}, {0x100000, 0x10ffff}, {0x110000, 0x1fffff},
	{0x200000, 0xffffff}, {0x1000000, 0x3ffffff}, {0x4000000, 0xfffffff}, {0x10000000, 0x7fffffff}, {0x80000000, 0xffffffff},
	{1 << 32, 1<<36 - 1}, {1 << 36, 1<<40 - 1}, {1 << 40, 1<<44 - 1}, {1 << 44, 1<<48 - 1}, {1 << 48, 1<<52 - 1},
	{1 << 52, 1<<56 - 1}, {1 << 56, 1<<57 - 1},
}

// classOf is the class of a character; ok is false for those that stay.
func classOf(c uint64) (class, bool) {
	for _, k := range classes {
		if c >= k.first && c <= k.last {
			return k, true
		}
	}
	return class{}, false
}

func isWord(c uint64) bool {
	_, ok := classOf(c)
	return ok || c == '_'
}

// text replaces the words of a string in place: its characters, or its octets.
func (m *mapper) text(s []uint64) {
	if ascii, ok := asString(s); ok {
		if out, ok := m.numeric(ascii); ok {
			put(s, out)
			return
		}
	}
	for i := 0; i < len(s); {
		if n := m.address(s[i:]); n > 0 && (i == 0 || !isWord(s[i-1])) {
			i += n
			continue
		}
		if !isWord(s[i]) {
			i++
			continue
		}
		end := i
		for end < len(s) && isWord(s[end]) {
			end++
		}
		m.word(s[i:end])
		i = end
	}
}

// idDigits is how many hexadecimal digits the numbers have that the id of a kernel ends with, and
// longestID how many characters a word has that may end with one.
const idDigits, longestID = 8, 255

// longestWord is how many characters of a word are replaced together: of longer ones, piece by
// piece.
const longestWord = 4096

// word replaces a run of letters and digits.
func (m *mapper) word(s []uint64) {
	if m.keep(plain(s)) {
		return
	}
	for ; len(s) > longestWord; s = s[longestWord:] {
		m.stem(s[:longestWord])
	}
	text, ascii := asString(s)
	if !ascii {
		m.stem(s)
		return
	}
	if out, ok := m.decimal(text, false); ok {
		put(s, out)
		return
	}
	if rest := len(s) - idDigits; endsInID(text) {
		m.hexadecimal(s[rest:])
		m.word(s[:rest])
		return
	}
	stem := strings.TrimRight(text, "0123456789")
	if stem == wire.StateResponse { // a ClientLite counts its calls
		m.used[text]++
		return
	}
	if stem != "" && stem != text {
		m.word(s[:len(stem)])
		m.word(s[len(stem):])
		return
	}
	m.stem(s)
}

// isID tells whether eight characters are a number in an id, with letters and digits: hexadecimal.
// One of digits only is replaced as decimals are, and is one again.
func isID(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == "" && strings.ContainsAny(s, "abcdef") && strings.ContainsAny(s, "0123456789")
}

// hexadecimal replaces the number in an id by another one.
func (m *mapper) hexadecimal(s []uint64) {
	const digits = "0123456789abcdef"
	values, radices := make([]uint64, len(s)), make([]uint64, len(s))
	text, _ := asString(s)
	for i := range s {
		values[i], radices[i] = uint64(strings.IndexByte(digits, text[i])), 16
	}
	out := make([]byte, len(s))
	for done := false; !done; done = isID(string(out)) {
		m.key.permute("id", values, radices)
		for i, v := range values {
			out[i] = digits[v]
		}
	}
	put(s, string(out))
}

// stem replaces a word as a whole, each character by one of its class.
func (m *mapper) stem(s []uint64) {
	before := string(octetsOf(s))
	if out, ok := m.done[before]; ok {
		copy(s, unkey(out))
		return
	}
	values, radices, low := make([]uint64, len(s)), make([]uint64, len(s)), make([]uint64, len(s))
	for i, c := range s {
		k, ok := classOf(c)
		if !ok {
			k = class{c, c}
		}
		values[i], radices[i], low[i] = c-k.first, k.last-k.first+1, k.first
	}
	for again := true; again; {
		m.key.permute("word", values, radices)
		for i := range s {
			s[i] = values[i] + low[i]
		}
		text, ascii := asString(s)
		again = ascii && endsInID(text) || m.words.words[plain(s)]
	}
	m.done[before] = string(octetsOf(s))
}

// endsInID tells whether a word ends with the number in an id.
func endsInID(s string) bool {
	return len(s) >= idDigits && len(s) <= longestID && isID(s[len(s)-idDigits:])
}

// keep tells whether a word stays, and counts it.
func (m *mapper) keep(word string) bool {
	if !m.words.words[word] {
		return false
	}
	m.used[word]++
	return true
}

func asString(s []uint64) (string, bool) {
	b := make([]byte, len(s))
	for i, c := range s {
		if c >= 0x80 {
			return "", false
		}
		b[i] = byte(c)
	}
	return string(b), true
}

// plain is a word as it is counted and told.
func plain(s []uint64) string {
	var b strings.Builder
	for _, c := range s {
		b.WriteRune(rune(min(c, utf8.MaxRune+1)))
	}
	return b.String()
}

func put(s []uint64, text string) {
	for i := range s {
		s[i] = uint64(text[i])
	}
}

// unkey is a word of its key.
func unkey(key string) (s []uint64) {
	b := []byte(key)
	for len(b) > 0 {
		c, n := binary.Uvarint(b)
		s, b = append(s, c), b[n:]
	}
	return slices.Clip(s)
}
