package conformance

import (
	"cmp"
	"runtime"
	"slices"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// Reading a capture takes one goroutine, and judging its connections several: each connection is judged by one of
// them. What they find is merged in the order in which the connections ended, so the verdicts do not depend on
// who was faster.

const (
	// batchEvents and batchOctets are how much is handed to a worker at once, and batches how often before it must
	// have judged some.
	batchEvents = 512
	batchOctets = 256 << 10
	batches     = 4
	// progressEvery is after how many events the progress is told.
	progressEvery = 4096
)

// batch is a run of events for one worker.
type batch struct {
	events []batched
	octets []byte // what the data of the events is in
}

// batched is an event, and if a connection ends with it, the how manieth that is, from 1. An event that is nil
// ends the connection gone.
type batched struct {
	event capture.Event
	ends  int64
	gone  *capture.Conn
}

// judged is what a worker found in a connection.
type judged struct {
	conn  *dialogue.Connection
	tally *tally
	ends  int64 // 0: it was open at the end of the capture
}

// read judges the connections of a capture.
func (j *Judge) read(r *capture.Reader, opts dialogue.Options, window dialogue.Window) error {
	workers := runtime.GOMAXPROCS(0)
	results := make(chan judged, 64)
	free := make(chan *batch, (workers+1)*(batches+1))
	queues := make([]chan *batch, workers)
	var cut bool // set before the queues are closed
	var group sync.WaitGroup
	for i := range queues {
		queues[i] = make(chan *batch, batches)
		group.Go(func() { j.work(queues[i], free, results, opts, window.Share(workers), &cut) })
	}
	merged := make(chan struct{})
	go func() {
		defer close(merged)
		j.mergeAll(results)
	}()
	d := dispatcher{queues: queues, free: free, current: make([]*batch, workers), half: map[*capture.Conn]capture.Direction{}}
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
func (j *Judge) work(queue <-chan *batch, free chan<- *batch, results chan<- judged, opts dialogue.Options, window dialogue.Window, cut *bool) {
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
	for batch := range queue {
		for _, e := range batch.events {
			ends = e.ends
			if e.event == nil {
				b.End(e.gone)
			} else {
				b.Take(e.event)
			}
		}
		batch.events, batch.octets = batch.events[:0], batch.octets[:0]
		select {
		case free <- batch:
		default:
		}
	}
	ends = 0
	b.Finish(*cut)
}

// mergeAll merges results in the order in which connections ended; last come those that were still open, in the
// order in which they were opened.
func (j *Judge) mergeAll(results <-chan judged) {
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

// dispatcher hands events to workers.
type dispatcher struct {
	queues  []chan *batch
	free    chan *batch
	current []*batch
	half    map[*capture.Conn]capture.Direction // connections of which one side has closed, and which
	ended   int64
	reset   []*capture.Conn // connections that were reset, oldest first; some may have ended since
}

// maxReset is how many connections that one side reset are kept for what may follow.
const maxReset = 256

func (d *dispatcher) take(ev capture.Event) {
	switch ev := ev.(type) {
	case *capture.Opened:
		d.put(ev.Conn, batched{event: ev})
	case *capture.Data:
		b := d.batch(ev.Conn)
		if len(b.octets)+len(ev.Bytes) > cap(b.octets) {
			if len(b.events) > 0 {
				d.send(d.worker(ev.Conn))
				b = d.batch(ev.Conn)
			}
			if len(ev.Bytes) > cap(b.octets) {
				b.octets = make([]byte, 0, len(ev.Bytes))
			}
		}
		at := len(b.octets)
		b.octets = append(b.octets, ev.Bytes...)
		ev.Bytes = b.octets[at:len(b.octets):len(b.octets)]
		d.put(ev.Conn, batched{event: ev})
	case *capture.Gap:
		d.put(ev.Conn, batched{event: ev})
	case *capture.Closed:
		ends := int64(0)
		if from, ok := d.half[ev.Conn]; !ok {
			d.half[ev.Conn] = ev.From
		} else if from != ev.From {
			d.ended++
			ends = d.ended
			delete(d.half, ev.Conn)
		}
		d.put(ev.Conn, batched{event: ev, ends: ends})
		if ends == 0 && ev.How != capture.FIN {
			d.reset = append(d.reset, ev.Conn)
		}
		for len(d.reset) > maxReset {
			if _, ok := d.half[d.reset[0]]; ok {
				d.ended++
				delete(d.half, d.reset[0])
				d.put(d.reset[0], batched{gone: d.reset[0], ends: d.ended})
			}
			d.reset = d.reset[1:]
		}
	}
}

func (d *dispatcher) worker(c *capture.Conn) int { return c.Index % len(d.queues) }

func (d *dispatcher) batch(c *capture.Conn) *batch {
	i := d.worker(c)
	if d.current[i] == nil {
		select {
		case d.current[i] = <-d.free:
		default:
			d.current[i] = &batch{events: make([]batched, 0, batchEvents), octets: make([]byte, 0, batchOctets)}
		}
	}
	return d.current[i]
}

func (d *dispatcher) put(c *capture.Conn, e batched) {
	b := d.batch(c)
	if b.events = append(b.events, e); len(b.events) >= batchEvents {
		d.send(d.worker(c))
	}
}

func (d *dispatcher) send(i int) {
	if b := d.current[i]; b != nil {
		d.queues[i] <- b
		d.current[i] = nil
	}
}

func (d *dispatcher) finish() {
	for i, q := range d.queues {
		d.send(i)
		close(q)
	}
}
