package harness

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
)

// An error of the network names the server, not the relay, and is still what it was.
func TestOfServer(t *testing.T) {
	relay := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 39583}
	cause := fmt.Errorf("no answer: %w", &net.OpError{Op: "read", Net: "tcp", Source: relay, Addr: relay, Err: os.ErrDeadlineExceeded})
	err := ofServer("10.0.0.1:603", cause)
	if got, want := err.Error(), "no answer: read 10.0.0.1:603: i/o timeout"; got != want {
		t.Errorf("got %q, expected %q", got, want)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || !silence(err) {
		t.Error("expected what it was")
	}
	for _, other := range []error{nil, errors.New("x")} {
		if got := ofServer("10.0.0.1:603", other); got != other {
			t.Errorf("got %v, expected %v", got, other)
		}
	}
	if got := ofServer("", cause); got != cause {
		t.Errorf("got %v, expected %v", got, cause)
	}
}
