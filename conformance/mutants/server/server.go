package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options of a server. The zero value behaves well.
type Options struct {
	// Behaviour is what it does wrong, nil for nothing.
	Behaviour *Behaviour
	// Tee, if set, gets a copy of the octets that came by each connection, when it has ended.
	Tee func(received []byte)
	// OnlyIKC refuses SETUP, as a server of the protocol IKC does. That is no defect.
	OnlyIKC bool
	// Bare: it has no conformance session. That is no defect either.
	Bare bool
	// WholeLines hangs up if a read brings no line end, until one begins with a frame: no check finds
	// that as long as peers write so.
	WholeLines bool
}

// Server is a running server.
type Server struct {
	opts     Options
	listener net.Listener
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	count int64 // calls and posts of the state "count"
	made  int   // connections
	// newest is the connection that came to frames last.
	newest *conn
}

// ID is the kernel id of every server.
const ID = "mutant-00000001-00000001-00000001"

// Name is its kernel name.
const Name = "Mutant"

// Start starts a server on a free port of the loopback interface.
func Start(opts Options) (*Server, error) {
	if opts.Behaviour == nil {
		opts.Behaviour = &Behaviour{}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{opts: opts, listener: l, conns: map[net.Conn]bool{}}
	s.wg.Add(1)
	go s.accept()
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close ends the server and its connections, and waits for them.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.wg.Wait()
	return err
}

// track notes a connection; false means that the server is closing.
func (s *Server) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		return false
	}
	s.conns[c] = true
	return true
}

func (s *Server) accept() {
	defer s.wg.Done()
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.track(c) {
			_ = c.Close()
			return
		}
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			k := &conn{s: s, d: s.opts.Behaviour, c: c}
			s.mu.Lock()
			s.made++
			k.nth = s.made
			s.mu.Unlock()
			if cause := k.serve(); cause != survives && cause == s.opts.Behaviour.dies {
				_ = s.listener.Close()
			}
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
			if s.opts.Tee != nil {
				s.opts.Tee(k.received)
			}
		}()
	}
}

// conn is a connection of a server.
type conn struct {
	s        *Server
	d        *Behaviour
	c        net.Conn
	n        *wire.Negotiator
	remote   string // the id of the other side
	received []byte
	framed   bool            // a read began with a frame
	said     int             // lines changed by the defect
	held     []*wire.Message // by a defect, until later
	nth      int             // among the connections of the server, from 1
	got      int             // requests
	inRead   int             // since the last read
	count    int64           // of a defect that counts by connection
}

var errQuit = errors.New("the defect ends the connection")

var errPart = errors.New("a read brought a part of a line")

func (c *conn) read(write func([]byte)) error {
	buf := make([]byte, 32<<10)
	n, err := c.c.Read(buf)
	frames := n > 0 && '0' <= buf[0] && buf[0] <= '9'
	if c.framed = c.framed || frames; c.s.opts.WholeLines && !c.framed && !bytes.Contains(buf[:n], []byte("\n")) {
		return errPart
	}
	if n > 0 {
		if c.s.opts.Tee != nil {
			c.received = append(c.received, buf[:n]...)
		}
		write(buf[:n])
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// serve negotiates, then takes frames until the other side leaves or sends octets that are no
// frame. It tells what a server might die of.
func (c *conn) serve() death {
	dialect := wire.IKC0
	if c.d.onlyIKC || c.s.opts.OnlyIKC {
		dialect = wire.IKC
	}
	names := []string{Name, c.c.LocalAddr().String()}
	if c.d.forward {
		slices.Reverse(names)
	}
	c.n = wire.NewNegotiator(wire.NegotiatorConfig{
		Role: wire.Server, Dialect: dialect, KernelID: ID, PID: "1",
		Names: names, Serializers: []string{wire.DefaultSerializer},
	})
	if err := c.lines(nil, c.d.greeting...); err != nil {
		return ofHalfOpened
	}
	var scan wire.LineScanner
	for !c.n.Done() {
		line, ok, err := scan.Next()
		if err != nil {
			return ofHalfOpened
		}
		if !ok {
			if c.read(scan.Write) != nil {
				return ofHalfOpened
			}
			continue
		}
		reply, err := c.n.Receive(line)
		if err != nil {
			return ofHalfOpened
		}
		if c.lines(&line, reply...) != nil {
			return ofHalfOpened
		}
	}
	c.remote = c.n.Peer().ID
	c.s.mu.Lock()
	c.s.newest = c
	c.s.mu.Unlock()
	frames := scan.Frames(0)
	if c.d.dropsEarly && frames.Buffered() > 0 {
		frames = new(wire.FrameScanner)
	}
	for {
		image, ok, err := frames.Next()
		if err != nil {
			return ofBadFrame
		}
		if !ok {
			if c.read(frames.Write) != nil {
				return survives
			}
			c.inRead = 0
			continue
		}
		c.got++
		c.inRead++
		v, err := storable.Thaw(image)
		if err != nil {
			return ofBadImage
		}
		m, err := wire.ParseMessage(v)
		if err != nil {
			return ofBadImage
		}
		if c.handle(m) != nil {
			return survives
		}
	}
}

// lines sends lines in answer to one that came, nil if none did.
func (c *conn) lines(asked *string, reply ...string) error {
	if c.d.lines != nil && asked != nil {
		reply = c.d.lines(c, *asked, reply)
	}
	var b []byte
	for _, l := range reply {
		if c.d.lineEnd != "" {
			b = append(append(b, l...), c.d.lineEnd...)
			continue
		}
		b = wire.AppendLine(b, l)
	}
	return c.write(b)
}

func (c *conn) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := c.c.Write(b)
	return err
}

// send freezes messages and sends them in one write.
func (c *conn) send(messages ...*wire.Message) error {
	var b []byte
	for _, m := range messages {
		image, err := c.freeze(m)
		if err != nil {
			return err
		}
		if c.d.image != nil {
			image = c.d.image(image)
		}
		frame := wire.AppendFrame(nil, image)
		if c.d.frame != nil {
			frame = c.d.frame(image)
		}
		b = append(b, frame...)
	}
	return c.write(b)
}

func (c *conn) freeze(m *wire.Message) ([]byte, error) {
	v := m.ToValue()
	if c.d.value != nil {
		v = c.d.value(v)
	}
	opts := c.d.freeze
	e, err := opts.Encoder()
	if err != nil {
		return nil, err
	}
	return e.Freeze(v)
}
