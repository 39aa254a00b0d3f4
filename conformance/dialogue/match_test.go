package dialogue

import (
	"slices"
	"testing"
)

// TestWaitingListLetsGo: what has left the front of a queue is not kept alive by it.
func TestWaitingListLetsGo(t *testing.T) {
	w := waitingList{left: notOpen}
	list := []*Exchange{new(Exchange), new(Exchange), new(Exchange), new(Exchange)}
	for _, x := range list {
		w.push(x)
	}
	room := w.list[:cap(w.list)]
	w.leave(list[1])
	w.leave(list[0])
	if w.oldest() != list[2] || w.live != 2 {
		t.Fatalf("expected the third of 2, got %d", w.live)
	}
	for i, x := range list[:2] {
		if slices.Contains(room, x) {
			t.Errorf("exchange %d has left and is still there", i)
		}
	}
}
