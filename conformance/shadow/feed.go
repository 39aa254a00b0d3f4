package shadow

import (
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

const (
	// maxFeed bounds the octets that passed and have not been looked at, twice: those that wait,
	// and those that are being looked at.
	maxFeed = 32 << 20
	// passedOctets is what a passed takes besides, so that single octets have a bound, too.
	passedOctets = 64
)

// feed takes what passes the relay, and never has it wait.
type feed struct {
	mu   sync.Mutex
	list []passed
	data []byte
	lost map[int]bool // connections of which something did not fit
	wake chan struct{}
}

// passed is what passed of a connection: octets of a feed's data, its end, or that octets of it did
// not fit.
type passed struct {
	conn       int
	from       capture.Direction
	at         time.Time
	start, end int
	what       what
}

type what uint8

const (
	octets what = iota
	over
	unfit
)

func newFeed() *feed { return &feed{lost: map[int]bool{}, wake: make(chan struct{}, 1)} }

// tap is that of the relay.
func (f *feed) tap(c relay.Chunk) {
	f.mu.Lock()
	if f.lost[c.Conn] {
		f.mu.Unlock()
		return
	}
	p := passed{conn: c.Conn, from: c.From, at: c.Time, start: len(f.data), what: octets}
	if len(f.data)+len(c.Bytes)+passedOctets*len(f.list) > maxFeed {
		f.lost[c.Conn], p.what = true, unfit
	} else {
		f.data = append(f.data, c.Bytes...)
	}
	p.end = len(f.data)
	f.add(p)
}

// closed is told of the end of a connection.
func (f *feed) closed(conn int) {
	f.mu.Lock()
	delete(f.lost, conn)
	f.add(passed{conn: conn, at: time.Now(), what: over})
}

// add adds to the list, and unlocks.
func (f *feed) add(p passed) {
	f.list = append(f.list, p)
	first := len(f.list) == 1
	f.mu.Unlock()
	if first {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// passing tells whether something came since the last take.
func (f *feed) passing() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.list) > 0
}

// take takes what there is, and leaves room for more, of that of the last time.
func (f *feed) take(list []passed, data []byte) ([]passed, []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out, octets := f.list, f.data
	f.list, f.data = list[:0], data[:0]
	return out, octets
}
