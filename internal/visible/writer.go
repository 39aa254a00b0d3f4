package visible

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// Writer passes on what can be seen, line ends and tabs. Anything else it escapes as Text does, and
// it breaks what a CI service would take for a command in its log: "::" at the beginning of a line
// behind any blanks (GitHub), and "##" with letters and "[" behind it, wherever that is (GitHub,
// Azure Pipelines, TeamCity). The sections of GitLab are made of ESC and a carriage return.
//
// It may be used by several goroutines. What a write ends in that is the beginning of a character
// waits for the next write, or Flush.
type Writer struct {
	w       io.Writer
	json    bool // escape as in the strings of JSON
	colours bool // let the sequences of Paint through
	own     bool // let lines through that begin with "::"

	mu      sync.Mutex
	failed  error  // the first error of w
	pending []byte // the beginning of a character, or of a colour
	// Of the line that it is in: there is more than blanks and one colon; there are blanks and a
	// colon; the last octets.
	text, colon bool
	tail        []byte
}

// maxMark is how long the word in "##word[" may be, and what stands before it, in octets.
const maxMark = 24

// NewWriter makes a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// Colours is a Writer to the same place that lets the sequences of Paint through, and no others. A
// writer that is no Writer is made one.
func Colours(w io.Writer) *Writer { return &Writer{w: Raw(w), colours: true} }

// Commands is a Writer to the same place that lets lines through that begin with "::": commands of
// GitHub Actions that are our own. What is foreign in them must be on one line.
func Commands(w io.Writer) *Writer { return &Writer{w: Raw(w), own: true} }

// Raw is what a Writer writes to, for what is no text. Of any other writer it is that itself.
func Raw(w io.Writer) io.Writer {
	if v, ok := w.(*Writer); ok {
		return v.w
	}
	return w
}

// Print writes a text by a Writer: w, or one of its own.
func Print(w io.Writer, text string) error {
	v, ok := w.(*Writer)
	if !ok {
		v = NewWriter(w)
	}
	if _, err := io.WriteString(v, text); err != nil {
		return err
	}
	return v.Flush()
}

// Style is how a text is coloured: the number of an SGR sequence of terminals, "" for not at all.
type Style string

// The styles there are. A Writer lets no other through.
const (
	Plain Style = ""
	Bold  Style = "1"
	Faint Style = "2"
	Red   Style = "31"
	Green Style = "32"
	Blue  Style = "34"
	Cyan  Style = "36"
)

const reset = Style("0") // to no colour

var styles = []Style{reset, Bold, Faint, Red, Green, Blue, Cyan}

func (s Style) sequence() string { return "\x1b[" + string(s) + "m" }

// Paint colours a line, for a Writer that Colours made.
func Paint(s Style, line string) string {
	if s == Plain {
		return line
	}
	return s.sequence() + line + reset.sequence()
}

// plain are the octets that a Writer need not look at.
var plain = func() (p [256]bool) {
	for c := ' '; c < 0x7f; c++ {
		p[c] = c != ':' && c != '['
	}
	return p
}()

// Write implements io.Writer. It never writes less than it is given without an error.
func (v *Writer) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	given := len(p)
	if len(v.pending) > 0 {
		p = append(v.pending, p...)
		v.pending = nil
	}
	var out []byte
	from := 0 // of what is passed on as it is
	for i := 0; i < len(p); {
		if plain[p[i]] {
			i++
			continue
		}
		n, shown := v.look(p, i)
		if n == 0 {
			v.pending = slices.Clone(p[i:])
			p = p[:i]
			break
		}
		if shown != "" {
			out = append(append(out, p[from:i]...), shown...)
			from = i + n
		}
		i += n
	}
	v.wrote(p)
	if from > 0 {
		p = append(out, p[from:]...)
	}
	if len(p) == 0 {
		return given, nil
	}
	if err := v.pass(p); err != nil {
		return 0, err
	}
	return given, nil
}

