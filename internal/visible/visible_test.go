package visible

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"worker/run":                         "worker/run",
		"Jürgen 日本 Ελλάδα é 😀":               "Jürgen 日本 Ελλάδα é 😀",
		"a\nb\r\tc":                          `a\nb\r\tc`,
		"\x1b[31mred\x07\x00":                `\x1b[31mred\x07\x00`,
		"\x7f":                               `\x7f`,
		"\x9b31m \xff\xc3":                   `\x9b31m \xff\xc3`,
		"\u009b31m \u0085":                   `\x{9b}31m \x{85}`,
		"\u202egpj.\u2066\u200f":             `\x{202e}gpj.\x{2066}\x{200f}`,
		"a\u200bb\u00adc\ufeff":              `a\x{200b}b\x{ad}c\x{feff}`,
		"a\u2028b\u2029c":                    `a\x{2028}b\x{2029}c`,
		"\u115f\u3164\ufe0f\U000e0041\u00a0": `\x{115f}\x{3164}\x{fe0f}\x{e0041}\x{a0}`,
		`\x1b stays`:                         `\x1b stays`,
	} {
		if got := Text(in); got != want {
			t.Errorf("%q: expected %s, got %s", in, want, got)
		}
		if got := Text(Text(in)); got != want {
			t.Errorf("%q twice: expected %s, got %s", in, want, got)
		}
	}
}

func TestTextOfWhatIsCleanAllocatesNothing(t *testing.T) {
	s := strings.Repeat("poe://Kernel/session/state ", 10)
	if n := testing.AllocsPerRun(100, func() { Text(s) }); n != 0 {
		t.Errorf("expected none, got %v", n)
	}
}

func TestLines(t *testing.T) {
	if got := Lines("ours:\n  a hint\nforged\r\n  b"); got != "ours:\n  a hint\\nforged\\r\n  b" {
		t.Errorf("got %q", got)
	}
	if got := Block("one\r\n::error::two\n\n\x1bthree  \n"); got != "one\n  ::error::two\n  \n  \\x1bthree" {
		t.Errorf("got %q", got)
	}
}

// TestError: errors that were joined stand on lines of their own, and no other line end does.
func TestError(t *testing.T) {
	peer := errors.New("peer said: a\nforged")
	for _, test := range []struct {
		err  error
		want string
	}{
		{peer, `peer said: a\nforged`},
		{fmt.Errorf("f\x1b: %w\n  a hint", peer), "f\\x1b: peer said: a\\nforged\n  a hint"},
		{errors.Join(peer, errors.New("two")), "peer said: a\\nforged\n  two"},
		{fmt.Errorf("file: %w", errors.Join(errors.New("one"), nil, fmt.Errorf("in: %w", errors.Join(errors.New("two"), errors.New("three"))))),
			"file: one\n  in: two\n  three"},
		{fmt.Errorf("%w%w", errors.New(""), peer), `peer said: a\nforged`},
	} {
		if got := Error(test.err); got != test.want {
			t.Errorf("%q: expected %q, got %q", test.err, test.want, got)
		}
	}
}

func written(t *testing.T, v *Writer, b *bytes.Buffer, text string, size int) string {
	t.Helper()
	b.Reset()
	for rest := []byte(text); len(rest) > 0; {
		n := min(size, len(rest))
		if got, err := v.Write(rest[:n]); got != n || err != nil {
			t.Fatalf("expected %d octets written, got %d, %v", n, got, err)
		}
		rest = rest[n:]
	}
	if err := v.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestWriter writes texts in pieces of every size.
func TestWriter(t *testing.T) {
	for in, want := range map[string]string{
		"plain\n\ttext é 日本\n":                   "plain\n\ttext é 日本\n",
		"\x1b[31m\x9b\u009b\r\n\u2028":           `\x1b[31m\x9b\x{9b}\r` + "\n" + `\x{2028}`,
		"::error::a\n \t ::b\n: :c\nd ::e\n":     ":\\x3aerror::a\n \t :\\x3ab\n: :c\nd ::e\n",
		":::x\n::":                               ":\\x3a:x\n:\\x3a",
		"##[error]x ##vso[task] ##teamcity[a":    `##\x5berror]x ##vso\x5btask] ##teamcity\x5ba`,
		"# a\n## Title [x](y)\n#[x] a[1] ##a b[": "# a\n## Title [x](y)\n#[x] a[1] ##a b[",
		"cut \xe6\x97":                           `cut \xe6\x97`,
		"\u00a0::x":                              `\x{a0}::x`,
	} {
		for size := 1; size <= len(in); size++ {
			var b bytes.Buffer
			if got := written(t, NewWriter(&b), &b, in, size); got != want {
				t.Errorf("%q in pieces of %d: expected %q, got %q", in, size, want, got)
			}
		}
	}
}

// TestWriterOfColours: our own sequences pass where they are asked for, and no others.
func TestWriterOfColours(t *testing.T) {
	in := Paint(Red, "wrong") + Paint(Bold, "head") + Paint(Plain, "p") + "\x1b[8mhidden\x1b]52;c;x\x07\x1b"
	hidden := `\x1b[8mhidden\x1b]52;c;x\x07\x1b`
	for size := 1; size <= len(in); size++ {
		var b bytes.Buffer
		v := Colours(NewWriter(&b))
		if got, want := written(t, v, &b, in, size), "\x1b[31mwrong\x1b[0m\x1b[1mhead\x1b[0mp"+hidden; got != want {
			t.Errorf("in pieces of %d: expected %q, got %q", size, want, got)
		}
		if got := written(t, NewWriter(&b), &b, in, size); strings.Contains(got, "\x1b") {
			t.Errorf("without colours: got %q", got)
		}
	}
}

// TestCommands: our own commands stand, and what else a CI service would take for one does not.
func TestCommands(t *testing.T) {
	var b bytes.Buffer
	if got, want := written(t, Commands(NewWriter(&b)), &b, "::error title=a::b ##[x]\x1b\n::warning::c\n", 7), "::error title=a::b ##\\x5bx]\\x1b\n::warning::c\n"; got != want {
		t.Errorf("expected %q, got %q", want, got)
	}
}

// TestJSON: what is written is the same value, and nothing in it is raw.
func TestJSON(t *testing.T) {
	in := "\x00\x1b\x7f\u0085\u009b\u202e\u200b\u2028\U000e0041 é日😀 ##[error] ##vso[x] ::a <b>"
	var b bytes.Buffer
	if err := NewEncoder(&b).Encode(map[string]string{in: in}); err != nil {
		t.Fatal(err)
	}
	raw := strings.TrimSuffix(b.String(), "\n")
	if Text(raw) != raw || strings.Contains(raw, "##[") || strings.Contains(raw, "##vso[") || !strings.Contains(raw, "é日😀") {
		t.Errorf("got %s", raw)
	}
	var back map[string]string
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || back[in] != in {
		t.Errorf("expected %q, got %q, %v", in, back, err)
	}
}

// TestWriterAtRandom: whatever is written, however it is cut, nothing comes out that Text would
// escape, and it is the same as when it is written at once.
func TestWriterAtRandom(t *testing.T) {
	parts := []string{"\x1b", "[", "31m", "0m", "\x9b", "\u009b", "\u202e", "é", "\xe6", "\xf0\x9f", ":", "::", "##", "#", "vso", "\n", "\t", " ", "a", "\r"}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		var in strings.Builder
		for range random.IntN(12) {
			in.WriteString(parts[random.IntN(len(parts))])
		}
		var whole, pieces bytes.Buffer
		one := written(t, NewWriter(&whole), &whole, in.String(), 1000)
		cut := written(t, NewWriter(&pieces), &pieces, in.String(), 1+random.IntN(4))
		if one != cut {
			t.Fatalf("%q: expected the same, got %q and %q", in.String(), one, cut)
		}
		for _, line := range strings.Split(one, "\n") {
			bare := strings.ReplaceAll(line, "\t", "")
			if Text(bare) != bare || strings.HasPrefix(strings.TrimLeft(line, " \t"), "::") || strings.Contains(line, "##[") || !utf8.ValidString(line) {
				t.Fatalf("%q: got %q", in.String(), one)
			}
		}
	}
}

