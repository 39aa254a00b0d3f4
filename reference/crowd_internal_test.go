package ikc

import (
	"sync"
	"testing"
	"time"
)

// As long as they are few, nobody waits; when they are many, fewer are inside at a time, those who
// came first before the others, and everybody's turn comes.
func TestCrowd(t *testing.T) {
	g := crowd{few: 4, most: 2}
	for range g.few {
		g.enter()
	}
	const many = 100
	order := make(chan int, many)
	var wg sync.WaitGroup
	for n := range many {
		wg.Go(func() {
			g.enter()
			order <- n
			time.Sleep(100 * time.Microsecond)
			g.mu.Lock()
			if waits := len(g.line); waits > g.few && g.inside > g.most {
				t.Errorf("%d are inside while %d wait, expected at most %d", g.inside, waits, g.most)
			}
			g.mu.Unlock()
			g.leave()
		})
		until(t, func() bool { g.mu.Lock(); defer g.mu.Unlock(); return len(g.line) == n+1 })
	}
	for range g.few {
		g.leave()
	}
	wg.Wait()
	for n := range many {
		// Those who are let in together may be heard of in any order.
		if m := <-order; m < n-g.few || m > n+g.few {
			t.Errorf("number %d was let in as number %d", m, n)
		}
	}
	if g.inside != 0 || len(g.line) != 0 {
		t.Errorf("%d are inside in the end, and %d wait", g.inside, len(g.line))
	}
}
