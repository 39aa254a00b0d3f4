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

// TestIdleConnectionsAreSmall: what a connection to a kernel takes while nothing comes, heap and
// stacks, and what its negotiation leaves to be collected, each besides what a connection takes
// that is only accepted. The race detector has other sizes.
func TestIdleConnectionsAreSmall(t *testing.T) {
	const n = 200
	bare, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer bare.Close()
	k := kernel(t, ikc.Config{Name: "Server"})
	address := serve(t, k)
	var peers int64
	line, answer := make([]byte, 0, 100), make([]byte, 1000)
	open := func(to string, next func(net.Conn)) (conns []net.Conn, kept, allocated int64) {
		var before, after runtime.MemStats
		heap()
		runtime.ReadMemStats(&before)
		conns = make([]net.Conn, 0, 2*n)
		for range n {
			conn, err := net.Dial("tcp", to)
			must(t, err)
			conns = append(conns, conn)
			next(conn)
		}
		runtime.ReadMemStats(&after)
		allocated = int64(after.TotalAlloc - before.TotalAlloc)
		heap()
		runtime.ReadMemStats(&after)
		kept = int64(after.HeapAlloc+after.StackInuse) - int64(before.HeapAlloc+before.StackInuse)
		return conns, kept / n, allocated / n
	}
	theirs := make([]net.Conn, 0, n)
	conns, bareKept, bareAllocated := open(bare.Addr().String(), func(net.Conn) {
		conn, err := bare.Accept()
		must(t, err)
		theirs = append(theirs, conn)
	})
	idle, kept, allocated := open(address, func(conn net.Conn) {
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
	for _, conn := range append(append(conns, theirs...), idle...) {
		conn.Close()
	}
	kept, allocated = kept-bareKept, allocated-bareAllocated
	t.Logf("%d octets kept, %d allocated besides the %d and %d of any connection", kept, allocated, bareKept, bareAllocated)
	if kept > 5000 || allocated > 4300 {
		t.Errorf("an idle connection keeps %d octets, and has allocated %d, expected at most 5000 and 4300", kept, allocated)
	}
}
