package judge

import (
	"container/list"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// A capture of many connections has a packet of each in turn. To judge them in that order is slow:
// what is known of a connection has left the caches of the processor by the time of its next
// packet, and little can be settled of a message alone. So what happens to a connection is gathered
// for a while, as octets, which take little memory.

const (
	// burstOctets is how much is gathered of a connection at most, by burst.size.
	burstOctets = 32 << 10
	// What is gathered of all, by burst.size, is at most mostGathered, and leastGathered if there are
	// so many connections that what is kept of them, about openCost each, and what is gathered would
	// take more than together. Besides, each connection takes a chunk.
	mostGathered  = 128 << 20
	leastGathered = 32 << 20
	openCost      = 14 << 10
	together      = 256 << 20
	// chunkOctets is in what pieces memory is taken for octets.
	chunkOctets = 1 << 10
	// recordSize is what a happening counts besides its octets.
	recordSize = 40
)

// record is one event of a connection: octets, or if there are none, the next of burst.events.
// There are as many as packets, so it holds no pointers, which the garbage collector would have to
// follow.
type record struct {
	packet, seconds int64 // of the Stamp of the packet that holds them
	nanos           int32
	octets          int32
	from            capture.Direction
}

// event is one that is not octets. If the connection ends with it, closedAs is its number among the
// connections that ended, from 1.
type event struct {
	event    capture.Event // nil if no more will come
	closedAs int64
}

// burst is what happened to one connection in a while.
type burst struct {
	conn    *capture.Conn
	records []record
	events  []event
	chunks  []*[chunkOctets]byte // with the octets, in order; all but the last are full
	octets  int                  // in all

	at *list.Element // in gatherer.order
}

// size is about what a burst takes in memory, but for its last chunk.
func (u *burst) size() int { return u.octets + recordSize*len(u.records) }

// all gives what happened: events, and with the event that ends the connection its number among the
// connections that ended, from 1. A nil event says that no more will come. Data is valid until the
// next.
func (u *burst) all(yield func(ev capture.Event, ends int64) bool) {
	at, events := 0, u.events
	var data capture.Data
	for i := range u.records {
		h := &u.records[i]
		if h.octets == 0 {
			e := events[0]
			events = events[1:]
			if !yield(e.event, e.closedAs) {
				return
			}
			continue
		}
		data = capture.Data{At: capture.Stamp{Packet: h.packet, Time: time.Unix(h.seconds, int64(h.nanos)).UTC()}, Conn: u.conn, From: h.from}
		for left := int(h.octets); left > 0; left -= len(data.Bytes) {
			in := at % chunkOctets
			data.Bytes = u.chunks[at/chunkOctets][in:min(in+left, chunkOctets)]
			at += len(data.Bytes)
			if !yield(&data, 0) {
				return
			}
		}
	}
}

// gatherer has the bursts that are being gathered, one for each connection that something happened
// to. It is for one goroutine.
type gatherer struct {
	judged <-chan *burst // whose memory is used again
	open   map[*capture.Conn]*burst
	last   *burst    // the one of the last call of of; always one of open
	size   int       // of all
	conns  int       // how many connections are open
	order  list.List // of all, the oldest first

	bursts []*burst // to be used again
	chunks []*[chunkOctets]byte
}

// of returns the burst of a connection, a new one if there is none.
func (g *gatherer) of(c *capture.Conn) *burst {
	if g.last != nil && g.last.conn == c {
		return g.last
	}
	u := g.open[c]
	if u == nil {
		if n := len(g.bursts); n > 0 {
			u, g.bursts = g.bursts[n-1], g.bursts[:n-1]
		} else {
			u = new(burst)
		}
		u.conn, u.at = c, g.order.PushBack(u)
		g.open[c] = u
	}
	g.last = u
	return u
}

// reclaim takes back the memory of bursts that were judged. That is due before another is handed
// out: judged has room for as many as can be on their way, no more.
func (g *gatherer) reclaim() {
	for {
		select {
		case u := <-g.judged:
			g.chunks = append(g.chunks, u.chunks...)
			clear(u.events)
			*u = burst{records: u.records[:0], events: u.events[:0], chunks: u.chunks[:0]}
			g.bursts = append(g.bursts, u)
		default:
			return
		}
	}
}

// octets adds octets of a connection, at most burstOctets.
func (g *gatherer) octets(d *capture.Data, octets []byte) {
	u := g.of(d.Conn)
	n := len(octets)
	for len(octets) > 0 {
		in := u.octets % chunkOctets
		if in == 0 {
			u.chunks = append(u.chunks, g.chunk())
		}
		k := copy(u.chunks[len(u.chunks)-1][in:], octets)
		u.octets, octets = u.octets+k, octets[k:]
	}
	g.size += n + recordSize
	at := d.Held()
	u.records = append(u.records, record{packet: at.Packet, seconds: at.Time.Unix(),
		nanos: int32(at.Time.Nanosecond()), octets: int32(n), from: d.From})
}

func (g *gatherer) chunk() *[chunkOctets]byte {
	n := len(g.chunks)
	if n == 0 {
		return new([chunkOctets]byte)
	}
	c := g.chunks[n-1]
	g.chunks = g.chunks[:n-1]
	return c
}

// event adds what is not octets.
func (g *gatherer) event(c *capture.Conn, e event) {
	u := g.of(c)
	g.size += recordSize
	u.records = append(u.records, record{})
	u.events = append(u.events, e)
}

// full returns the burst of a connection if it is to be judged now, else another of which that is
// so; nil if there is none.
func (g *gatherer) full(c *capture.Conn) *burst {
	u := g.last
	if u != nil && u.conn == c && (u.size() >= burstOctets || len(u.events) > 0 && u.events[len(u.events)-1].closedAs > 0) {
		return g.remove(u)
	}
	if g.size > leastGathered && g.size > min(mostGathered, together-openCost*g.conns) {
		return g.oldest()
	}
	return nil
}

// oldest takes out the oldest burst. It returns nil if there is none.
func (g *gatherer) oldest() *burst {
	first := g.order.Front()
	if first == nil {
		return nil
	}
	return g.remove(first.Value.(*burst))
}

func (g *gatherer) remove(u *burst) *burst {
	g.reclaim()
	g.order.Remove(u.at)
	delete(g.open, u.conn)
	if g.last == u {
		g.last = nil
	}
	g.size -= u.size()
	return u
}
