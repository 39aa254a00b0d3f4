package conformance

import "github.com/perl-ikc/ikc-conform/conformance/capture"

// A capture of many connections has a packet of each in turn. To judge them in that order is slow: what is known of a
// connection has left the caches of the processor by the time of its next packet, and little can be settled of a message
// alone. So what happens to a connection is gathered for a while, as octets, which take little memory.

const (
	// burstOctets is how much is gathered of a connection at most, by burst.size.
	burstOctets = 32 << 10
	// gathered is how much is of all, by burst.size.
	gathered = 32 << 20
	// happeningSize is what a happening counts besides its octets.
	happeningSize = 80
	// keptOctets is how large a buffer is to be used again, in octets.
	keptOctets = 2 * burstOctets
)

// happening is one event of a connection: octets if there are any, else an event if it is set, else that no more will come.
type happening struct {
	at     capture.Stamp // of octets
	from   capture.Direction
	octets int
	event  capture.Event
	ends   int64 // if the connection ends with it, the how manieth that is, from 1
}

// burst is what happened to one connection in a while.
type burst struct {
	conn     *capture.Conn
	happened []happening
	octets   []byte // of all, in order
	taken    int    // of octets

	prev, next *burst // in gatherer
}

// take returns the next n octets.
func (u *burst) take(n int) []byte {
	u.taken += n
	return u.octets[u.taken-n : u.taken : u.taken]
}

// size is about what a burst takes in memory.
func (u *burst) size() int { return len(u.octets) + happeningSize*len(u.happened) }

// reset returns an empty burst that uses the memory of u again.
func (u *burst) reset() *burst {
	clear(u.happened)
	u.happened, u.octets = u.happened[:0], u.octets[:0]
	if cap(u.octets) > keptOctets {
		u.octets = nil
	}
	*u = burst{happened: u.happened, octets: u.octets}
	return u
}

// gatherer has the bursts that are being gathered, one for each connection that something happened to. It is for one goroutine.
type gatherer struct {
	free  <-chan *burst // to be used again
	open  map[*capture.Conn]*burst
	last  *burst // the one of the last call of of; always one of open
	size  int    // of all
	front *burst // the oldest
	back  *burst
}

// of returns the burst of a connection, a new one if there is none.
func (g *gatherer) of(c *capture.Conn) *burst {
	if g.last != nil && g.last.conn == c {
		return g.last
	}
	u := g.open[c]
	if u == nil {
		select {
		case u = <-g.free:
		default:
			u = new(burst)
		}
		u.conn, u.prev = c, g.back
		if g.back == nil {
			g.front = u
		} else {
			g.back.next = u
		}
		g.back = u
		g.open[c] = u
	}
	g.last = u
	return u
}

// put adds what happened to a connection to its burst, which has the octets already. It returns a burst that is to be
// judged now, nil if there is none.
func (g *gatherer) put(c *capture.Conn, h happening) *burst {
	u := g.of(c)
	u.happened = append(u.happened, h)
	g.size += happeningSize + h.octets
	if u.size() >= burstOctets || h.ends > 0 {
		return g.remove(u)
	}
	return g.over()
}

// over returns the oldest burst if there is too much in all, else nil.
func (g *gatherer) over() *burst {
	if g.size <= gathered {
		return nil
	}
	return g.oldest()
}

// oldest takes out the oldest burst. It returns nil if there is none.
func (g *gatherer) oldest() *burst {
	if g.front == nil {
		return nil
	}
	return g.remove(g.front)
}

func (g *gatherer) remove(u *burst) *burst {
	if u.prev == nil {
		g.front = u.next
	} else {
		u.prev.next = u.next
	}
	if u.next == nil {
		g.back = u.prev
	} else {
		u.next.prev = u.prev
	}
	u.prev, u.next = nil, nil
	delete(g.open, u.conn)
	if g.last == u {
		g.last = nil
	}
	g.size -= u.size()
	return u
}
