package recordings_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestPartsMakeNoDifference: verdicts, and the evidence for them, are the same however small the parts are that
// connections are judged in.
func TestPartsMakeNoDifference(t *testing.T) {
	paths, err := filepath.Glob("*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("expected captures, got none (%v)", err)
	}
	look := func(path string, w dialogue.Window) (out []string) {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		j := judge.New(checks.Catalogue(), wire.Server, wire.Client)
		parts := 0
		err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{}, w, func(p *dialogue.Part) {
			parts++
			j.Part(p)
		})
		if err != nil {
			t.Fatal(err)
		}
		if w.Items > 0 && parts < 2*j.Connections() {
			t.Fatalf("%s: expected many parts with a window of %d items, got %d", path, w.Items, parts)
		}
		for _, v := range j.Verdicts() {
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
