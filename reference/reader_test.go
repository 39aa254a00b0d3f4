package ikc_test

import (
	"runtime"
	"runtime/debug"
	"slices"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
)

// TestConnectionsShareBuffers: one connection after the other does not cost a large buffer each.
func TestConnectionsShareBuffers(t *testing.T) {
	if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector makes pools lose what is put into them")
	}
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	address := serve(t, server)
	visit := func() {
		c, err := clientlite.Spawn(t.Context(), clientlite.Config{Name: "Visitor", Address: address})
		must(t, err)
		defer c.Disconnect()
		_, err = c.Call(t.Context(), "me/echo", "x")
		must(t, err)
	}
	visit()
	const visits, most = 200, 48 << 10 // octets for each; a buffer is 64 KiB
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range visits {
		visit()
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / visits; each > most {
		t.Errorf("a connection took %d octets, expected at most %d", each, most)
	}
}
