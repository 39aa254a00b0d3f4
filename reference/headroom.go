package ikc

import (
	"math"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// headroom is memory that is taken while much comes, and never touched: it takes addresses, no
// room. It is that of a strings.Builder, which is the one thing that the runtime does not clear.
// The collector begins when a program has allocated as much as it has in use, 4 MiB at least; of a
// program that has little in use, messages that come fast have it run hundreds of times a second,
// which takes longer than all the rest. With headroom it takes that much more garbage to call it.
//
// See Config.Headroom for when it is taken and given back.
type headroom struct {
	size      int               // octets
	next      atomic.Uint64     // octets that will have come in when it is time for a look
	collector func() collector  // reads it
	samples   [3]metrics.Sample // for read

	mu    sync.Mutex
	taken strings.Builder // with room for size octets, or none
	rest  *time.Timer     // gives back
	last  time.Time       // a look
	in    uint64          // octets that had come in by then
	ran   uint64          // how often the collector had run by then
}

// collector is how the collector of Go fares, and is to fare.
type collector struct {
	ran     uint64 // how often
	percent uint64 // GOGC
	limit   uint64 // GOMEMLIMIT, octets
}

// tuned tells whether the program has said how it is to run.
func (c collector) tuned() bool { return c.percent != 100 || c.limit != math.MaxInt64 }

const (
	headroomStep = 1 << 20 // octets that come in between two looks, at least
	headroomTick = 100 * time.Millisecond
	headroomRest = 10 * time.Second
	// So many octets and runs of the collector a second are much.
	headroomOctets = 1 << 20
	headroomRuns   = 20
)

// init makes one of so many octets; none if there are 0.
func (h *headroom) init(size int) {
	h.size, h.last, h.collector = size, time.Now(), h.read
	for i, name := range [...]string{"/gc/cycles/total:gc-cycles", "/gc/gogc:percent", "/gc/gomemlimit:bytes"} {
		h.samples[i].Name = name
	}
	h.ran = h.read().ran
	if h.next.Store(headroomStep); size == 0 {
		h.next.Store(math.MaxUint64)
	}
}

// read is what the runtime says of the collector.
func (h *headroom) read() collector {
	metrics.Read(h.samples[:])
	return collector{h.samples[0].Value.Uint64(), h.samples[1].Value.Uint64(), h.samples[2].Value.Uint64()}
}

// count is told how many octets have come in by now. It hardly ever does anything.
func (h *headroom) count(in uint64) {
	if in >= h.next.Load() && h.mu.TryLock() { // else another looks
		h.look(in)
		h.mu.Unlock()
	}
}

// look takes headroom if it is wanted, or keeps it for longer. mu is locked.
func (h *headroom) look(in uint64) {
	now := time.Now()
	if h.size == 0 || in < h.in { // closed, or somebody has looked meanwhile
		return
	}
	h.next.Store(in + headroomStep)
	if now.Sub(h.last) < headroomTick {
		return
	}
	c, seconds := h.collector(), now.Sub(h.last).Seconds()
	much := float64(in-h.in) >= headroomOctets*seconds
	often := float64(c.ran-h.ran) >= headroomRuns*seconds
	h.last, h.in, h.ran = now, in, c.ran
	switch {
	case !much || c.tuned() || h.taken.Cap() == 0 && !often:
		return
	case h.taken.Cap() == 0:
		h.taken.Grow(h.size)
	}
	if h.rest == nil {
		h.rest = time.AfterFunc(headroomRest, h.giveBack)
	} else {
		h.rest.Reset(headroomRest)
	}
}

// giveBack leaves what was taken to the collector.
func (h *headroom) giveBack() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken.Reset()
}

// close gives back, and takes no more.
func (h *headroom) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rest != nil {
		h.rest.Stop()
	}
	h.size = 0
	h.taken.Reset()
}
