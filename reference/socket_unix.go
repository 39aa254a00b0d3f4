//go:build unix

package ikc

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// socket reads and writes a connection by itself, to do what package net does not offer: to write
// only what can be written at once, and to have no buffer while it waits for something to read. One
// goroutine may read while another writes.
type socket struct {
	conn net.Conn
	raw  syscall.RawConn
	in   struct {
		try func(fd uintptr) bool
		to  *wire.FrameScanner
		n   int
		err error
	}
	out struct {
		try  func(fd uintptr)
		from []byte
		n    int
		err  error
	}
}

// socketOf returns nil if conn is not a socket itself: what embeds one may have methods of its own.
func socketOf(conn net.Conn) *socket {
	switch conn.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{conn: conn, raw: raw}
	s.in.try, s.out.try = s.tryRead, s.tryWrite
	return s
}

// whenReady calls try until it returns true: at once, and whenever the socket takes octets again.
// Errors are those of the connection, such as that its deadline has passed.
func (s *socket) whenReady(try func() bool) error {
	return s.raw.Write(func(uintptr) bool { return try() })
}

// writeFrame writes as much of a frame as the socket takes without blocking; that may be nothing.
func (s *socket) writeFrame(f *wire.Outgoing) (n int, err error) {
	for left := f.Left(); n < left; {
		octets := f.Octets()
		var some int
		some, err = s.writeNow(octets)
		f.Wrote(some)
		if n += some; err != nil || some < len(octets) {
			break
		}
	}
	return n, err
}

// writeNow writes what the socket takes without blocking; that may be nothing.
func (s *socket) writeNow(b []byte) (n int, err error) {
	s.out.from = b
	closed := s.raw.Control(s.out.try)
	s.out.from = nil
	switch {
	case closed != nil:
		return 0, closed
	case s.out.err == syscall.EAGAIN:
		return 0, nil
	case s.out.err != nil:
		return 0, s.out.err
	}
	return s.out.n, nil
}

func (s *socket) tryWrite(fd uintptr) {
	for {
		s.out.n, s.out.err = syscall.Write(int(fd), s.out.from)
		if s.out.err != syscall.EINTR {
			return
		}
	}
}

// read reads what has come into the scanner, once something has. While it waits, the scanner has no
// buffer unless part of a frame is in it. Its own error is errNoRoom.
func (s *socket) read(to *wire.FrameScanner) (int, error) {
	s.in.to = to
	closed := s.raw.Read(s.in.try)
	if closed == nil && s.in.err == nil && s.in.n > 0 {
		to.Advance(s.in.n)
		return s.in.n, nil
	}
	to.Release() // nothing more will come
	switch {
	case closed != nil:
		return 0, closed
	case s.in.err == errNoRoom:
		return 0, errNoRoom
	case s.in.err != nil:
		return 0, &net.OpError{Op: "read", Net: s.conn.LocalAddr().Network(), Source: s.conn.LocalAddr(), Addr: s.conn.RemoteAddr(),
			Err: os.NewSyscallError("read", s.in.err)}
	}
	return 0, io.EOF
}

func (s *socket) tryRead(fd uintptr) bool {
	for {
		room := s.in.to.Room(readBuffer)
		if len(room) == 0 {
			s.in.n, s.in.err = 0, errNoRoom
			return true
		}
		s.in.n, s.in.err = syscall.Read(int(fd), room)
		switch s.in.err {
		case syscall.EINTR:
			continue
		case syscall.EAGAIN:
			s.in.to.Release()
			return false
		}
		return true
	}
}
