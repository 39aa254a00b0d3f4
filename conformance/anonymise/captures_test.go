package anonymise_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/anonymise"
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// captures are those of this repository.
func captures(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"captures/*.pcap*", "captures/*/*.pcap*", "conformance/*/testdata/*.pcap*", "conformance/*/testdata/*/*.pcap*"} {
		list, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	if more := os.Getenv("IKC_FIELD"); more != "" {
		list, err := filepath.Glob(filepath.Join(more, "*.pcap*"))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, list...)
	}
	return files
}

// key is one that makes no word of these captures another word of them.
var key = anonymise.Key("a key for tests, known to all")

// TestCaptures: verdicts and diagnoses of each capture stay, and no word that somebody said does.
func TestCaptures(t *testing.T) {
	files := captures(t)
	if len(files) < 100 {
		t.Fatalf("%d captures", len(files))
	}
	all := os.Getenv("IKC_ANONYMISE") == "all"
	for i, path := range files {
		if !all && i%8 != 0 && !strings.Contains(path, "broken") && !strings.Contains(path, "field") {
			continue
		}
		t.Run(strings.TrimPrefix(filepath.ToSlash(path), "../../"), func(t *testing.T) {
			t.Parallel()
			open := func() (*capture.Reader, error) { return capture.Open(path) }
			out, result := rewrite(t, open, anonymise.Options{Key: key, Blank: true})
			in := judged(t, open)
			for _, d := range anonymise.Differences(in, judged(t, reader(out))) {
				t.Error(d)
			}
			kept := map[string]bool{}
			for _, k := range result.Kept {
				kept[k.Word] = true
				for _, part := range strings.FieldsFunc(k.Word, func(r rune) bool { return r >= 0x80 }) {
					kept[part] = true // of a word with other letters
				}
			}
			words(t, open, func(word string) {
				if slices.Contains([]string{"undef", "bless"}, word) || strings.Trim(word, "xX") == "" {
					return // the language of Data::Dumper has these, and blanks consist of x
				}
				if !kept[word] && bytes.Contains(out, []byte(word)) && !wholly(out, word, kept) {
					t.Errorf("%q is left", word)
				}
			})
		})
	}
}

// wholly tells whether a run of letters is nowhere in a file, but as a part of a longer one or of a
// word that was kept.
func wholly(file []byte, word string, kept map[string]bool) bool {
	for i := 0; ; {
		at := bytes.Index(file[i:], []byte(word))
		if at < 0 {
			return true
		}
		from, to := i+at, i+at+len(word)
		for from > 0 && isWord(file[from-1]) {
			from--
		}
		for to < len(file) && isWord(file[to]) {
			to++
		}
		whole := strings.Trim(string(file[from:to]), "0123456789")
		if !kept[string(file[from:to])] && !kept[whole] && whole == word {
			return false
		}
		i += at + 1
	}
}

func isWord(c byte) bool { return c == '_' || c >= '0' && c <= '9' || letter(c) }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

// words gives the runs of four letters or more in names, addresses and params of a capture.
func words(t *testing.T, open func() (*capture.Reader, error), each func(string)) {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[string]bool{}
	text := func(s string) {
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return r >= 0x80 || !letter(byte(r)) }) {
			if len(w) >= 4 && !seen[w] {
				seen[w] = true
				each(w)
			}
		}
	}
	value := func(v *perl.Value) {
		if v == nil {
			return
		}
		walk.Contains(v, func(v *perl.Value) bool {
			if s, ok := v.AsString(); ok {
				text(s)
			}
			text(v.Class())
			for _, p := range v.Pairs() {
				text(p.Key)
			}
			return false
		})
	}
	err = dialogue.Read(r.Events(capture.Limits{}), dialogue.Options{}, func(c *dialogue.Connection) {
		for _, side := range []wire.Role{wire.Client, wire.Server} {
			for _, name := range c.Negotiation.Names(side) {
				text(name)
			}
		}
		for _, item := range c.Items {
			if f, ok := item.(*dialogue.Frame); ok && f.Message != nil {
				to := f.Message.To
				for _, s := range []string{to.Kernel, to.Session, to.State, f.Message.From.String(), f.Message.RSVP.String()} {
					text(s)
				}
				value(f.Message.Params())
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func rewrite(t *testing.T, open func() (*capture.Reader, error), o anonymise.Options) ([]byte, *anonymise.Result) {
	t.Helper()
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.Meta{})
	if err != nil {
		t.Fatal(err)
	}
	result, err := anonymise.Rewrite(open, w, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), result
}

func reader(file []byte) func() (*capture.Reader, error) {
	return func() (*capture.Reader, error) { return capture.NewReader(bytes.NewReader(file)) }
}

func judged(t *testing.T, open func() (*capture.Reader, error)) *judge.Judgement {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return judge.Capture(r, slices.Clone(checks.Catalogue()), dialogue.Options{})
}
