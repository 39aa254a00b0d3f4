package client

import (
	"bytes"
	"encoding/json"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Behaviour is one thing that a kernel or a ClientLite does wrong.
type Behaviour struct {
	// Name is a few words; Text says what it does in a sentence.
	Name, Text string
	// Kills are the checks that must fail.
	Kills []string
	// Role, Dialect and Serializer are the cell in which it shows.
	Role       cell.Role
	Dialect    cell.Dialect
	Serializer cell.Serializer // Storable if it is empty

	line    func(line string) []string            // replaces a line of the negotiation
	lineEnd string                                // replaces CRLF
	before  string                                // written before the first frame
	after   func(line string) []byte              // written behind a line
	message func(m *wire.Message) []*wire.Message // replaces a message
	value   func(v *perl.Value) *perl.Value       // replaces the hash that is frozen
	freeze  storable.FreezeOptions                // of images
	image   func(image []byte) []byte             // replaces an image
	frame   func(image []byte) []byte             // replaces a whole frame
	later   func(m *wire.Message) []*wire.Message // replaces a message on all connections but the first
	stay    func(m *wire.Message) bool            // after such a message a connection is not closed
	keep    bool                                  // the first connection is used on when another is made
	twin    bool                                  // another process connects by the same names, see join

	event  func(t *telling, e driver.Event) []driver.Event // replaces what happened
	answer func(c command, ok json.RawMessage) any         // replaces what a method returned, nil if it failed; nil leaves it
	excuse func(c command, message string) string          // replaces the error of a method that failed

	concurrent bool // sessions run at the same time

	mu          sync.Mutex   // of what line, after, message and later remember
	connections atomic.Int32 // that were wrapped
	old         atomic.Pointer[mutated]
}

// Find returns the defect with a name, which may have dashes for its spaces; nil if there is none.
func Find(name string) *Behaviour {
	name = strings.ReplaceAll(name, "-", " ")
	for _, d := range Behaviours() {
		if strings.ReplaceAll(d.Name, "-", " ") == name {
			return d
		}
	}
	return nil
}

// Defects lists all there are.
func Behaviours() []*Behaviour {
	return slices.Concat(negotiationDefects(), octetDefects(), messageDefects(),
		answerDefects(), outDefects(), liteDefects(), reportDefects(), orderDefects())
}

// Apply makes the reference's driver one that has the defect.
func (d *Behaviour) Apply(cfg *refdriver.Config) {
	cfg.Wrap, cfg.Between, cfg.QueuePerSession = d.wrap, d.between, d.concurrent
}

// wrap returns a connection that says what the defect makes of what is written to it.
func (d *Behaviour) wrap(conn net.Conn) net.Conn {
	if d.keep {
		if old := d.keepOld(conn); old != nil {
			return old
		}
	}
	return &mutated{Conn: conn, defect: d, first: d.connections.Add(1) == 1}
}

// mutated rewrites what is written. Lines begin with a letter, frames with a digit.
type mutated struct {
	net.Conn
	defect  *Behaviour
	pending []byte
	framed  bool // a frame has been written
	first   bool // it is the kernel's first connection
	stays   atomic.Bool
	setup   string       // that was written
	joined  atomic.Value // the connection of the twin
	heard   []byte       // that were read before the first frame was written, if the connection is to be kept
}

func (c *mutated) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.defect.keep && !c.framed {
		c.heard = append(c.heard, p[:n]...)
	}
	return n, err
}

// openFor is how long a connection that should be closed is not.
const openFor = 5 * time.Second

// Close closes the connection, unless it is one that stays: then its own kernel alone takes it for
// closed.
func (c *mutated) Close() error {
	if twin, ok := c.joined.Load().(net.Conn); ok {
		defer twin.Close()
	}
	if c.defect.keep && c.framed {
		c.defect.old.Store(c)
		return nil
	}
	if c.stays.Load() {
		time.AfterFunc(openFor, func() { _ = c.Conn.Close() })
		return c.Conn.SetDeadline(time.Now())
	}
	return c.Conn.Close()
}

