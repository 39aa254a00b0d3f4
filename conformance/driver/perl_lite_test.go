package driver_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func testLite(t *testing.T, p *driver.PerlInstall) {
	ctx := testContext(t)
	// The client lives in the driver of the server that it calls: it must not keep that from
	// answering.
	d := start(t, p)
	h, err := d.Hello(ctx)
	must(t, err)
	at, err := d.Listen(ctx, driver.Listen{Name: "Server"})
	must(t, err)
	must(t, d.Session(ctx, driver.Session{Session: "me", States: actions()}))
	for _, protocol := range h.Protocols {
		t.Run(protocol, func(t *testing.T) {
			must(t, d.LiteConnect(ctx, driver.LiteConnect{Name: "Lite", Address: at.Address, Protocol: protocol, Timeout: 2}))
			v, err := d.LiteCall(ctx, "me/return", hi)
			if err != nil || show(v) != show(pair) {
				t.Errorf("call: %s, %v", show(v), err)
			}
			vs, err := d.LiteCallList(ctx, "me/list", hi)
			if err != nil || show(vs...) != `{"i":"1"} {"i":"2"}` {
				t.Errorf("call in list context: %s, %v", show(vs...), err)
			}
			v, err = d.LitePostRespond(ctx, "me/respond", hi)
			if err != nil || show(v) != show(hi) {
				t.Errorf("post_respond: %s, %v", show(v), err)
			}
			sent, err := d.LitePost(ctx, "me/echo", hi)
			if err != nil || !sent {
				t.Errorf("post: %v, %v", sent, err)
			}
			e, err := d.WaitState(ctx, "me", "echo")
			if err != nil || show(e.Args...) != show(hi) {
				t.Errorf("post: %+v, %v", e, err)
			}
			if slices.Contains(h.Commands, "lite-responded") {
				sent, err = d.LitePost(ctx, "me/sender", hi)
				must(t, err)
				v, err = d.LiteResponded(ctx, "back")
				if !sent || err != nil || show(v) != `{"ref":{"array":[{"b":"hi"}]}}` {
					t.Errorf("responded: %s, %v", show(v), err)
				}
			} else {
				_, err = d.LiteResponded(ctx, "back")
				code(t, err, driver.Unsupported)
			}
			_, err = d.LiteCall(ctx, "me/unknown", hi)
			code(t, err, driver.Failed)

			// In IKC0 ClientLite does not learn whom to ping: no release can.
			alive, err := d.LitePing(ctx)
			if err != nil || alive != (protocol == "IKC") {
				t.Errorf("ping: %v, %v", alive, err)
			}
			must(t, d.LiteDisconnect(ctx))
			_, err = d.LiteCall(ctx, "me/echo", hi)
			code(t, err, driver.Failed)
		})
	}
	// Commands and answers that fill every pipe on the way.
	must(t, d.LiteConnect(ctx, driver.LiteConnect{Name: "Lite", Address: at.Address, Timeout: 5}))
	big := perl.NewBytes(strings.Repeat("x", 300_000))
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			if v, err := d.LiteCall(ctx, "me/echo", big); err != nil || v.Str() != big.Str() {
				t.Errorf("large call: %v", err)
			}
		})
	}
	calls.Wait()

	// A driver that waits for a ClientLite still serves, and quits.
	must(t, d.LiteConnect(ctx, driver.LiteConnect{Name: "Lite", Address: at.Address, Timeout: 20}))
	waiting := make(chan error, 1)
	go func() {
		_, err := d.LiteCall(ctx, "me/nothing", hi)
		waiting <- err
	}()
	_, err = d.WaitState(ctx, "me", "nothing")
	must(t, err)
	must(t, d.Quit(ctx))
	if err := <-waiting; !errors.Is(err, driver.ErrGone) {
		t.Errorf("call at the end: %v", err)
	}
}