type stringer struct{}

func (stringer) String() string { return "s\x1b" }

// TestLogger has a handler that quotes nothing show what it was handed.
func TestLogger(t *testing.T) {
	var b bytes.Buffer
	log := Logger(slog.New(rawHandler{&b}))
	log.With("a\n", "v\x1b").WithGroup("g\x1b").Warn("m\u202e\n", "s", "x\r\ny", "e", errors.New("e\x9b"), "any", stringer{}, "list", []string{"l\x1b"},
		slog.Group("in", "k", "\u009b"), "n", 7)
	got := b.String()
	if Text(got) != got || !strings.Contains(got, "n=7") || strings.Count(got, `\x`) != 7 {
		t.Errorf("got %q", got)
	}
	if Logger(log) != log {
		t.Error("expected no second layer")
	}
}

type rawHandler struct{ b *bytes.Buffer }

func (h rawHandler) Enabled(_ context.Context, _ slog.Level) bool { return true }

func (h rawHandler) Handle(_ context.Context, r slog.Record) error {
	h.b.WriteString(r.Message)
	r.Attrs(func(a slog.Attr) bool { fmt.Fprintf(h.b, " %s=%v", a.Key, a.Value.Any()); return true })
	return nil
}

func (h rawHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fmt.Fprint(h.b, attrs, " ")
	return h
}

func (h rawHandler) WithGroup(name string) slog.Handler { h.b.WriteString(name + " "); return h }

func TestCopy(t *testing.T) {
	type name string
	type tree struct {
		Name  name
		Lines string `visible:"lines"`
		List  []*tree
		Map   map[string]any
		Raw   []byte
		Pair  [2]string
		own   string
	}
	in := &tree{Name: "a\n", Lines: "a\n  b\nc", List: []*tree{{Name: "\x1b"}, nil}, Map: map[string]any{"\r": "\x00"}, Raw: []byte("\x1b"), Pair: [2]string{"", "\t"}, own: "\x1b"}
	got := Copy(in)
	want := &tree{Name: `a\n`, Lines: "a\n  b\\nc", List: []*tree{{Name: `\x1b`}, nil}, Map: map[string]any{`\r`: `\x00`}, Raw: []byte("\x1b"), Pair: [2]string{"", `\t`}, own: "\x1b"}
	if got.Name != want.Name || got.Lines != want.Lines || got.List[0].Name != `\x1b` || got.List[1] != nil ||
		got.Map[`\r`] != `\x00` || got.Pair != want.Pair || got.own != want.own {
		t.Errorf("expected %+v, got %+v", *want, *got)
	}
	if in.List[0].Name != "\x1b" || in.Map["\r"] != "\x00" {
		t.Error("the original was changed")
	}
}

func BenchmarkWriter(b *testing.B) {
	text := bytes.Repeat([]byte("    0.001234  C>S  #12  call worker/run from Client/me  {job => 17, list => [1, 2, 3]}  rsvp IKC/response\n"), 100)
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer null.Close()
	v := NewWriter(null)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := v.Write(text); err != nil {
			b.Fatal(err)
		}
	}
}
