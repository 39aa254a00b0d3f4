package reduce

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxOctets bounds the octets of the connections of a capture: it is kept, and written many times.
const maxOctets = 32 << 20

// ErrTooLarge says that a capture holds more octets than are looked at together.
var ErrTooLarge = errors.New("reduce: the capture is too large")

// connection is one connection, as what was sent in it.
type connection struct {
	*capture.Conn
	opened time.Time
	packet int64
	pieces [2][]piece
	dia    *dialogue.Connection
	closed []*capture.Closed
	steps  []*step
}

// piece is a run of octets as the capture has them.
type piece struct {
	offset int64
	at     capture.Stamp
	octets []byte
}

// kind tells what a step is.
type kind uint8

const (
	line    kind = iota // of the negotiation, or octets that are neither
	message             // a frame, or a line of a driver log
	end                 // of a direction
)

// step is something that one side did.
type step struct {
	kind   kind
	from   capture.Direction
	at     capture.Stamp
	octets []byte
	frame  *dialogue.Frame // of a message that is a frame
	closed *capture.Closed
}

// read reads a capture into what its connections did.
func read(r *capture.Reader) ([]*connection, error) {
	var list []*connection
	byConn := map[*capture.Conn]*connection{}
	var events []capture.Event
	octets := 0
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			return nil, fmt.Errorf("reduce: the capture cannot be read to its end: %w", err)
		}
		switch e := ev.(type) {
		case *capture.Opened:
			c := &connection{Conn: e.Conn, opened: e.At.Time, packet: e.At.Packet}
			list, byConn[e.Conn] = append(list, c), c
		case *capture.Data:
			if octets += len(e.Bytes); octets > maxOctets {
				return nil, fmt.Errorf("%w: expected at most %d octets of connections together; choose some with 'editcap' first", ErrTooLarge, maxOctets)
			}
			copied := *e
			copied.Bytes = slices.Clone(e.Bytes)
			ev = &copied
			c := byConn[e.Conn]
			c.pieces[e.From] = append(c.pieces[e.From], piece{e.Offset, e.At, copied.Bytes})
		case *capture.Closed:
			byConn[e.Conn].closed = append(byConn[e.Conn].closed, e)
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
	err := dialogue.Read(source, dialogue.Options{}, func(c *dialogue.Connection) { byConn[c.Conn].dia = c })
	for _, c := range list {
		c.cut()
	}
	return list, err
}

// cut cuts what was sent into steps, in the order of the capture.
func (c *connection) cut() {
	var known [2][]*step // with the offset of each
	var offsets [2][]int64
	add := func(from capture.Direction, offset int64, s *step) {
		known[from], offsets[from] = append(known[from], s), append(offsets[from], offset)
	}
	if c.dia != nil {
		for _, item := range c.dia.Items {
			switch it := item.(type) {
			case *dialogue.Line:
				add(direction(it.From), it.Offset, &step{kind: line, from: direction(it.From), at: it.At, octets: []byte(it.Text + it.End)})
			case *dialogue.Frame:
				octets := frameOctets(it.Head, it.Image)
				add(direction(it.From), it.Offset, &step{kind: message, from: direction(it.From), at: it.At, octets: octets, frame: it})
			case *dialogue.ControlLine:
				from := direction(it.From)
				if octets := c.take(from, it.Offset, it.Offset+int64(it.Octets)); len(octets) == it.Octets {
					add(from, it.Offset, &step{kind: message, from: from, at: it.At, octets: octets})
				}
			}
		}
	}
	for _, from := range []capture.Direction{capture.FromClient, capture.FromServer} {
		next := int64(0)
		for i, s := range known[from] {
			c.rest(from, next, offsets[from][i])
			c.steps = append(c.steps, s)
			next = offsets[from][i] + int64(len(s.octets))
		}
		c.rest(from, next, 1<<62)
	}
	for _, e := range c.closed {
		if e.How != capture.Forgotten {
			c.steps = append(c.steps, &step{kind: end, from: e.From, at: e.At, closed: e})
		}
	}
	slices.SortStableFunc(c.steps, func(a, b *step) int { return cmp.Compare(a.at.Packet, b.at.Packet) })
}

// rest adds octets that are neither a line nor a frame.
func (c *connection) rest(from capture.Direction, first, behind int64) {
	for _, p := range c.pieces[from] {
		lo, hi := max(first, p.offset), min(behind, p.offset+int64(len(p.octets)))
		if lo < hi {
			c.steps = append(c.steps, &step{kind: line, from: from, at: p.at, octets: p.octets[lo-p.offset : hi-p.offset]})
		}
	}
}

func (c *connection) take(from capture.Direction, first, behind int64) (out []byte) {
	for _, p := range c.pieces[from] {
		if lo, hi := max(first, p.offset), min(behind, p.offset+int64(len(p.octets))); lo < hi {
			out = append(out, p.octets[lo-p.offset:hi-p.offset]...)
		}
	}
	return out
}

func frameOctets(head string, image []byte) []byte {
	return append(append([]byte(head), 0), image...)
}

func direction(r wire.Role) capture.Direction {
	if r == wire.Client {
		return capture.FromClient
	}
	return capture.FromServer
}

// chosen is what is tried: connections, and which of their steps.
type chosen struct {
	conns []*connection
	steps map[*step]bool
}

// write writes what was chosen as a capture.
func (ch *chosen) write() ([]byte, error) {
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.Meta{})
	if err != nil {
		return nil, err
	}
	type act struct {
		packet int64
		do     func() error
	}
	var acts []act
	for _, c := range ch.conns {
		var rec *capture.Recorder
		acts = append(acts, act{c.packet, func() (err error) {
			iface, err := w.Interface(cmp.Or(c.Interface.Name, "connections"), "")
			if err != nil {
				return err
			}
			rec, err = w.Open(iface, c.Client, c.Server, c.opened)
			return err
		}})
		for _, s := range c.steps {
			if ch.steps[s] {
				acts = append(acts, act{s.at.Packet, func() error { return s.write(rec) }})
			}
		}
	}
	slices.SortStableFunc(acts, func(a, b act) int { return cmp.Compare(a.packet, b.packet) })
	for _, a := range acts {
		if err := a.do(); err != nil && !errors.Is(err, capture.ErrOver) {
			return nil, err
		}
	}
	err = w.Close()
	return out.Bytes(), err
}

func (s *step) write(rec *capture.Recorder) error {
	if s.kind != end {
		return rec.Data(s.from, s.octets, s.at.Time)
	}
	var comments []string
	for _, own := range []string{capture.RelayUnreached, capture.RelayCut} {
		if strings.HasPrefix(s.closed.Comment, own) {
			comments = []string{s.closed.Comment}
		}
	}
	if s.closed.How == capture.RST {
		return rec.Reset(s.from, s.at.Time, comments...)
	}
	return rec.CloseWrite(s.from, s.at.Time, comments...)
}
