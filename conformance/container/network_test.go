package container

import (
	"net"
	"net/netip"
	"strings"
	"testing"
)

// TestDialAs: what listens here is reached by way of a forwarder; where nobody does, the peer is
// refused.
func TestDialAs(t *testing.T) {
	a := &addresses{gateway: netip.MustParseAddr("127.0.0.2")}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	at, err := a.DialAs(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer a.forwards[l.Addr().String()].close()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatalf("%s for %v: %v", at, l.Addr(), err)
	}
	defer conn.Close()
	in, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	in.Close()

	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()
	at, err = a.DialAs(nobody)
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", at); err == nil || !strings.Contains(err.Error(), "refused") || !strings.HasPrefix(at, "127.0.0.2:") {
		t.Errorf("%s for %s, where nobody listens: expected to be refused, got %v, %v", at, nobody, conn, err)
	}
}
