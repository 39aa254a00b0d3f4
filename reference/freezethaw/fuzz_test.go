package freezethaw_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func seeds() (list []string) {
	for _, g := range golden {
		list = append(list, g.text)
	}
	return list
}

// checkThaw thaws a text. What is accepted must be frozen and thawed again; what is not must be an
// error of this package.
func checkThaw(t testing.TB, wide *freezethaw.Codec, text []byte) bool {
	v, err := freezethaw.Thaw(text)
	if err != nil {
		var e *freezethaw.Error
		var l *freezethaw.LimitError
		if !errors.As(err, &e) && !errors.As(err, &l) {
			t.Fatalf("%q: error of type %T: %v", text, err, err)
		}
		return false
	}
	perl.Format(v, perl.FormatOptions{MaxWidth: 1000})
	first, err := wide.Freeze(v)
	if err != nil {
		t.Fatalf("%q: thawed, but not frozen: %v", text, err)
	}
	if _, err := wide.Thaw(first); err != nil {
		t.Fatalf("%q: frozen, but not thawed: %q: %v", text, first, err)
	}
	return true
}

func wideCodec(t testing.TB) *freezethaw.Codec {
	m, err := freezethaw.Options{MaxDepth: 20_002}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func FuzzThaw(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	wide := wideCodec(f)
	f.Fuzz(func(t *testing.T, text []byte) { checkThaw(t, wide, text) })
}

func TestMutations(t *testing.T) {
	wide := wideCodec(t)
	perltest.Mutations(t, 100_000, 1<<14, seeds(), "FrT;_$@%\\/><)!{}|0123456789", func(text []byte, thorough bool) bool {
		if thorough {
			return checkThaw(t, wide, text)
		}
		_, err := freezethaw.Thaw(text)
		return err == nil
	})
}

// TestMemory thaws what takes the most memory for its size.
func TestMemory(t *testing.T) {
	const n = 1 << 17
	for name, body := range map[string]string{
		"undefs":       "_",
		"empty":        "$0|",
		"digits":       "$1|1",
		"empty arrays": "@0|",
		"empty hashes": "%0|",
		"small hashes": "%2|$1|a_",
		"references":   "\\_",
		"patterns":     "/0|",
		"objects":      ">)0|@0|",
	} {
		list := strings.Repeat(body, n)
		if name == "objects" {
			list = ">>0|$1|A@0|" + strings.Repeat(body, n-1)
		}
		text := fmt.Sprintf("FrT;@1|@%d|%s", n, list)
		perltest.Memory(t, name, []byte(text), func(text []byte) error { _, err := freezethaw.Thaw(text); return err })
	}
}
