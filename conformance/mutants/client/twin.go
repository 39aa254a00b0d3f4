package client

import (
	"bufio"
	"net"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// joinTimeout is how long the twin waits for the server.
const joinTimeout = 5 * time.Second

// join has another process connect by the names of the kernel, which is connected by now. It stays
// until the kernel closes its connection. The server may refuse it.
func (c *mutated) join() {
	s, err := wire.ParseSetup(c.setup)
	if err != nil {
		return
	}
	twin, err := net.DialTimeout("tcp", c.Conn.RemoteAddr().String(), joinTimeout)
	if err != nil {
		return
	}
	c.joined.Store(twin)
	setup := strings.Replace(c.setup, ";PID="+s.PID, ";PID="+s.PID+"1", 1)
	_ = twin.SetDeadline(time.Now().Add(joinTimeout))
	if _, err := twin.Write(wire.AppendLine(nil, setup)); err == nil {
		_, _ = bufio.NewReader(twin).ReadString('\n')
	}
}
