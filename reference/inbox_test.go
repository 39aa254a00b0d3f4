package ikc_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// States that wait for answers of the peer that called them must not keep these from being read,
// however much the peer has sent meanwhile.
func TestWaitingStatesDoNotFillTheQueue(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		t.Run(fmt.Sprintf("QueuePerSession %v", perSession), func(t *testing.T) {
			t.Parallel()
			p := connected(t, ikc.Config{MaxQueue: 64 << 10, QueuePerSession: perSession}, ikc.Config{})
			const calls = 60
			large := strings.Repeat("x", 10_000)
			gate := make(chan struct{})
			var began atomic.Int32
			session(t, p.server, "me", map[string]ikc.State{"back": func(ctx context.Context, r *ikc.Request) (any, error) {
				began.Add(1)
				return p.server.Call(ctx, "poe://Client/me/late", len(r.Arg(0).Str()))
			}})
			// The client answers only when all have been sent, so that the answers come behind
			// them.
			session(t, p.client, "me", map[string]ikc.State{"late": func(ctx context.Context, r *ikc.Request) (any, error) {
				<-gate
				return r.Arg(0), nil
			}})
			var wg sync.WaitGroup
			for range calls {
				wg.Go(func() {
					v, err := p.client.Call(soon(t), "poe://Server/me/back", large)
					if err != nil || v.Int() != int64(len(large)) {
						t.Errorf("got %s, %v", text(v), err)
					}
				})
			}
			time.AfterFunc(200*time.Millisecond, func() { close(gate) })
			wg.Wait()
			if n := began.Load(); n != calls {
				t.Errorf("%d states ran, want %d", n, calls)
			}
		})
	}
}
