package reduce

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
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
	opened  time.Time
	packet  int64
	comment string // on that packet
	pieces  [2][]piece
	dia     *dialogue.Connection
	closed  []*capture.Closed
	steps   []*step
}

// piece is a run of octets as the capture has them.
type piece struct {
	offset  int64
	at      capture.Stamp
	octets  []byte
	comment string
}

// kind tells what a step is.
type kind uint8

const (
	line    kind = iota // of the negotiation, or octets that are neither
	message             // a frame, or a line of a driver log
	end                 // of a direction
	remark              // a comment where nothing is said
)

// step is something that one side did.
type step struct {
	kind    kind
	from    capture.Direction
	at      capture.Stamp
	octets  []byte
	first   int64           // where its octets were in the direction
	behind  int64           // and where those behind them
	frame   *dialogue.Frame // of a message that is a frame
	how     capture.CloseHow
	comment string // on the packet
}

// read reads a capture into what its connections did. It reads it twice.
func read(open func() (*capture.Reader, error)) (list []*connection, err error) {
	left := maxOctets
	r, err := open()
	if err != nil {
		return nil, err
	}
	list, err = readEvents(r, &left)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if r, err = open(); err != nil {
		return nil, err
	}
	if err := errors.Join(readRemarks(r, list, &left), r.Close()); err != nil {
		return nil, err
	}
	for _, c := range list {
		c.cut()
	}
	return list, nil
}

// keep counts octets that are kept.
func keep(left *int, octets int) error {
	if *left -= octets; *left < 0 {
		return fmt.Errorf("%w: expected at most %d octets of connections together; choose some with 'editcap' first", ErrTooLarge, maxOctets)
	}
	return nil
}

// cannotRead is what keeps a capture from being reduced.
func cannotRead(err error) error {
	return fmt.Errorf("reduce: the capture cannot be read to its end: %w", err)
}

