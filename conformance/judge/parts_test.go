package judge_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// TestPartsMakeNoDifference: verdicts, and the evidence for them, are the same however small the
// parts are that connections are judged in.
func TestPartsMakeNoDifference(t *testing.T) {
	paths, err := filepath.Glob("../../captures/*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("expected captures, got none (%v)", err)
	}
	look := func(path string, w dialogue.Window) (out []string) {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		f := judge.CaptureInParts(r, checks.Catalogue(), dialogue.Options{}, w)
		if f.Err != nil {
			t.Fatal(f.Err)
		}
		for _, v := range f.Verdicts {
			out = append(out, fmt.Sprintf("%s of the %v: %v, %d pieces of evidence, %d findings", v.Check.ID, v.Side, v.Outcome, v.Evidence, len(v.Findings)))
		}
		return out
	}
	for _, path := range paths {
		whole := look(path, dialogue.Window{})
		for _, items := range []int{12, 24} {
			for i, got := range look(path, dialogue.Window{Items: items}) {
				if got != whole[i] {
					t.Errorf("%s in parts of %d items: expected %s, got %s", filepath.Base(path), items, whole[i], got)
				}
			}
		}
	}
}
