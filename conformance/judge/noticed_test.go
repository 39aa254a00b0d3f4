package judge_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// TestNoticedOfTransport: what only TCP shows, or the comments of a relay, is noticed by the judge
// as by diagnose, so that no state is said to have returned nothing that was not asked.
func TestNoticedOfTransport(t *testing.T) {
	for name, want := range map[string]string{
		"refused": "NOTE-001", "dropped": "NOTE-002", "stopped": "NOTE-013", "gone": "NOTE-014", "blackhole": "NOTE-033",
	} {
		r, err := capture.Open(filepath.Join("..", "diagnosis", "testdata", name+".pcapng"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range judge.Capture(r, nil, dialogue.Options{}).Noticed {
			if f.Because == "" {
				got = append(got, f.ID)
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, []string{want}) {
			t.Errorf("%s: expected %s, got %v", name, want, got)
		}
	}
}
