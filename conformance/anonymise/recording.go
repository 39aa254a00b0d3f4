package anonymise

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxOctets bounds the octets of the connections of a capture: they are kept, as they were and as
// they become.
const maxOctets = 32 << 20

// ErrTooLarge says that a capture holds more octets than are looked at together.
var ErrTooLarge = errors.New("anonymise: the capture is too large")

// recording is what the connections of a capture say.
type recording struct {
	conns  []*connection
	byConn map[*capture.Conn]*connection
	stats  capture.Stats
}

// connection is what one connection says, and what becomes of it.
type connection struct {
	*capture.Conn
	dialogue *dialogue.Connection
	opened   int64 // the number of its first packet
	halves   [2]half
}

// half is one direction of a connection.
type half struct {
	pieces []piece // in their order
	// base is the sequence number of its first octet, if known: by the handshake, or by a packet that
	// holds octets of it.
	base  uint32
	known bool
	gap   bool // of a size that nobody knows
}

// piece is a run of octets as they were, and as they become. done tells which were replaced.
type piece struct {
	at     int64
	packet int64 // that holds them
	before []byte
	after  []byte
	done   []bool
}

// record reads a capture.
func record(r *capture.Reader) (*recording, error) {
	rec := &recording{byConn: map[*capture.Conn]*connection{}}
	var events []capture.Event
	octets := 0
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			return nil, fmt.Errorf("anonymise: the capture cannot be read to its end: %w", err)
		}
		switch e := ev.(type) {
		case *capture.Opened:
			c := &connection{Conn: e.Conn, opened: e.At.Packet}
			rec.conns, rec.byConn[e.Conn] = append(rec.conns, c), c
		case *capture.Data:
			if octets += len(e.Bytes); octets > maxOctets {
				return nil, fmt.Errorf("%w: expected at most %d octets of connections together; 'editcap' or 'ikc-conform reduce' makes less of it", ErrTooLarge, maxOctets)
			}
			copied := *e
			copied.Bytes = slices.Clone(e.Bytes)
			ev = &copied
			h := &rec.byConn[e.Conn].halves[e.From]
			h.pieces = append(h.pieces, piece{e.Offset, e.Held().Packet, copied.Bytes, slices.Clone(e.Bytes), make([]bool, len(e.Bytes))})
		case *capture.Gap:
			h := &rec.byConn[e.Conn].halves[e.From]
			h.gap = h.gap || e.Octets == capture.Unknown
		case *capture.End:
			rec.stats = e.Stats
		}
		events = append(events, ev)
	}
	source := func(yield func(capture.Event, error) bool) {
		for _, ev := range events {
			if !yield(ev, nil) {
				return
			}
		}
	}
	return rec, dialogue.Read(source, dialogue.Options{}, func(c *dialogue.Connection) { rec.byConn[c.Conn].dialogue = c })
}

// take gives octets of a direction as they were; nil if the capture does not hold all of them.
func (h *half) take(at int64, size int) []byte {
	out := make([]byte, 0, size)
	for _, p := range h.pieces {
		if from, to := overlap(p, at, size); from < to && p.at+int64(from) == at+int64(len(out)) {
			out = append(out, p.before[from:to]...)
		}
	}
	if len(out) != size {
		return nil
	}
	return out
}

// replace puts octets in the place of others; what is nil stays to be blanked.
func (h *half) replace(at int64, octets []byte) {
	for _, p := range h.pieces {
		from, to := overlap(p, at, len(octets))
		for i := from; i < to; i++ {
			p.after[i], p.done[i] = octets[p.at+int64(i)-at], true
		}
	}
}

// overlap is which octets of a piece are among some of the direction.
func overlap(p piece, at int64, size int) (from, to int) {
	from = int(max(0, min(at-p.at, int64(len(p.before)))))
	to = int(max(0, min(at+int64(size)-p.at, int64(len(p.before)))))
	return from, to
}

// blank replaces what was not understood, letters and digits by one each: kinds of octets stay, and
// lengths in front of frames that are not whole. It says how many octets that were.
func (h *half) blank() (n int64) {
	for i := range h.pieces {
		p := &h.pieces[i]
		for j := range p.after {
			if p.done[j] {
				continue
			}
			n++
			p.after[j] = blanked(p.before[j])
		}
	}
	return n
}

func blanked(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return 'x'
	case c >= 'A' && c <= 'Z':
		return 'X'
	case c >= '0' && c <= '9':
		return '7'
	case c >= 0x80:
		return 0xff
	}
	return c
}

// maxHead is how many digits the length of a frame has at most.
const maxHead = 10

// heads keeps the length in front of a frame that is not whole, at what was not understood first.
func (h *half) heads() {
	for i := range h.pieces {
		p := &h.pieces[i]
		for j := 0; j < len(p.before); j++ {
			if p.done[j] || j > 0 && !p.done[j-1] || j == 0 && i > 0 {
				continue
			}
			n := 0
			for j+n < len(p.before) && n < maxHead && p.before[j+n] >= '0' && p.before[j+n] <= '9' {
				n++
			}
			if n > 0 && j+n < len(p.before) && p.before[j+n] == 0 {
				h.replace(p.at+int64(j), p.before[j:j+n+1])
			}
		}
	}
}

// roleOf is the direction of a side.
func direction(r wire.Role) capture.Direction {
	if r == wire.Client {
		return capture.FromClient
	}
	return capture.FromServer
}

// ends names the two ends of a connection, the lower first.
type ends struct{ a, b netip.AddrPort }

func endsOf(x, y netip.AddrPort) ends {
	if x.Compare(y) > 0 {
		x, y = y, x
	}
	return ends{x, y}
}
