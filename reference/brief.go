package ikc

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// longest is how much of one text that a peer may have chosen goes into an error, an event, a
// report, or an attribute in the log, in octets.
const longest = 4 << 10

// shown is the same for values, about.
var shown = perl.FormatOptions{MaxWidth: longest, MaxString: longest}

// brief returns a copy of s, which may be part of something large: all of it, or its beginning and
// how many octets are left out.
func brief(s string) string {
	if len(s) <= longest {
		return strings.Clone(s)
	}
	end := longest
	for end > longest-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return fmt.Sprintf("%s... (%d more octets)", s[:end], len(s)-end)
}

// briefReport is an error report with brief texts.
func briefReport(e *RemoteError) *RemoteError {
	return &RemoteError{Message: brief(e.Message), Kernel: brief(e.Kernel), Operation: brief(e.Operation)}
}

// briefHandler has no attribute of what is logged be longer than brief makes it.
type briefHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h briefHandler) Handle(ctx context.Context, r slog.Record) error {
	short := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		short.AddAttrs(briefAttr(a))
		return true
	})
	return h.Handler.Handle(ctx, short)
}

// WithAttrs implements slog.Handler.
func (h briefHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return briefHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h briefHandler) WithGroup(name string) slog.Handler {
	return briefHandler{h.Handler.WithGroup(name)}
}

// briefAttr is an attribute as it is, or its text if that is too long.
func briefAttr(a slog.Attr) slog.Attr {
	var text string
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	case []string:
		text = strings.Join(v, " ")
	}
	if len(text) > longest {
		return slog.String(a.Key, brief(text))
	}
	return a
}
