package visible

import (
	"context"
	"fmt"
	"log/slog"
)

// Logger is a logger whose messages and attributes hold nothing that cannot be seen, whatever its
// handler makes of them: strings, errors and other values that have a text go through Text.
func Logger(l *slog.Logger) *slog.Logger {
	if _, ok := l.Handler().(handler); ok {
		return l
	}
	return slog.New(handler{l.Handler()})
}

// handler passes records on to another.
type handler struct{ slog.Handler }

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	shown := slog.NewRecord(r.Time, r.Level, Text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		shown.AddAttrs(attr(a))
		return true
	})
	return h.Handler.Handle(ctx, shown)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	shown := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		shown[i] = attr(a)
	}
	return handler{h.Handler.WithAttrs(shown)}
}

func (h handler) WithGroup(name string) slog.Handler { return handler{h.Handler.WithGroup(Text(name))} }

func attr(a slog.Attr) slog.Attr {
	a.Key = Text(a.Key)
	a.Value = a.Value.Resolve()
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(Text(a.Value.String()))
	case slog.KindGroup:
		var shown []slog.Attr
		for _, inner := range a.Value.Group() {
			shown = append(shown, attr(inner))
		}
		a.Value = slog.GroupValue(shown...)
	case slog.KindAny:
		switch v := a.Value.Any().(type) {
		case error, fmt.Stringer, []string, []byte:
			a.Value = slog.StringValue(Text(fmt.Sprintf("%s", v)))
		}
	}
	return a
}
