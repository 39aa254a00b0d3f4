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
	conn  *dialogue.Connection
	tally *tally
	ends  int64 // 0: it was open at the end of the capture
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
	events := 0
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			failed = err
		}
		if ev != nil {
			d.take(ev)
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
	if opts.Progress != nil {
		opts.Progress(r.Offset())
	}
	return failed
}

// work judges the connections of one queue.
func (j *judge) work(queue <-chan *burst, done chan<- *burst,
	results chan<- judged, opts dialogue.Options, window dialogue.Window, cut *bool) {
	tallies := map[*dialogue.Connection]*tally{}
	ends := int64(0)
	b := dialogue.NewBuilder(opts, window, func(p *dialogue.Part) {
		t := tallies[p.Connection]
		if t == nil {
			t = j.newTally()
		}
		t.part(j, p)
		if !p.Last {
			tallies[p.Connection] = t
			return
		}
		delete(tallies, p.Connection)
		results <- judged{p.Connection, t, ends}
	})
	for u := range queue {
		var ev capture.Event
		for ev, ends = range u.all {
			if ev == nil {
				b.End(u.conn)
			} else {
				b.Take(ev)
			}
		}
		done <- u
	}
	ends = 0
	b.Finish(*cut)
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
			j.merge(r.conn, r.tally)
		}
	}
	slices.SortFunc(open, func(x, y judged) int { return cmp.Compare(x.conn.Conn.Index, y.conn.Conn.Index) })
	for _, r := range open {
		j.merge(r.conn, r.tally)
	}
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
		d.put(ev.Conn, event{event: ev})
	case *capture.Data:
		for octets := range slices.Chunk(ev.Bytes, burstOctets) {
			d.gather.octets(ev, octets)
			d.sendFull(ev.Conn)
		}
	case *capture.Gap:
		d.put(ev.Conn, event{event: ev})
	case *capture.Closed:
		ends := int64(0)
		if from, ok := d.half[ev.Conn]; !ok {
			d.half[ev.Conn] = ev.From
		} else if from != ev.From {
			d.ended++
			ends = d.ended
			delete(d.half, ev.Conn)
		}
		d.put(ev.Conn, event{ev, ends})
		if ends == 0 && ev.How != capture.FIN {
			d.reset = append(d.reset, ev.Conn)
		}
		for len(d.reset) > maxReset {
			if _, ok := d.half[d.reset[0]]; ok {
				d.ended++
				delete(d.half, d.reset[0])
				d.put(d.reset[0], event{closedAs: d.ended})
			}
			d.reset = d.reset[1:]
		}
	}
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
