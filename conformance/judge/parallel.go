package judge

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// Reading a capture takes one goroutine, and judging its connections several: each connection is
// judged by one of them. What they find is merged in the order in which the connections ended, so
// the verdicts do not depend on who was faster.

const (
	// bursts is how many bursts a worker may have to judge before the reading waits for it.
	bursts = 32
	// progressEvery is after how many events the progress is told.
	progressEvery = 4096
)

// judged is what a worker found in a connection.
type judged struct {
	index  int                  // of the connection
	conn   *dialogue.Connection // nil if it was given up
	tally  *tally
	ends   int64  // 0: it was open at the end of the capture
	broken string // why it was given up
}

// read judges the connections of a capture.
func (j *judge) read(r *capture.Reader, opts dialogue.Options, window dialogue.Window) error {
	workers := runtime.GOMAXPROCS(0)
	results := make(chan judged, 64)
	done := make(chan *burst, workers*(bursts+2)) // room for all that may be on their way
	queues := make([]chan *burst, workers)
	var cut bool // set before the queues are closed
	var group sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan *burst, bursts)
		group.Go(func() { j.work(queues[i], done, results, opts, window.Share(workers), &cut) })
	}
	merged := make(chan struct{})
	go func() {
		defer close(merged)
		j.mergeAll(results)
	}()
	d := dispatcher{queues: queues, gather: gatherer{judged: done,
		open: map[*capture.Conn]*burst{}}, half: map[*capture.Conn]capture.Direction{}}
	var failed error
	events, remarks := 0, []string(nil)
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			failed = err
		}
		if end, ok := ev.(*capture.End); ok {
			remarks = end.Stats.Remarks()
		}
		if c := capture.ConnOf(ev); c != nil && (opts.Only == nil || opts.Only(c)) {
			d.take(ev)
		}
		if opts.Abandoned() {
			break
		}
		if events++; opts.Progress != nil && events%progressEvery == 0 {
			opts.Progress(r.Offset())
		}
	}
	cut = failed != nil
	d.finish()
	group.Wait()
	close(results)
	<-merged
	if opts.Abandoned() {
		return dialogue.ErrAbandoned
	}
	j.noteOthers(remarks)
	if opts.Progress != nil {
		opts.Progress(r.Offset())
	}
	return failed
}

// work judges the connections of one queue.
func (j *judge) work(queue <-chan *burst, done chan<- *burst,
	results chan<- judged, opts dialogue.Options, window dialogue.Window, cut *bool) {
	w := &worker{judge: j, results: results, tallies: map[*capture.Conn]*tally{}, broken: map[*capture.Conn]string{}}
	w.builder = dialogue.NewBuilder(opts, window, w.part)
	for u := range queue {
		if !opts.Abandoned() {
			w.take(u)
		}
		done <- u
	}
	if opts.Abandoned() {
		return
	}
	w.ends = 0
	for _, c := range w.builder.Open() {
		w.contained(c, func() { w.builder.End(c, *cut) })
	}
	for c, why := range w.broken {
		w.results <- judged{index: c.Index, broken: why}
	}
}

// worker judges some of the connections of a capture, one piece after the other.
type worker struct {
	judge   *judge
	results chan<- judged
	builder *dialogue.Builder
	tallies map[*capture.Conn]*tally
	broken  map[*capture.Conn]string // why connections that have not ended were given up
	ends    int64                    // the number of the connection that ends with the event at hand, or 0
}

// part judges a part of a connection.
func (w *worker) part(p *dialogue.Part) {
	t := w.tallies[p.Conn]
	if t == nil {
		t = w.judge.newTally()
	}
	t.part(w.judge, p)
	if !p.Last {
		w.tallies[p.Conn] = t
		return
	}
	delete(w.tallies, p.Conn)
	w.results <- judged{index: p.Conn.Index, conn: p.Connection, tally: t, ends: w.ends}
}

// take judges a burst. A connection is given up if the reading of it panics.
func (w *worker) take(u *burst) {
	if w.broken[u.conn] == "" {
		w.contained(u.conn, func() { w.read(u) })
	}
	if w.broken[u.conn] == "" {
		return
	}
	for _, e := range u.events {
		if e.closedAs > 0 {
			w.results <- judged{index: u.conn.Index, ends: e.closedAs, broken: w.broken[u.conn]}
			delete(w.broken, u.conn)
		}
	}
}

