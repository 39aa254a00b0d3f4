package ikc

import (
	"errors"
	"testing"
)

// Calls that take long are found by their numbers whatever comes and goes beside them, and take no
// more room than they did.
func TestCallTable(t *testing.T) {
	var table callTable
	c := new(Channel)
	begin := func() *waiter {
		w := &waiter{done: make(chan struct{}, 1), to: new(target)}
		if beside, err := table.begin(w, c); err != nil || beside != table.n-1 {
			t.Fatalf("got %d, %v, expected %d others", beside, err, table.n-1)
		}
		return w
	}
	var long []*waiter
	for range 1000 {
		long = append(long, begin())
		for range 10 {
			w := begin()
			for _, w := range long {
				if table.find(w.number) != w {
					t.Fatalf("call %d is not found", w.number)
				}
			}
			if !table.take(w) || table.take(w) || table.find(w.number) != nil {
				t.Fatalf("call %d is not taken once", w.number)
			}
		}
	}
	if len(table.slots) > 4*len(long) {
		t.Errorf("%d slots for %d calls", len(table.slots), len(long))
	}
	if table.find(0) != nil || table.find(1<<63) != nil {
		t.Error("there is a call of a number that was not given")
	}
	gone := errors.New("gone")
	for _, w := range long[:500] {
		table.take(w)
	}
	table.lose(c, gone)
	for i, w := range long[500:] {
		if len(w.done) != 1 || w.err != gone {
			t.Fatalf("call %d: got %v", i, w.err)
		}
	}
	if _, err := table.begin(new(waiter), c); !errors.Is(err, ErrDisconnected) {
		t.Errorf("a call by a lost channel: got %v", err)
	}
	if _, err := table.begin(&waiter{done: make(chan struct{}, 1), to: new(target)}, nil); err != nil {
		t.Errorf("a call of the kernel to itself: got %v", err)
	}
	table.end(ErrClosed)
	if _, err := table.begin(new(waiter), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("a call when there are no more: got %v", err)
	}
	if table.n != 0 || c.underWay.n != 0 || table.count() != 11_001 {
		t.Errorf("%d and %d calls are left of %d", table.n, c.underWay.n, table.count())
	}
}
