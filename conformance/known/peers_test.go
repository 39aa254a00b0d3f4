package known_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// failing is a judgement of captures as if they were one, a connection each, by which a check of
// the server fails in all of them.
func failing(t *testing.T, id string, more int, paths ...string) *judge.Judgement {
	t.Helper()
	selected, err := checks.Select(id)
	if err != nil {
		t.Fatal(err)
	}
	failed := judge.Verdict{Check: selected[0], Side: wire.Server, Outcome: judge.Fail, More: more}
	f := &judge.Judgement{Peers: new(release.Peers), Verdicts: []judge.Verdict{failed}}
	for i, path := range paths {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var seen release.Print
		err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
			p.Conn.Index = i
			if seen.Part(p); p.Last {
				f.Peers.Add(p.Connection, &seen)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		f.Verdicts[0].Findings = append(f.Verdicts[0].Findings, judge.Finding{Connection: i, Side: "server"})
	}
	f.Peers.Conclude()
	return f
}

// TestSettleEach: in a capture of several kernels, each is known by what it said itself.
func TestSettleEach(t *testing.T) {
	const old, gone, untold = "../../captures/field/old-release-0.2305.pcapng", "../release/testdata/lite-0.12.pcapng", "../release/testdata/number-refused-0.1904.pcapng"
	for _, test := range []struct {
		what   string
		check  string
		more   int
		paths  []string
		want   judge.Outcome
		failed int // findings that are left
	}{
		{"all old", "ERR-004", 0, []string{old, old}, judge.Known, 2},
		{"one old, one that may be new", "ERR-004", 0, []string{old, gone}, judge.Fail, 1},
		{"more than are listed, all old", "ERR-004", 7, []string{old, old}, judge.Known, 2},
		{"more than are listed, one that may be new", "ERR-004", 7, []string{old, gone}, judge.Fail, 2},
		{"one that said nothing, and what all have", "ROB-002", 0, nil, judge.Fail, 1},
		{"some that fit have it, and the newest fits", "ERR-004", 0, []string{untold}, judge.Fail, 1},
		{"some that fit have it, the newest among them", "ROB-001", 0, []string{untold}, judge.Known, 1},
	} {
		f := failing(t, test.check, test.more, test.paths...)
		if test.paths == nil {
			f.Peers.Add(&dialogue.Connection{Conn: new(capture.Conn), IsIKC: true, Negotiation: new(dialogue.Negotiation)}, new(release.Print))
			f.Peers.Conclude()
			f.Verdicts[0].Findings = []judge.Finding{{Side: "server"}}
		}
		load(t).Settle(f, "")
		if v := f.Verdicts[0]; v.Outcome != test.want || len(v.Findings) != test.failed {
			t.Errorf("%s: expected %v with %d findings, got %v with %d", test.what, test.want, test.failed, v.Outcome, len(v.Findings))
		}
	}
}
