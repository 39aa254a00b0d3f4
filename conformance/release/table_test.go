package release

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unseen are the facts that no recording shows, and why. TestFacts makes them by hand.
var unseen = map[fact]string{
	textBare: "kernels before 0.14 do not start with a POE of today",
	minor4:   "no such Perl here", minor5: "no such Perl here", minor6: "no such Perl here", minor7: "no such Perl here",
	minor8: "no such Perl here", minor9: "no such Perl here", minor10: "no such Perl here",
	lineEnd: "no release does", setupOrder: "no release does", fromNoState: "no release does",
}

// TestEveryFactIsSeen: what the table says was seen of a real program, but for what cannot be.
func TestEveryFactIsSeen(t *testing.T) {
	var seen uint64
	for _, pattern := range []string{"../../captures/releases/*.pcapng", "../../captures/field/*.pcapng", "testdata/*.pcapng"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			ps := PeersOf(t, path)
			for side := range ps.sides {
				for _, p := range ps.sides[side].peers {
					seen |= p.seen
				}
			}
		}
	}
	for f := range numFacts {
		why, excused := unseen[f]
		if was := seen>>f&1 == 1; was == excused {
			t.Errorf("%q: seen is %v, though %q", facts[f].saw, was, why)
		}
	}
}

// TestTable: each fact says what was seen, has a source, and is of members that there are.
func TestTable(t *testing.T) {
	texts := map[string]bool{}
	for i, f := range facts {
		all := releases
		if f.perl {
			all = perls
		}
		if f.saw == "" || f.source == "" || texts[f.saw] {
			t.Errorf("fact %d: expected a text of its own and a source, got %+v", i, f)
		}
		texts[f.saw] = true
		for _, name := range []string{f.from, f.to} {
			if name != "" && !slices.Contains(all, name) {
				t.Errorf("%s: expected one of %s, got %q", f.saw, strings.Join(all, ", "), name)
			}
		}
		if fact(i).set().Empty() != f.never {
			t.Errorf("%s: never is %v, but the set is %v", f.saw, f.never, fact(i).set())
		}
	}
}
