package capture_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// TestSockets: what comments say of Unix sockets is shown, and nothing that cannot be.
func TestSockets(t *testing.T) {
	const address = "192.0.2.2:603"
	for _, test := range []struct {
		name           string
		comments       []string
		client, server string
	}{
		{"none", []string{"relay: connection 0"}, "192.0.2.1:50000", address},
		{"both", []string{capture.SocketComment(capture.FromServer, "/run/ikc.sock"), "relay", capture.SocketComment(capture.FromClient, "/tmp/b.sock")},
			"a client of unix:/tmp/b.sock", "unix:/run/ikc.sock"},
		{"an escape", []string{capture.SocketComment(capture.FromServer, "/run/\x1b[1m\n\xff")}, "192.0.2.1:50000", `unix:"/run/\x1b[1m\n\xff"`},
		{"no quotes", []string{"server at unix socket /run/x"}, "192.0.2.1:50000", "unix:/run/x"},
		{"without end", []string{"server at unix socket " + strings.Repeat("x", 300)}, "192.0.2.1:50000", address},
	} {
		var file bytes.Buffer
		w, err := capture.NewWriter(&file, capture.Meta{})
		if err != nil {
			t.Fatal(err)
		}
		iface, err := w.Interface("test", "")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort(address), time.Now(), test.comments...); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := capture.NewReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		var c *capture.Conn
		for e, err := range r.Events(capture.Limits{}) {
			if err != nil {
				t.Fatal(err)
			}
			if o, ok := e.(*capture.Opened); ok {
				c = o.Conn
			}
		}
		if client, server := c.End(capture.FromClient), c.End(capture.FromServer); client != test.client || server != test.server {
			t.Errorf("%s: expected %q and %q, got %q and %q", test.name, test.client, test.server, client, server)
		}
	}
}
