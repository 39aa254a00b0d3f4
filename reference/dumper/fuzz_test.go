package dumper_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// seeds are the texts that fuzzing starts from, with the variable $V.
func seeds() (list []string) {
	for _, g := range golden {
		list = append(list, strings.ReplaceAll(g.text, "V", "$V"), full(g.text))
	}
	return list
}

func codec(t testing.TB, opt dumper.Options) *dumper.Codec {
	m, err := opt.Codec()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// checkThaw thaws a text. What is accepted must be frozen, unless it is code, and thawed again;
// what is not must be an error of this package.
func checkThaw(t testing.TB, short, wide *dumper.Codec, text []byte) bool {
	v, err := short.Thaw(text)
	if err != nil {
		var e *dumper.Error
		var l *dumper.LimitError
		if !errors.As(err, &e) && !errors.As(err, &l) {
			t.Fatalf("%q: error of type %T: %v", text, err, err)
		}
		return false
	}
	perl.Format(v, perl.FormatOptions{MaxWidth: 1000})
	first, err := wide.Freeze(v)
	if errors.Is(err, dumper.ErrUnsupported) {
		return true // code
	}
	if err != nil {
		t.Fatalf("%q: thawed, but not frozen: %v", text, err)
	}
	if _, err := wide.Thaw(first); err != nil {
		t.Fatalf("%q: frozen, but not thawed: %q: %v", text, first, err)
	}
	return true
}

func FuzzThaw(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	short, wide := codec(f, dumper.Options{Variable: "$V", MaxDepth: 1000}), codec(f, dumper.Options{Variable: "$V", MaxDepth: 100_000})
	f.Fuzz(func(t *testing.T, text []byte) { checkThaw(t, short, wide, text) })
}

func TestMutations(t *testing.T) {
	short, wide := codec(t, dumper.Options{Variable: "$V", MaxDepth: 1000}), codec(t, dumper.Options{Variable: "$V", MaxDepth: 100_000})
	alphabet := `$V->[]{}'"\\=;,()0123456789 x{}blesundfqrdo`
	perltest.Mutations(t, 100_000, 1<<14, seeds(), alphabet, func(text []byte, thorough bool) bool {
		if thorough {
			return checkThaw(t, short, wide, text)
		}
		_, err := short.Thaw(text)
		return err == nil
	})
}

// TestMemory thaws what takes the most memory for its size.
func TestMemory(t *testing.T) {
	const n = 1 << 17
	m := codec(t, dumper.Options{Variable: "$V"})
	for name, text := range map[string]string{
		"undefs":       "$V = [" + strings.Repeat("undef,", n) + "undef];",
		"digits":       "$V = [" + strings.Repeat("1,", n) + "1];",
		"empty arrays": "$V = [" + strings.Repeat("[],", n) + "[]];",
		"empty hashes": "$V = [" + strings.Repeat("{},", n) + "{}];",
		"small hashes": "$V = [" + strings.Repeat("{'a'=>1},", n) + "{}];",
		"references":   "$V = [" + strings.Repeat(`\\1,`, n) + "1];",
		"empty":        "$V = [" + strings.Repeat("'',", n) + "1];",
		"characters":   `$V = ["` + strings.Repeat(`\x{263a}`, n) + `"];`,
		"quotes":       `$V = ['` + strings.Repeat(`\'`, n) + `'];`,
		"patterns":     "$V = [" + strings.Repeat("qr//,", n) + "1];",
		"objects":      "$V = [" + strings.Repeat("bless([],'A'),", n) + "1];",
		"code":         "$V = [" + strings.Repeat(`sub{"DUMMY"},`, n) + "1];",
		"fix-ups":      "$V = [1];" + strings.Repeat("$V->[0]=$V;", n),
		"v-strings":    "$V = [" + strings.Repeat("v1.2,", n) + "1];",
	} {
		perltest.Memory(t, name, []byte(text), func(text []byte) error { _, err := m.Thaw(text); return err })
	}
}