func (w *worker) read(u *burst) {
	var ev capture.Event
	for ev, w.ends = range u.all {
		if ev == nil {
			w.builder.End(u.conn, false)
		} else {
			w.builder.Take(ev)
		}
	}
}

// contained does something with a connection, which is given up if that panics.
func (w *worker) contained(c *capture.Conn, do func()) {
	defer func() {
		if reason := recover(); reason != nil {
			w.broken[c] = brokenReading(c, reason)
			w.builder.Drop(c)
			delete(w.tallies, c)
		}
	}()
	do()
}

// mergeAll merges results in the order in which connections ended; last come those that were still
// open, in the order in which they were opened.
func (j *judge) mergeAll(results <-chan judged) {
	next := int64(1)
	waiting := map[int64]judged{}
	var open []judged
	for r := range results {
		if r.ends == 0 {
			open = append(open, r)
			continue
		}
		waiting[r.ends] = r
		for {
			r, ok := waiting[next]
			if !ok {
				break
			}
			delete(waiting, next)
			next++
			j.mergeJudged(r)
		}
	}
	slices.SortFunc(open, func(x, y judged) int { return cmp.Compare(x.index, y.index) })
	for _, r := range open {
		j.mergeJudged(r)
	}
}

func (j *judge) mergeJudged(r judged) {
	if r.conn == nil {
		j.broken = append(j.broken, r.broken)
		j.doubtful, j.octetsMissing = true, true
		return
	}
	j.merge(r.conn, r.tally)
}

// dispatcher hands what happened to workers.
type dispatcher struct {
	queues []chan *burst
	gather gatherer
	half   map[*capture.Conn]capture.Direction // connections of which one side has closed, and which
	ended  int64
	reset  []*capture.Conn // connections that were reset, oldest first; some may have ended since
}

// maxReset is how many connections that one side reset are kept for what may follow.
const maxReset = 256

func (d *dispatcher) take(ev capture.Event) {
	switch ev := ev.(type) {
	case *capture.Opened:
		d.gather.conns++
		d.put(ev.Conn, event{event: ev})
	case *capture.Data:
		for octets := range slices.Chunk(ev.Bytes, burstOctets) {
			d.gather.octets(ev, octets)
			d.sendFull(ev.Conn)
		}
	case *capture.Gap:
		d.put(ev.Conn, event{event: ev})
	case *capture.Conflict:
		d.put(ev.Conn, event{event: ev})
	case *capture.Transport:
		d.put(ev.Conn, event{event: ev})
	case *capture.Closed:
		ends := int64(0)
		if from, ok := d.half[ev.Conn]; !ok {
			d.half[ev.Conn] = ev.From
		} else if from != ev.From {
			ends = d.end(ev.Conn)
		}
		d.put(ev.Conn, event{ev, ends})
		if ends == 0 && ev.How != capture.FIN {
			d.reset = append(d.reset, ev.Conn)
		}
		for len(d.reset) > maxReset {
			if _, ok := d.half[d.reset[0]]; ok {
				d.put(d.reset[0], event{closedAs: d.end(d.reset[0])})
			}
			d.reset = d.reset[1:]
		}
	}
}

// end counts a connection that has ended.
func (d *dispatcher) end(c *capture.Conn) (number int64) {
	delete(d.half, c)
	d.gather.conns--
	d.ended++
	return d.ended
}

func (d *dispatcher) put(c *capture.Conn, e event) {
	d.gather.event(c, e)
	d.sendFull(c)
}

// sendFull sends what is to be judged now that a connection has got more.
func (d *dispatcher) sendFull(c *capture.Conn) {
	for u := d.gather.full(c); u != nil; u = d.gather.full(c) {
		d.send(u)
	}
}

// send hands a burst to the worker that has the connection.
func (d *dispatcher) send(u *burst) { d.queues[u.conn.Index%len(d.queues)] <- u }

func (d *dispatcher) finish() {
	for u := d.gather.oldest(); u != nil; u = d.gather.oldest() {
		d.send(u)
	}
	for _, q := range d.queues {
		close(q)
	}
}
