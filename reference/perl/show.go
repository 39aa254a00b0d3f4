package perl

import (
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode/utf8"
)

// shown bounds what String and the verbs of fmt show of a Value.
var shown = FormatOptions{MaxString: 200, MaxItems: 50, MaxDepth: 20, MaxWidth: 4 << 10}

// String shows v as the function [Format] does, on one line and cut to a few KiB. It is for logs
// and messages.
func (v *Value) String() string {
	if v == nil {
		return "undef"
	}
	return Format(v, shown)
}

// Format shows v for package fmt as String does, with any verb, so that no address of anything is
// ever printed. With a plus, as in %+v, it is shown on several lines.
func (v *Value) Format(s fmt.State, _ rune) {
	text := v.String()
	if v != nil && s.Flag('+') {
		lines := shown
		lines.Indent = "  "
		text = Format(v, lines)
	}
	if width, ok := s.Width(); ok {
		if pad := strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0)); s.Flag('-') {
			text += pad
		} else {
			text = pad + text
		}
	}
	_, _ = io.WriteString(s, text)
}

// What LogValue shows: levels, attributes in all, octets of a string.
const logLevels, logAttributes, logString = 5, 100, 200

// LogValue gives package log/slog numbers and strings as such, undef as nil, and a reference to an
// array or hash as a group, of which the keys of an array are "0", "1" and so on; an object's class
// is the attribute "__PACKAGE__". What is more than 5 levels deep, or is no such data, is shown as
// String does, and of what is longer than 100 attributes or 200 octets the rest is left out.
func (v *Value) LogValue() slog.Value {
	left := logAttributes
	return v.logValue(0, &left)
}

func (v *Value) logValue(level int, left *int) slog.Value {
	switch v.Kind() {
	case Undef:
		return slog.AnyValue(nil)
	case Int:
		return slog.Int64Value(v.Int())
	case Uint:
		return slog.Uint64Value(v.Uint())
	case Double:
		return slog.Float64Value(v.Double())
	case Bool:
		return slog.BoolValue(v.Bool())
	case Bytes, Text:
		if s := v.Str(); v.Class() == "" && utf8.ValidString(s) {
			return slog.StringValue(logged(s))
		}
	case Ref:
		t := v.Target()
		if n := len(t.Elems()) + len(t.Pairs()); n > 0 && level < logLevels && *left > 0 {
			return slog.GroupValue(t.logAttributes(level, left)...)
		}
	}
	return slog.StringValue(logged(v.String()))
}

// logged cuts a string.
func logged(s string) string {
	if len(s) <= logString {
		return s
	}
	return strings.ToValidUTF8(s[:logString], "") + "..."
}

// logAttributes are those of an array or hash.
func (v *Value) logAttributes(level int, left *int) []slog.Attr {
	var attributes []slog.Attr
	add := func(key string, e *Value) bool {
		if *left--; *left < 0 {
			attributes = append(attributes, slog.String("...", "more"))
			return false
		}
		attributes = append(attributes, slog.Attr{Key: logged(key), Value: e.logValue(level+1, left)})
		return true
	}
	if class := v.Class(); class != "" {
		attributes = append(attributes, slog.String("__PACKAGE__", logged(class)))
	}
	for i, e := range v.Elems() {
		if !add(strconv.Itoa(i), e) {
			break
		}
	}
	pairs := v.Pairs()
	for i := range pairs {
		if p := &pairs[i]; p.Flags&KeyPlaceholder == 0 && !add(goKey(p), p.Value) {
			break
		}
	}
	return attributes
}