// readEvents reads what was said in a capture, and what is said of it.
func readEvents(r *capture.Reader, left *int) ([]*connection, error) {
	var list []*connection
	byConn := map[*capture.Conn]*connection{}
	var events []capture.Event
	for ev, err := range r.Events(capture.Limits{}) {
		if err != nil {
			return nil, cannotRead(err)
		}
		switch e := ev.(type) {
		case *capture.Opened:
			c := &connection{Conn: e.Conn, opened: e.At.Time, packet: e.At.Packet, comment: e.Comment}
			list, byConn[e.Conn] = append(list, c), c
			if err := keep(left, len(e.Comment)); err != nil {
				return nil, err
			}
		case *capture.Data:
			if err := keep(left, len(e.Bytes)+len(e.Comment)); err != nil {
				return nil, err
			}
			copied := *e
			copied.Bytes = slices.Clone(e.Bytes)
			ev = &copied
			c := byConn[e.Conn]
			c.pieces[e.From] = append(c.pieces[e.From], piece{e.Offset, e.At, copied.Bytes, e.Comment})
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
	return list, err
}

// readRemarks finds comments on packets that carry nothing, such as those by which a relay says
// what it does, and adds them to what the connections did.
func readRemarks(r *capture.Reader, list []*connection, left *int) error {
	type ends [2]netip.AddrPort
	between := map[ends][]*connection{}
	for _, c := range list {
		between[ends{c.Client, c.Server}] = append(between[ends{c.Client, c.Server}], c)
	}
	for s, err := range r.Segments() {
		switch {
		case err != nil:
			return cannotRead(err)
		case s.Comment == "" || len(s.Payload)+s.Missing > 0 || s.FIN || s.RST:
			continue
		}
		src, dst := s.Ends()
		from, of := capture.FromClient, ends{src, dst}
		if between[of] == nil {
			from, of = capture.FromServer, ends{dst, src}
		}
		for _, c := range slices.Backward(between[of]) {
			if c.packet == s.At.Packet {
				break
			}
			if c.packet < s.At.Packet {
				if err := keep(left, len(s.Comment)); err != nil {
					return err
				}
				c.steps = append(c.steps, &step{kind: remark, from: from, at: s.At, comment: s.Comment})
				break
			}
		}
	}
	return nil
}

// cut cuts what was sent into steps, in the order of the capture.
func (c *connection) cut() {
	var known [2][]*step // with the offset of each
	var offsets [2][]int64
	add := func(from capture.Direction, offset int64, s *step) {
		s.first, s.behind = offset, offset+int64(len(s.octets))
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
	for from := range c.pieces {
		c.comments(capture.Direction(from))
	}
	for _, e := range c.closed {
		if e.How != capture.Forgotten {
			c.steps = append(c.steps, &step{kind: end, from: e.From, at: e.At, how: e.How, comment: e.Comment})
		}
	}
	slices.SortStableFunc(c.steps, func(a, b *step) int { return cmp.Compare(a.at.Packet, b.at.Packet) })
}

// rest adds octets that are neither a line nor a frame.
func (c *connection) rest(from capture.Direction, first, behind int64) {
	for _, p := range c.pieces[from] {
		lo, hi := max(first, p.offset), min(behind, p.offset+int64(len(p.octets)))
		if lo < hi {
			c.steps = append(c.steps, &step{kind: line, from: from, at: p.at, octets: p.octets[lo-p.offset : hi-p.offset], first: lo, behind: hi})
		}
	}
}

// comments gives each comment on octets to what was said with the first of these. Pieces and steps
// of a direction are in order.
func (c *connection) comments(from capture.Direction) {
	pieces := c.pieces[from]
	for _, s := range c.steps {
		if s.from != from {
			continue
		}
		for ; len(pieces) > 0 && pieces[0].offset < s.behind; pieces = pieces[1:] {
			if p := pieces[0]; p.comment != "" && p.offset >= s.first {
				s.comment = strings.TrimPrefix(s.comment+"\n"+p.comment, "\n")
			}
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
			iface, err := w.Interface(cmp.Or(c.Interface.Name, "connections"), c.Interface.Description)
			if err != nil {
				return err
			}
			rec, err = w.Open(iface, c.Client, c.Server, c.opened, ch.said(c, capture.FromClient, c.comment)...)
			return err
		}})
		for _, s := range c.steps {
			if ch.steps[s] {
				acts = append(acts, act{s.at.Packet, func() error { return s.write(rec, ch.said(c, s.from, s.comment)) }})
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

func (s *step) write(rec *capture.Recorder, comments []string) error {
	switch {
	case s.kind == remark:
		return rec.Comment(s.from, s.at.Time, comments...)
	case s.kind != end:
		return rec.Data(s.from, s.octets, s.at.Time, comments...)
	case s.how == capture.RST:
		return rec.Reset(s.from, s.at.Time, comments...)
	}
	return rec.CloseWrite(s.from, s.at.Time, comments...)
}

// said are the lines of a comment. One in which a relay says from which octet on it kept to itself
// what a side said means the same octet of what is left of that.
func (ch *chosen) said(c *connection, from capture.Direction, comment string) (lines []string) {
	for said := range strings.Lines(comment) {
		said = strings.TrimSuffix(said, "\n")
		if how, first, ok := capture.ReadWithholding(said); ok {
			said = capture.Withholding(how, ch.where(c, from, first))
		}
		lines = append(lines, said)
	}
	return lines
}

// where is where an octet of a direction is in what was chosen. Of what was cut there, some is
// behind it whatever became of it.
func (ch *chosen) where(c *connection, from capture.Direction, octet int64) (at int64) {
	for _, s := range c.steps {
		switch size := int64(len(s.octets)); {
		case !ch.steps[s] || s.from != from || s.first >= octet:
		case s.behind <= octet:
			at += size
		default:
			at += min(octet-s.first, size-1)
		}
	}
	return at
}
