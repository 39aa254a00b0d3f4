//go:build !race

package ikc_test

import (
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// taken is what a connection takes of the heap, in octets.
type taken struct {
	kept      int
	allocated int // with what is to be collected
}

// TestIdleConnectionsAreSmall: what a connection to a kernel takes of the heap while nothing comes,
// and what its negotiation leaves to be collected, besides what one takes that is only accepted.
// The race detector has other sizes.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const n = 200
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer bare.Close()
	address := serve(t, kernel(t, ikc.Config{Name: "Server"}))
	conns := make([]net.Conn, 0, 3*n)
	defer func() {
		for _, conn := range conns {
			conn.Close()
		}
	}()
	open := func(to string, next func(net.Conn)) taken {
		var before, after runtime.MemStats
		heap()
		runtime.ReadMemStats(&before)
		for range n {
			conn, err := net.Dial("tcp", to)
			must(t, err)
			conns = append(conns, conn)
			next(conn)
		}
		runtime.ReadMemStats(&after)
		all := int(after.TotalAlloc - before.TotalAlloc)
		heap()
		runtime.ReadMemStats(&after)
		return taken{kept: (int(after.HeapAlloc) - int(before.HeapAlloc)) / n, allocated: all / n}
	}
	accepted := open(bare.Addr().String(), func(net.Conn) {
		conn, err := bare.Accept()
		must(t, err)
		conns = append(conns, conn)
	})
	peers := int64(0)
	line, answer := make([]byte, 0, 100), make([]byte, 1000)
	idle := open(address, func(conn net.Conn) {
		line = strconv.AppendInt(append(line[:0], "SETUP KERNEL=Idle"...), peers, 10)
		peers++
		_, err := conn.Write(append(line, ";FREEZER=Storable\r\n"...))
		must(t, err)
		got, err := conn.Read(answer)
		must(t, err)
		if !strings.HasSuffix(string(answer[:got]), "\r\n") {
			t.Fatalf("expected a line, got %q", answer[:got])
		}
	})
	t.Logf("accepted: %+v, negotiated: %+v", accepted, idle)
	if more := idle.kept - accepted.kept; more > 2700 {
		t.Errorf("it keeps %d octets besides, expected at most 2700", more)
	}
	if more := idle.allocated - accepted.allocated; more > 4300 {
		t.Errorf("it allocates %d octets besides, expected at most 4300", more)
	}
}