func (c *mutated) Write(p []byte) (int, error) {
	if out := c.rewrite(p); len(out) > 0 {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// rewrite returns what becomes of what is written.
func (c *mutated) rewrite(p []byte) (out []byte) {
	c.defect.mu.Lock()
	defer c.defect.mu.Unlock()
	c.pending = append(c.pending, p...)
	for len(c.pending) > 0 {
		piece, n := c.next()
		if n == 0 {
			break
		}
		out = append(out, piece...)
		c.pending = c.pending[n:]
	}
	return out
}

// next returns what becomes of the line or frame at the front of pending, and its size; 0 if it is
// not whole.
func (c *mutated) next() ([]byte, int) {
	if first := c.pending[0]; first < '0' || first > '9' {
		n := bytes.IndexByte(c.pending, '\n') + 1
		if n == 0 {
			return nil, 0
		}
		return c.lines(strings.TrimRight(string(c.pending[:n]), "\r\n")), n
	}
	var frames wire.FrameScanner
	image, n, err := frames.Peek(c.pending)
	if err != nil {
		return c.pending, len(c.pending)
	}
	if n == 0 {
		return nil, 0
	}
	var out []byte
	if !c.framed {
		c.framed = true
		if c.defect.twin {
			c.join()
		}
		out = append(out, c.defect.before...)
	}
	return append(out, c.mutate(image)...), n
}

func (c *mutated) lines(line string) (out []byte) {
	if wire.IsSetup(line) {
		c.setup = line
	}
	said := []string{line}
	if c.defect.line != nil {
		said = c.defect.line(line)
	}
	for _, l := range said {
		if c.defect.lineEnd == "" {
			out = wire.AppendLine(out, l)
		} else {
			out = append(append(out, l...), c.defect.lineEnd...)
		}
	}
	if c.defect.after != nil {
		out = append(out, c.defect.after(line)...)
	}
	return out
}

// mutate makes frames of an image. What cannot be read goes out as it is.
func (c *mutated) mutate(image []byte) (out []byte) {
	d := c.defect
	if d.Serializer != "" {
		return wire.AppendFrame(nil, d.image(image))
	}
	v, err := storable.Thaw(image)
	if err != nil {
		return wire.AppendFrame(nil, image)
	}
	values := []*perl.Value{v}
	change := d.message
	if change == nil && !c.first {
		change = d.later
	}
	if change != nil || d.stay != nil {
		m, err := wire.ParseMessage(v)
		if err != nil {
			return wire.AppendFrame(nil, image)
		}
		if d.stay != nil {
			c.stays.Store(c.stays.Load() || d.stay(m))
			return wire.AppendFrame(nil, image)
		}
		values = nil
		for _, m := range change(m) {
			values = append(values, keepContext(v, m))
		}
	}
	encoder, err := d.freeze.Encoder()
	if err != nil {
		return wire.AppendFrame(nil, image)
	}
	for _, v := range values {
		if d.value != nil {
			v = d.value(v)
		}
		image, err := encoder.Freeze(v)
		if err != nil {
			continue
		}
		if d.image != nil {
			image = d.image(image)
		}
		if d.frame != nil {
			out = append(out, d.frame(image)...)
		} else {
			out = wire.AppendFrame(out, image)
		}
	}
	return out
}

// keepContext is the hash of a message that was made from another, sent. A wantarray that is false
// is no part of a wire.Message, and must not be lost: that would be a second defect.
func keepContext(sent *perl.Value, m *wire.Message) *perl.Value {
	v := m.ToValue()
	if context := sent.Target().Get("wantarray"); context != nil && m.IsCall() && !m.WantArray {
		v.Target().Set("wantarray", context)
	}
	return v
}
