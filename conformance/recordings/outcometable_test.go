package recordings_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestParseOutcomes reads the table of the repository back.
func TestParseOutcomes(t *testing.T) {
	text, err := os.ReadFile(recordings.OutcomesFile)
	if err != nil {
		t.Fatal(err)
	}
	table, err := recordings.ParseOutcomes(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks.Catalogue() {
		for _, side := range []wire.Role{wire.Server, wire.Client} {
			if c.Party.Binds(side) != slices.ContainsFunc(table[c.ID], func(s recordings.Shown) bool { return s.Side == side }) {
				t.Errorf("%s: expected it of the %v if it binds it, got %+v", c.ID, side, table[c.ID])
			}
		}
	}
	shown := table["HS-IKC0-006"][0]
	if want := []string{"releases/perl-0.2302-client-ikc0.pcapng", "releases/perl-0.2302-clientlite-ikc0.pcapng"}; !slices.Equal(shown.Captures[judge.Known], want) {
		t.Errorf("HS-IKC0-006: expected a known deviation in %q, got %q", want, shown.Captures[judge.Known])
	}
}

func TestBadTables(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "a list of captures",
		"a\n\n  1  a.pcapng\n": "a list of captures",
		"a\n\n  2  a.pcapng\n\nX-001 server  +\n": "expected capture 1",
		"a\n\n  1  a.pcapng\n\nX-001 nobody  +\n": "a side",
		"a\n\n  1  a.pcapng\n\nX-001 server  ++":  "for each of 1 captures",
		"a\n\n  1  a.pcapng\n\nX-001 server  x":   "one of the marks",
	} {
		if _, err := recordings.ParseOutcomes(text); !errors.Is(err, recordings.ErrTable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected an error with %q, got %v", text, want, err)
		}
	}
}
