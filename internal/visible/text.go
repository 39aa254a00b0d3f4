package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unseen are characters that package unicode takes for printable, but that show as nothing.
var unseen = []*unicode.RangeTable{unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector}

// Rune tells whether a character can be seen, or is the space of ASCII.
func Rune(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r < 0x7f
	}
	return unicode.IsPrint(r) && !unicode.In(r, unseen...)
}

// Text makes one line of a foreign text: what cannot be seen is escaped, line ends among it. A text
// without such is returned as it is.
func Text(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return escaped(s, i, false)
		}
	}
	return s
}

// Lines is Text for a message of several lines: a line end stays if two spaces follow, as those do
// that this module writes; any other is escaped.
func Lines(s string) string { return escaped(s, 0, true) }

// Block makes a foreign text of several lines, such as the standard error of a program, fit to
// stand in a message: each line is escaped, and each but the first is indented by two spaces.
// Returns and blanks at the ends of lines are dropped.
func Block(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = Text(strings.TrimRight(l, " \t\r"))
	}
	return strings.Join(lines, "\n  ")
}

// Error is the text of an error for people: Lines, with each of several errors that were joined on
// a line of its own.
func Error(err error) string { return Lines(joined(err)) }

// joined is the text of an error, with the line ends of errors.Join as Lines keeps them.
func joined(err error) string {
	text := err.Error()
	var inner []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		inner = []error{e.Unwrap()}
	case interface{ Unwrap() []error }:
		inner = e.Unwrap()
	}
	var texts, own []string
	for _, e := range inner {
		if e != nil {
			texts, own = append(texts, e.Error()), append(own, joined(e))
		}
	}
	if len(texts) > 1 && text == strings.Join(texts, "\n") {
		return strings.Join(own, "\n  ")
	}
	for i := range texts {
		if texts[i] != own[i] {
			text = strings.Replace(text, texts[i], own[i], 1)
		}
	}
	return text
}

// escaped escapes what cannot be seen from an octet on, but for line ends that Lines keeps.
func escaped(s string, from int, lines bool) string {
	var b strings.Builder
	b.WriteString(s[:from])
	for i := from; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case lines && r == '\n' && strings.HasPrefix(s[i+1:], "  "):
			b.WriteByte('\n')
		case Rune(r) && (r != utf8.RuneError || n > 1):
			b.WriteString(s[i : i+n])
		default:
			b.WriteString(escape(s[i:i+n], r))
		}
		i += n
	}
	return b.String()
}

// escape is how a character is shown that cannot be seen; octets are those that it was read from.
func escape(octets string, r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case len(octets) == 1:
		return fmt.Sprintf(`\x%02x`, octets[0])
	}
	return fmt.Sprintf(`\x{%x}`, r)
}
