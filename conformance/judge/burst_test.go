package judge

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// toldOctets is what a connection was told, in the order of telling.
type toldOctets struct {
	octets [2][]byte
	order  []byte // S: opened, c and s: octets of a side, once however many; G: gap; C: closed; X: gone
	stamps []capture.Stamp
	ends   int64
}

func (h *toldOctets) note(what byte, at capture.Stamp) {
	if n := len(h.order); n > 0 && h.order[n-1] == what && h.stamps[n-1] == at {
		return
	}
	h.order, h.stamps = append(h.order, what), append(h.stamps, at)
}

func (h *toldOctets) take(ev capture.Event, ends int64) {
	switch ev := ev.(type) {
	case nil:
		h.note('X', capture.Stamp{})
	case *capture.Data:
		h.octets[ev.From] = append(h.octets[ev.From], ev.Bytes...)
		h.note("cs"[ev.From], ev.At)
	case *capture.Opened:
		h.note('S', ev.At)
	case *capture.Gap:
		h.note('G', ev.At)
	case *capture.Closed:
		h.note('C', ev.At)
	}
	if ends > 0 {
		h.ends = ends
	}
}

// TestBursts: each connection is told what happened to it, in order, however much at once and among
// however many; memory is bounded.
func TestBursts(t *testing.T) {
	const conns, workers, most = 15_000, 2, 200_000
	rng := rand.New(rand.NewPCG(1, 2))
	want, got := make([]toldOctets, conns), make([]toldOctets, conns)
	queues := []chan *burst{make(chan *burst, bursts), make(chan *burst, bursts)}
	done := make(chan *burst, workers*(bursts+2))
	d := dispatcher{queues: queues, gather: gatherer{judged: done,
		open: map[*capture.Conn]*burst{}}, half: map[*capture.Conn]capture.Direction{}}
	finished := make(chan bool)
	for _, q := range queues {
		go func() {
			for u := range q {
				if u.size() > 2*burstOctets {
					t.Errorf("expected a burst of %d octets at most, got %d", 2*burstOctets, u.size())
				}
				for ev, ends := range u.all {
					got[u.conn.Index].take(ev, ends)
				}
				done <- u
			}
			finished <- true
		}()
	}
	open := make([]*capture.Conn, conns)
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	var at capture.Stamp
	send := func(c *capture.Conn, ev capture.Event) {
		want[c.Index].take(ev, 0)
		if data, ok := ev.(*capture.Data); ok {
			data.Bytes = bytes.Clone(data.Bytes)
			defer clear(data.Bytes) // it is not valid any longer
		}
		d.take(ev)
		if most := together - openCost*conns; d.gather.size > min(most, mostGathered) {
			t.Fatalf("expected %d octets at most, got %d", most, d.gather.size)
		}
	}
	next := func() capture.Stamp {
		at.Packet++
		if at.Packet > 1000 { // captures may come without times
			at.Time = time.Unix(1_700_000_000+at.Packet/7, at.Packet*1001%1e9).UTC()
		}
		return at
	}
	for i := range open {
		open[i] = &capture.Conn{Index: i}
		send(open[i], &capture.Opened{At: next(), Conn: open[i]})
	}
	for range most {
		c := open[rng.IntN(conns)]
		switch n := rng.IntN(1000); n {
		case 0:
			send(c, &capture.Gap{At: next(), Conn: c})
		case 1:
			size := 1 + rng.IntN(len(noise))
			send(c, &capture.Data{At: next(), Conn: c, From: capture.Direction(rng.IntN(2)), Bytes: noise[:size]})
		default:
			from := rng.IntN(len(noise) - 2000)
			send(c, &capture.Data{At: next(), Conn: c, From: capture.Direction(n % 2), Bytes: noise[from : from+1+rng.IntN(700)]})
		}
	}
	ended := int64(0)
	for _, i := range rng.Perm(conns)[:conns-10] { // some stay open
		c := open[i]
		send(c, &capture.Closed{At: next(), Conn: c, From: capture.FromServer})
		ended++
		want[i].ends = ended
		send(c, &capture.Closed{At: next(), Conn: c, From: capture.FromClient})
	}
	d.finish()
	<-finished
	<-finished
	d.gather.reclaim()
	for i := range want {
		w, g := &want[i], &got[i]
		if !bytes.Equal(w.octets[0], g.octets[0]) || !bytes.Equal(w.octets[1], g.octets[1]) ||
			string(w.order) != string(g.order) || w.ends != g.ends {
			t.Fatalf("connection %d: expected %q, %d and %d octets, ended as %d; got %q, %d and %d octets, ended as %d", i,
				w.order, len(w.octets[0]), len(w.octets[1]), w.ends, g.order, len(g.octets[0]), len(g.octets[1]), g.ends)
		}
		for j := range w.stamps {
			if w.stamps[j] != g.stamps[j] {
				t.Fatalf("connection %d: expected stamp %v, got %v", i, w.stamps[j], g.stamps[j])
			}
		}
	}
	if d.gather.conns != 10 {
		t.Errorf("expected 10 open connections, got %d", d.gather.conns)
	}
	if d.gather.size != 0 || len(d.gather.open) > 0 || d.gather.order.Len() > 0 {
		t.Errorf("expected nothing left, got %d octets of %d connections", d.gather.size, len(d.gather.open))
	}
	if n, most := len(d.gather.chunks)*chunkOctets, together-openCost*conns+conns*chunkOctets+cap(done)*3*burstOctets; n > most {
		t.Errorf("expected chunks of %d octets at most, got %d", most, n)
	}
}

// TestGoneIsTold: a connection that one side reset, and of which nothing more came, is ended when
// many more were reset.
func TestGoneIsTold(t *testing.T) {
	q := make(chan *burst, 4*maxReset)
	d := dispatcher{queues: []chan *burst{q}, gather: gatherer{open: map[*capture.Conn]*burst{}}, half: map[*capture.Conn]capture.Direction{}}
	for i := range maxReset + 1 {
		c := &capture.Conn{Index: i}
		d.take(&capture.Opened{Conn: c})
		d.take(&capture.Closed{Conn: c, How: capture.RST})
	}
	d.finish()
	for u := range q {
		var h toldOctets
		for ev, ends := range u.all {
			h.take(ev, ends)
		}
		want := "SC"
		if u.conn.Index == 0 {
			want = "SCX"
		}
		if string(h.order) != want || (h.ends > 0) != (u.conn.Index == 0) {
			t.Errorf("connection %d: expected %s, got %s, ended as %d", u.conn.Index, want, h.order, h.ends)
		}
	}
}
