package ikc

import "github.com/perl-ikc/ikc-conform/internal/message"

// reader is what a worker has besides that reads a connection, and carries out requests itself. It
// is that goroutine's alone, but for tally and since.
type reader struct {
	another  func() // starts another reader in place of this one
	number   uint64 // of readers of its connection
	since    uint64 // inbox.since while it carries out a request that is quick
	alone    bool   // nobody but it has put work into an inbox that was idle
	reads    bool   // it is the reader still
	leaves   bool   // while it is, it leaves the turn taken for what it does next (turn)
	turn     *turn  // that is taken, nil if none is
	behind   bool   // it has carried out a request since it last waited, whose answer may not be written
	passed   int    // how many requests it has carried out with a turn that somebody waits for
	watch    *watchdog
	tally    tally
	answered answers
	answers  uint64     // that the counters have not been told of
	coming   int        // about how many requests have come that it has not looked at
	requests []handling // for what has come together
	used     int        // of requests
	over     *handling  // the request that it has carried out, if that may be used again
}

// tally is what a reader has counted, and told nobody yet. It is changed only while the reader
// carries out no request, so that whoever takes the reading over can tell of it.
type tally struct {
	frames, requests uint64
	to               *counters
}

func (t *tally) tell() {
	if t.frames > 0 {
		t.to.framesIn.Add(t.frames)
		t.to.requests.Add(t.requests)
		t.frames, t.requests = 0, 0
	}
}

// readersAtATick is how many bits of inbox.since are the number of a reader: so many of one
// connection do not begin at one tick of the watchdog.
const readersAtATick = 20

// mark is inbox.since for what the reader begins at a tick, if it is quick.
func (r *reader) mark(tick uint64) uint64 {
	return (tick<<readersAtATick|r.number%(1<<readersAtATick))<<1 | quick
}

// tickOf is the tick of a mark.
func tickOf(since uint64) uint64 { return since >> (readersAtATick + 1) }

// newReader returns the worker of a goroutine that reads the channel.
func (c *Channel) newReader() *worker {
	w := newWorker(&c.in)
	w.another, w.number = c.anotherReader, c.in.readers.Add(1)
	w.watch, w.tally.to = &c.k.watch, &c.k.stats
	_, own := c.serializer.(message.Codec)
	w.reads, w.leaves = true, own && c.k.cfg.Hooks.Request == nil
	return w
}

// mostPassed is how many requests a reader carries out at most, within a tick of the watchdog,
// before it gives the turn to somebody who waits for it: to hand it over for each would take longer
// than most states. While the watchdog rests, a tick is no measure, and the turn is given at once.
const mostPassed = 16

// hasTurn tells whether the reader has that turn, which is the caller's then. Another one it gives
// back.
func (r *reader) hasTurn(t *turn) bool {
	if t == r.turn {
		r.turn = nil
		return true
	}
	r.giveTurn()
	return false
}

// keepTurn leaves a turn, which is taken, to the next request of the reader. It returns false if
// the turn is to be given back.
func (r *reader) keepTurn(t *turn) bool {
	if !r.leaves || !r.reads {
		return false
	}
	if t.state.Load() != turnAwaited {
		r.passed = 0
	} else if r.passed++; r.passed > mostPassed || r.watch.hurry() || r.watch.now() != tickOf(r.since) {
		r.passed = 0
		return false
	}
	r.turn = t
	return true
}

// giveTurn gives back the turn that the reader has left taken. It comes before whatever may wait,
// or call what is not of this package.
func (r *reader) giveTurn() {
	if r.turn != nil {
		r.turn.give()
		r.turn = nil
	}
}

// giveTurn is that of the worker, if there is one.
func (w *worker) giveTurn() {
	if w != nil {
		w.reader.giveTurn()
	}
}

// rest has the reader, if there is one, hold nothing while it waits for what comes next.
func (w *worker) rest() {
	if w == nil {
		return
	}
	w.answered.tell()
	w.giveTurn()
	w.tally.tell()
	w.tellAnswers()
	w.load, w.requests, w.used, w.behind = load{}, nil, 0, false
}

// tellAnswers has the counters know of answers.
func (w *worker) tellAnswers() {
	if w.answers > 0 {
		w.tally.to.answers.Add(w.answers)
		w.answers = 0
	}
}
