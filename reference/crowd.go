package ikc

import (
	"runtime"
	"sync"
)

// muchAtOnce is how many octets a read gets from a peer that sends faster than it is handled.
const muchAtOnce = 16 << 10

// crowd keeps peers that send faster than they are handled from having all processors, when they
// are many: then one processor is left to those that send little, and whoever has handled what was
// read of such a peer goes to the end of the line before more is.
//
// Who has a place gives it back before waiting for anything, so that nobody in the line waits for
// what waits for somebody there.
type crowd struct {
	few  int // how many are not worth a line
	most int // how many of more than that may be inside

	mu     sync.Mutex
	inside int
	line   []chan struct{}
}

func (g *crowd) init() {
	n := runtime.GOMAXPROCS(0)
	g.few, g.most = 2*n, max(n-1, 1)
}

// enter waits for a place. leave gives it back.
func (g *crowd) enter() {
	g.mu.Lock()
	if len(g.line) == 0 && g.inside < g.few {
		g.inside++
		g.mu.Unlock()
		return
	}
	mine := make(chan struct{})
	g.line = append(g.line, mine)
	g.mu.Unlock()
	<-mine
}

func (g *crowd) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	for len(g.line) > 0 && (g.inside < g.most || g.inside+len(g.line) <= g.few) {
		close(g.line[0])
		g.line[0] = nil
		if g.line = g.line[1:]; len(g.line) == 0 {
			g.line = nil
		}
		g.inside++
	}
}

// join has the reader of a channel wait for a place, if much has come at once.
func (c *Channel) join(octets int) {
	if octets >= muchAtOnce {
		c.k.crowd.enter()
		c.joined.Store(true)
	}
}

// part gives the place back, if the reader has one.
func (c *Channel) part() {
	if c.joined.Load() && c.joined.Swap(false) {
		c.k.crowd.leave()
	}
}
