package recordings_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// drivenDir has captures of the original in which its drivers tell what it did.
const drivenDir = "driven"

// TestDriven judges them: nothing fails, and every check that takes a driver passes in one of them,
// but for those that take more than two kernels.
func TestDriven(t *testing.T) {
	passed := map[string]bool{}
	for _, s := range loadFrom(t, drivenDir) {
		f, err := judge.File(filepath.Join(drivenDir, s.Capture), checks.Catalogue(), dialogue.Options{})
		if err != nil || f.Err != nil || len(f.Notes) > 0 {
			t.Errorf("%s: %v %v %q", s.Capture, err, f.Err, f.Notes)
			continue
		}
		for _, d := range s.Differences(f) {
			t.Errorf("%s: %s", s.Capture, d)
		}
		for _, v := range f.Verdicts {
			passed[v.Check.ID] = passed[v.Check.ID] || v.Outcome == judge.Pass
			if v.Outcome == judge.Fail {
				t.Errorf("%s: %s fails for the %s: %+v", s.Capture, v.Check.ID, v.Side, v.Findings[0])
			}
		}
	}
	elsewhere := map[string]string{
		"MON-022": "shutdown", "MON-023": "shutdown", "DOWN-001": "shutdown", "DOWN-002": "shutdown",
		"ORD-001": "several clients", "ORD-002": "several clients", "ORD-003": "several clients", "ORD-004": "several clients",
		"NAME-001": "several clients", "NAME-002": "several clients", "NAME-003": "several clients", "NAME-004": "several clients",
		"RUN-006": "a state that is hidden", "LITE-010": "a ping", "LITE-020": "a server that refuses",
		"OUT-014": "a driver that tells the process of its ClientLite",
	}
	for _, c := range checks.Catalogue() {
		if c.ByDriver() && !passed[c.ID] && elsewhere[c.ID] == "" {
			t.Errorf("%s passes in no capture of captures/%s", c.ID, drivenDir)
		}
	}
}

// TestDrivenAgain: what drivers told is judged alike each time, with the same examples.
func TestDrivenAgain(t *testing.T) {
	told := slices.DeleteFunc(checks.Catalogue(), func(c *judge.Check) bool { return !c.ByDriver() })
	for _, s := range loadFrom(t, drivenDir) {
		var first []judge.Verdict
		for range 8 {
			f, err := judge.File(filepath.Join(drivenDir, s.Capture), told, dialogue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = f.Verdicts
			}
			for i, v := range f.Verdicts {
				if !reflect.DeepEqual(v.Example, first[i].Example) || !reflect.DeepEqual(v.Findings, first[i].Findings) {
					t.Fatalf("%s: %s, %s: got %+v %+v, expected as before %+v %+v",
						s.Capture, v.Check.ID, v.Side, v.Example, v.Findings, first[i].Example, first[i].Findings)
				}
			}
		}
	}
}

// TestDrivenTorn: where octets are missing, nothing that drivers told is held against the capture.
func TestDrivenTorn(t *testing.T) {
	for _, s := range loadFrom(t, drivenDir) {
		t.Run(s.Capture, func(t *testing.T) {
			t.Parallel()
			all := packets(t, open(t, filepath.Join(drivenDir, s.Capture)))
			for n := 1; n < len(all); n += max(1, len(all)/40) {
				noFailure(t, fmt.Sprintf("without packet %d", n), pcap(append(all[:n:n], all[n+1:]...)))
				noFailure(t, fmt.Sprintf("without the first %d packets", n), pcap(all[n:]))
				noFailure(t, fmt.Sprintf("the first %d packets", n), pcap(all[:n]))
			}
		})
	}
}
