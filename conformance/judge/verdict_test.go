package judge

import (
	"testing"
)

// TestFindingsAreBounded: a capture with many violations keeps a hundred and counts the rest.
func TestFindingsAreBounded(t *testing.T) {
	v := &Verdict{}
	for range 3 {
		v.merge(&found{evidence: []uint32{60}, findings: [][]told{make([]told, 60)}, more: []int{0}}, 0, nil)
	}
	if len(v.Findings) != MaxFindings || v.More != 80 || v.Evidence != 180 {
		t.Errorf("expected %d findings and 80 more, got %d and %d", MaxFindings, len(v.Findings), v.More)
	}
}