// pass hands octets on as they are. The Writer's mu is locked.
func (v *Writer) pass(p []byte) error {
	_, err := v.w.Write(p)
	if v.failed == nil {
		v.failed = err
	}
	return err
}

// Err is the first error there was in writing, of those who did not look at it too.
func (v *Writer) Err() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failed
}

// Flush writes what waits for the rest of a character that did not come.
func (v *Writer) Flush() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []byte
	for _, c := range v.pending {
		out = append(out, v.spell([]byte{c}, utf8.RuneError)...)
	}
	v.pending = nil
	if len(out) == 0 {
		return nil
	}
	return v.pass(out)
}

// look looks at what stands at an octet that is not plain: how many octets it has, 0 if that is to
// be seen yet, and how it is shown, "" for as it is.
func (v *Writer) look(p []byte, i int) (n int, shown string) {
	switch c := p[i]; {
	case c == '\n', c == '\t':
		return 1, ""
	case c == ':':
		if !v.json && !v.own && v.commands(p, i) {
			return 1, `\x3a`
		}
		return 1, ""
	case c == '[':
		if v.marks(p, i) {
			return 1, v.spell(p[i:i+1], '[')
		}
		return 1, ""
	case c == '\x1b' && v.colours:
		if n, ok := colour(p[i:]); ok {
			return n, ""
		}
	}
	if !utf8.FullRune(p[i:]) {
		return 0, ""
	}
	r, n := utf8.DecodeRune(p[i:])
	if Rune(r) && (r != utf8.RuneError || n > 1) {
		return n, ""
	}
	return n, v.spell(p[i:i+n], r)
}

// commands tells whether the colon at i is the second of two at the beginning of a line.
func (v *Writer) commands(p []byte, i int) bool {
	if i == 0 {
		return v.colon && !v.text
	}
	if p[i-1] != ':' {
		return false
	}
	before := bytes.TrimRight(p[:i-1], " \t")
	if len(before) == 0 {
		return !v.text && !v.colon
	}
	return before[len(before)-1] == '\n'
}

// marks tells whether "##" and letters, if any, stand before i.
func (v *Writer) marks(p []byte, i int) bool {
	before := p[max(0, i-maxMark):i]
	if i < maxMark {
		if i > 0 && p[i-1] != '#' && !isLetter(p[i-1]) {
			return false
		}
		before = append(slices.Clone(v.tail), before...)
	}
	return bytes.HasSuffix(bytes.TrimRightFunc(before, func(r rune) bool { return r < utf8.RuneSelf && isLetter(byte(r)) }), []byte("##"))
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// wrote notes how the line goes that is being written.
func (v *Writer) wrote(p []byte) {
	if end := bytes.LastIndexByte(p, '\n'); end >= 0 {
		p = p[end+1:]
		v.text, v.colon, v.tail = false, false, v.tail[:0]
	}
	if rest := bytes.TrimLeft(p, " \t"); v.colon && len(p) > 0 || len(rest) > 0 && string(rest) != ":" {
		v.text = true
	} else {
		v.colon = v.colon || len(rest) > 0
	}
	v.tail = append(v.tail, p[max(0, len(p)-maxMark):]...)
	v.tail = slices.Delete(v.tail, 0, max(0, len(v.tail)-maxMark))
}

// colour finds one of our own sequences. n is 0 if it may become one.
func colour(p []byte) (n int, ok bool) {
	for _, s := range styles {
		sequence := s.sequence()
		if bytes.HasPrefix(p, []byte(sequence)) {
			return len(sequence), true
		}
		if len(p) < len(sequence) && strings.HasPrefix(sequence, string(p)) {
			return 0, true
		}
	}
	return 0, false
}

// spell is how a character is shown that cannot be seen, or that must not stand there.
func (v *Writer) spell(octets []byte, r rune) string {
	if !v.json {
		return escape(string(octets), r)
	}
	if high, low := utf16.EncodeRune(r); high != utf8.RuneError {
		return fmt.Sprintf(`\u%04x\u%04x`, high, low)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
