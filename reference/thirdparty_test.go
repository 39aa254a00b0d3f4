package ikc_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// floodOthers has a peer ask n times for an answer of 100 KB that goes to others.
func floodOthers(r *raw, others string, n int) {
	m := callMessage("poe://Server/me/echo", "", "", perl.NewBytes(strings.Repeat("x", 100_000)))
	m.RSVP = wire.AtString("poe://" + others + "/x/y")
	r.repeat(m, n)
}

// What a peer has sent to another takes no room of what that one asks for itself, however slowly it
// reads, and costs it nothing.
func TestThirdPartiesTakeNoRoom(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		for _, others := range []string{"Victim", "*"} {
			t.Run(fmt.Sprintf("%s, queue per session: %v", others, perSession), func(t *testing.T) {
				server := kernel(t, ikc.Config{Name: "Server", MaxQueue: 4 << 20, QueuePerSession: perSession})
				session(t, server, "me", map[string]ikc.State{"echo": echo})
				var ran atomic.Int64
				session(t, server, "you", map[string]ikc.State{"echo": func(ctx context.Context, r *ikc.Request) (any, error) {
					ran.Add(1)
					return echo(ctx, r)
				}})
				address := serve(t, server)
				victim, bad := rawPeer(t, address, "Victim"), rawPeer(t, address, "Bad")
				victim.hears("Server", "Victim")
				if others == "*" {
					go func() {
						for {
							if _, err := bad.receive(); err != nil {
								return
							}
						}
					}()
				}
				go floodOthers(bad, others, 200)
				settled(t, "answers wait for who did not ask", func() bool { return server.Stats().Held > 400_000 })
				const own = 30 // of 100 KB: within MaxQueue, and more than sockets take
				for range own {
					victim.send(callMessage("poe://Server/you/echo", "Victim", "mine", perl.NewBytes(strings.Repeat("x", 100_000))))
				}
				settled(t, "its own requests are handled", func() bool { return ran.Load() == own })
				mine, foreign := 0, 0
				for mine < own {
					m, err := victim.receive()
					if err != nil {
						t.Fatalf("after %d answers of its own and %d of others: %v", mine, foreign, err)
					}
					if m.Event.State == "mine" {
						mine++
					} else {
						foreign++
					}
				}
				t.Logf("%d answers that another asked for came between", foreign)
				if server.Channel("Victim") == nil {
					t.Error("the peer lost its connection")
				}
			})
		}
	}
}
