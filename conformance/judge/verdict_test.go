package judge

import (
	"testing"
)

// TestFindingsAreBounded: a capture with many violations keeps a hundred and counts the rest.
func TestFindingsAreBounded(t *testing.T) {
	v := &Verdict{}
	for range 3 {
		v.merge(&found{evidence: []uint8{60}, findings: [][]told{make([]told, 60)}, more: []int{0}}, 0, nil)
	}
	if len(v.Findings) != MaxFindings || v.More != 80 || v.Evidence != 180 {
		t.Errorf("expected %d findings and 80 more, got %d and %d", MaxFindings, len(v.Findings), v.More)
	}
}

// TestEvidenceIsCounted: evidence is counted beyond what is set aside for each connection, and
// merged once.
func TestEvidenceIsCounted(t *testing.T) {
	for _, n := range []int{0, 1, 255, 256, 257, 1000} {
		f := newFound(2, nil)
		for range n {
			f.count(1)
		}
		if f.nothing(1) != (n == 0) || !f.nothing(0) {
			t.Errorf("%d pieces: expected nothing of the other check and of this one if there are none", n)
		}
		v := &Verdict{}
		v.merge(&f, 1, nil)
		v.merge(&f, 1, nil)
		if v.Evidence != n {
			t.Errorf("expected %d pieces of evidence, got %d", n, v.Evidence)
		}
	}
}
