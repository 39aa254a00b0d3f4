package known_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// settled judges a capture of the tree, and settles what is known.
func settled(t *testing.T, list known.Deviations, path, as string) *judge.Judgement {
	t.Helper()
	f, err := judge.File(filepath.Join("../..", path), checks.Catalogue(), dialogue.Options{})
	if err != nil || f.Err != nil {
		t.Fatal(err, f)
	}
	list.Settle(f, as)
	return f
}

// outcome gives the checks that came to an outcome, as SIDE CHECK.
func outcome(f *judge.Judgement, o judge.Outcome) (list []string) {
	for _, v := range f.Verdicts {
		if v.Outcome == o {
			list = append(list, v.Side.String()+" "+v.Check.ID)
		}
	}
	return list
}

func load(t *testing.T) known.Deviations {
	t.Helper()
	list, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSettleReleases: nothing fails in what real Perl of any release says to its like.
func TestSettleReleases(t *testing.T) {
	list := load(t)
	files, err := filepath.Glob("../../captures/releases/*.pcapng")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		name := filepath.Base(path)
		f := settled(t, list, "captures/releases/"+name, "")
		if failed := outcome(f, judge.Fail); len(failed) > 0 {
			t.Errorf("%s: %q fail", name, failed)
		}
		isNew := strings.HasPrefix(name, "perl-0.24")
		if n := len(outcome(f, judge.Known)); (n == 0) != isNew {
			t.Errorf("%s: %d known deviations", name, n)
		}
	}
}

// TestSettle: what is known of who failed, and what is not.
func TestSettle(t *testing.T) {
	deviation := func(check, from, to string) known.Deviation {
		return known.Deviation{Check: check, Reason: "because", Releases: known.Releases{Implementation: "POE::Component::IKC", From: from, To: to}}
	}
	shipped := load(t)
	const testdata, field, releases = "conformance/release/testdata/", "captures/field/", "captures/releases/"
	for _, test := range []struct {
		what, path, as string
		list           known.Deviations
		failed, known  []string
		note           string
	}{
		{what: "an old release", path: field + "old-release-0.2305.pcapng", list: shipped, known: []string{"server ERR-004"}},
		{what: "an old ClientLite", path: testdata + "lite-0.1501.pcapng", list: shipped, known: []string{"client SER-003"}},
		{what: "some that fit have it, and remain", path: testdata + "lite-0.1501.pcapng", list: known.Deviations{deviation("SER-003", "0.14", "0.1501")}, known: []string{"client SER-003"}},
		{what: "none that fits has it", path: testdata + "lite-0.1501.pcapng", list: known.Deviations{deviation("SER-003", "0.18", "0.2402")}, failed: []string{"client SER-003"}},
		{what: "no release has both", path: field + "old-release-0.2305.pcapng", list: known.Deviations{deviation("ERR-004", "0.1801", "0.2102")}, failed: []string{"server ERR-004"}},
		{what: "a server that says nothing to SETUP, and a client that goes on with HELLO", path: testdata + "silent-0.2102.pcapng", list: shipped,
			known: []string{"server HS-IKC0-001"}},
		{what: "a ClientLite of Perl 5.42 and a kernel of it", path: testdata + "lite-5.42-storable.pcapng", list: shipped, known: []string{"server SER-004", "client SER-004"}},
		{what: "booleans for a kernel of which nothing is known", path: "captures/broken/booleans.pcapng", list: shipped, failed: []string{"client SER-004"}},
		{what: "a fault of nobody's", path: "captures/broken/answers-twice.pcapng", list: shipped, failed: []string{"server CALL-003"}},
		{what: "the release insisted on", path: releases + "perl-0.2302-clientlite-ikc0.pcapng", as: "0.2302", list: shipped,
			known: []string{"server HS-IKC0-006", "server HAVE-004", "server ERR-004", "server ERR-009", "client HC-IKC0-003"}},
		{what: "another one insisted on", path: releases + "perl-0.2302-clientlite-ikc0.pcapng", as: "0.2402", list: shipped,
			failed: []string{"server HS-IKC0-006", "server HAVE-004", "server ERR-004", "server ERR-009", "client HC-IKC0-003"},
			note:   "the server of connection 0 is not taken for 0.2402: it is as POE::Component::IKC 0.2302"},
	} {
		f := settled(t, test.list, test.path, test.as)
		got, want := outcome(f, judge.Fail), test.failed
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: expected %q to fail, got %q", test.what, want, got)
		}
		got, want = outcome(f, judge.Known), test.known
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: expected %q to be known, got %q", test.what, want, got)
		}
		if test.note != "" && !slices.ContainsFunc(f.Notes, func(n string) bool { return strings.HasPrefix(n, test.note) }) {
			t.Errorf("%s: expected the note %q, got %q", test.what, test.note, f.Notes)
		}
	}
}

// TestSettleTogether: two deviations narrow the releases together, and where no release has both,
// neither is known.
func TestSettleTogether(t *testing.T) {
	releases := func(from, to string) known.Releases {
		return known.Releases{Implementation: "POE::Component::IKC", From: from, To: to}
	}
	const path = "captures/releases/perl-0.2001-clientlite-ikc.pcapng" // fails POST-001 and ERR-004
	for _, test := range []struct {
		post, params known.Releases
		want         string // releases of the server
		known        int
	}{
		{releases("0.1801", "0.2102"), releases("0.2000", "0.2305"), "0.2000 to 0.2102", 2},
		{releases("0.1801", "0.1904"), releases("0.2000", "0.2305"), "0.14 to 0.2305", 0},
	} {
		f := settled(t, known.Deviations{{Check: "POST-001", Releases: test.post, Reason: "x"}, {Check: "ERR-004", Releases: test.params, Reason: "y"}}, path, "")
		if n := len(outcome(f, judge.Known)); n != test.known {
			t.Errorf("%v and %v: expected %d known, got %d", test.post, test.params, test.known, n)
		}
		p := f.Peers.Of(wire.Server, 0)
		if got := p.Releases.String(); got != test.want {
			t.Errorf("%v and %v: expected %s, got %v", test.post, test.params, test.want, p)
		}
	}
}
