package container

import (
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// forwarder listens where containers can connect to and hands the octets on to an address of this
// machine's loopback interface. Ends and resets are handed on as what they were.
type forwarder struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil when closed
}

func forward(host, to string) (*forwarder, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	f := &forwarder{listener: l, to: to, conns: map[net.Conn]bool{}}
	f.wg.Go(f.accept)
	return f, nil
}

func (f *forwarder) port() int { return f.listener.Addr().(*net.TCPAddr).Port }

func (f *forwarder) accept() {
	for {
		in, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.wg.Go(func() { f.handle(in) })
	}
}

// dialLimit is how long the harness's own listener may take.
const dialLimit = 10 * time.Second

func (f *forwarder) handle(in net.Conn) {
	if !f.keep(in) {
		return
	}
	defer f.drop(in)
	out, err := net.DialTimeout("tcp", f.to, dialLimit)
	if err != nil {
		reset(in) // what a refused connection looks like from behind one that was accepted
		return
	}
	if !f.keep(out) {
		return
	}
	defer f.drop(out)
	var both sync.WaitGroup
	both.Go(func() { pump(out, in) })
	both.Go(func() { pump(in, out) })
	both.Wait()
}

// pump copies one direction.
func pump(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if errors.Is(err, syscall.ECONNRESET) {
		reset(to)
		reset(from)
		return
	}
	if half, ok := to.(*net.TCPConn); ok {
		_ = half.CloseWrite() // an error means that it is gone, which the other direction sees
	}
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}

func (f *forwarder) keep(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		c.Close()
		return false
	}
	f.conns[c] = true
	return true
}

func (f *forwarder) drop(c net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
	c.Close()
}

func (f *forwarder) close() {
	f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		c.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.wg.Wait()
}
