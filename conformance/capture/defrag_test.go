package capture

import (
	"bytes"
	"math/rand/v2"
	"testing"

	. "github.com/onsi/gomega"
)

func TestDefragment(t *testing.T) {
	g := NewWithT(t)
	rnd := rand.New(rand.NewPCG(5, 6))
	whole := make([]byte, 5000)
	for i := range whole {
		whole[i] = byte(rnd.Uint32())
	}
	for id := range uint32(300) {
		var d defragmenter
		var cuts []int
		for at := 0; at < len(whole); at += 8 * (1 + rnd.IntN(100)) {
			cuts = append(cuts, at)
		}
		cuts = append(cuts, len(whole))
		order := append(rnd.Perm(len(cuts)-1), rnd.Perm(len(cuts)-1)...) // twice
		left := len(cuts) - 1
		seen := map[int]bool{}
		for _, i := range order {
			piece := whole[cuts[i]:cuts[i+1]]
			got, ok := d.add(fragmentKey{id: id}, cuts[i], piece, len(piece), cuts[i+1] < len(whole))
			if !seen[i] {
				seen[i] = true
				left--
			}
			if ok != (left == 0) {
				t.Fatalf("expected the packet when its last fragment comes, got it with %d left", left)
			}
			if ok {
				g.Expect(bytes.Equal(got, whole)).To(BeTrue())
				g.Expect(d.packets).To(BeEmpty())
				g.Expect(d.order).To(BeEmpty())
				break
			}
		}
	}
}

func TestDefragmentLimits(t *testing.T) {
	g := NewWithT(t)
	var d defragmenter
	piece := make([]byte, 8)
	for id := range uint32(10 * maxFragmented) {
		_, ok := d.add(fragmentKey{id: id}, 8, piece, 8, true)
		g.Expect(ok).To(BeFalse())
		g.Expect(len(d.packets)).To(BeNumerically("<=", maxFragmented))
		g.Expect(d.order).To(HaveLen(len(d.packets)))
	}
	last := uint32(10*maxFragmented - 1)
	_, ok := d.add(fragmentKey{id: last}, 16, piece, 8, false)
	g.Expect(ok).To(BeFalse())
	_, ok = d.add(fragmentKey{id: last + 1}, 0, piece[:4], 8, false)
	g.Expect(ok).To(BeFalse(), "it was cut short")
	_, ok = d.add(fragmentKey{id: last}, maxDatagram, piece, 8, true)
	g.Expect(ok).To(BeFalse(), "it is beyond the end of any packet")
	got, ok := d.add(fragmentKey{id: last}, 0, piece, 8, true)
	g.Expect(ok).To(BeTrue())
	g.Expect(got).To(HaveLen(24))
}
