package ikc_test

import (
	"context"
	"math"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestMaxima: each limit and each time may be as large as its type, all of them at once: no sum of
// them runs over.
func TestMaxima(t *testing.T) {
	const forever = time.Duration(math.MaxInt64)
	largest := ikc.Config{
		HandshakeTimeout: forever, IdleTimeout: forever, HelloAfter: forever,
		MaxConnections: math.MaxInt, MaxFrame: math.MaxInt, MaxQueue: math.MaxInt, MaxMemory: math.MaxInt,
	}
	server, client := largest, largest
	server.Name, client.Name = "Server", "Client"
	s := kernel(t, server)
	of, err := s.NewSession("echo", map[string]ikc.State{"echo": echo}, ikc.WithConcurrency(math.MaxInt))
	must(t, err)
	of.Publish("echo")
	address := serve(t, s)
	params := perl.ArrayRef(perl.NewBytes("as ever"))
	call := func(ask func(ctx context.Context) (*perl.Value, error)) {
		t.Helper()
		got, err := ask(soon(t))
		if err != nil || !perl.Equal(got, params) {
			t.Errorf("expected what was sent, got %s, %v", text(got), err)
		}
	}
	k := kernel(t, client)
	dial(t, k, address)
	call(func(ctx context.Context) (*perl.Value, error) { return k.Call(ctx, "poe://Server/echo/echo", params) })
	lite, err := clientlite.Spawn(soon(t), clientlite.Config{Address: address, Name: "Lite", Timeout: forever, ConnectTimeout: forever,
		HelloAfter: forever, MaxFrame: math.MaxInt})
	must(t, err)
	defer lite.Disconnect()
	call(func(ctx context.Context) (*perl.Value, error) { return lite.Call(ctx, "echo/echo", params) })
}
