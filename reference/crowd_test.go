package ikc_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// Peers that send more than is handled wait for each other, but none for what waits for it: the
// states that the first asks for wait for answers that come behind what the others send, while no
// more of the first can be queued.
func TestCrowdedPeersAnswer(t *testing.T) {
	before := runtime.GOMAXPROCS(1) // so that few are many
	server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 256 << 10, QueuePerSession: true})
	runtime.GOMAXPROCS(before)
	const peers, calls, posts = 6, 30, 100
	large := strings.Repeat("x", 40_000)
	session(t, server, "slow", map[string]ikc.State{"back": func(context.Context, *ikc.Request) (any, error) {
		var err error
		for n := 1; n < peers && err == nil; n++ {
			// With a context that is not the state's, so that the session waits.
			_, err = server.Call(soon(t), fmt.Sprintf("poe://Client%d/me/late", n), nil)
		}
		return 1, err
	}})
	session(t, server, "quick", map[string]ikc.State{"sink": func(context.Context, *ikc.Request) (any, error) { return nil, nil }})
	address := serve(t, server)
	var clients []*ikc.Kernel
	for n := range peers {
		c := kernel(t, ikc.Config{Name: fmt.Sprint("Client", n)})
		session(t, c, "me", map[string]ikc.State{"late": func(context.Context, *ikc.Request) (any, error) { return large, nil }})
		_, err := c.Dial(soon(t), "tcp", address)
		must(t, err)
		clients = append(clients, c)
	}
	settled(t, "all are there", func() bool { return len(server.Kernels()) == peers })
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() {
			if _, err := clients[0].Call(soon(t), "poe://Server/slow/back", large); err != nil {
				t.Error(err)
			}
		})
	}
	for _, c := range clients[1:] {
		wg.Go(func() {
			for range posts {
				if _, err := c.Post(soon(t), "poe://Server/quick/sink", large); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
