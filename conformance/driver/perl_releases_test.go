package driver_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestPerlReleasesTogether: an old client with a new server, and the reverse.
func TestPerlReleasesTogether(t *testing.T) {
	all := installs(t)
	if len(all) < 2 {
		t.Skipf("needs two releases in %s", driver.ReleasesDir())
	}
	for _, c := range [][2]*driver.PerlInstall{{all[0], all[len(all)-1]}, {all[len(all)-1], all[0]}} {
		t.Run(c[0].Release+" to "+c[1].Release, func(t *testing.T) {
			ctx := testContext(t)
			client, server := start(t, c[0]), start(t, c[1])
			at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
			must(t, err)
			must(t, server.Session(ctx, driver.Session{Session: "me", States: actions()}))
			must(t, client.Session(ctx, driver.Session{Session: "cli", States: map[string]driver.Action{"answer": driver.Nothing()}}))
			// Releases before 0.2300 do not answer a SETUP at all: IKC0 does not fall back with them.
			_, err = client.Connect(ctx, driver.Connect{Name: "Client", Address: at.Address, Protocol: "IKC"})
			must(t, err)
			_, err = client.Call(ctx, driver.Call{To: "poe://Server/me/echo", Params: value(pair), RSVP: "poe://Client/cli/answer"})
			must(t, err)
			e, err := client.WaitState(ctx, "cli", "answer")
			if err != nil || show(e.Args...) != show(pair) {
				t.Errorf("%s, %v", show(e.Args...), err)
			}
		})
	}
}

// TestPerlValues: what the driver decodes is what it encodes. The state is called within its own
// process, where no serializer comes between.
func TestPerlValues(t *testing.T) {
	ctx := testContext(t)
	d := start(t, newest(t))
	h, err := d.Hello(ctx)
	must(t, err)
	_, err = d.Listen(ctx, driver.Listen{Name: "Server"})
	must(t, err)
	must(t, d.Session(ctx, driver.Session{Session: "me", States: actions()}))
	for _, v := range []string{
		`null`, `true`, `false`, `{"i":"0"}`, `{"i":"-12"}`, `{"i":"9223372036854775807"}`, `{"i":"-9223372036854775808"}`,
		`{"i":"18446744073709551615"}`, `{"n":"0.1"}`, `{"n":"0.30000000000000004"}`, `{"n":"3"}`, `{"n":"1e+300"}`, `{"n":"5e-324"}`,
		`{"n":"-0"}`, `{"n":"Inf"}`, `{"n":"-Inf"}`, `{"n":"NaN"}`,
		`{"b":""}`, `{"b":"1"}`, `{"b":"\u0000\u00ff\n\"\\"}`, `{"t":""}`, `{"t":"abc"}`, `{"t":"\u00e9"}`, `{"t":"\u263a"}`,
		`{"t":"\ud83d\ude00"}`, `{"u":"\u00ed\u00a0\u0080"}`,
		`{"ref":{"array":[]}}`, `{"ref":{"array":[{"i":"1"},{"b":"1"},{"n":"1"},null]}}`,
		`{"ref":{"array":[{"hole":true},{"i":"1"},{"hole":true},null]}}`,
		`{"ref":{"hash":[["",{"i":"1"}],["a",null],[{"t":"\u00e9x"},{"i":"5"}],[{"t":"\u263a"},{"i":"2"}],["\u00e9",{"i":"3"}]]}}`,
		`{"ref":{"hash":[["a",{"i":"1"},"locked"],["b",{"i":"2"}],["c",null,"placeholder"]],"restricted":true}}`,
		`{"ref":{"hash":[],"class":"A::B"}}`, `{"ref":{"undef":true,"class":"U"}}`, `{"ref":{"bool":true,"class":"U"}}`,
		`{"ref":{"hash":[],"class":"Gr\u00f6\u00dfe"}}`, `{"ref":{"hash":[],"class":{"b":"Gr\u00f6\u00dfe"}}}`,
		`{"ref":{"hash":[["\u00e2\u0098\u0083",{"i":"1"}],[{"t":"\u2603"},{"i":"2"}]]}}`,
		`{"ref":{"undef":true,"immortal":true}}`, `{"ref":{"bool":false,"immortal":true}}`,
		`{"ref":{"ref":{"ref":{"b":"x"}},"class":"Deep"}}`,
		`{"ref":{"array":[{"i":"1"},{"ref":{"seen":1}}],"id":1}}`,
		`{"ref":{"array":[{"ref":{"i":"5","id":1}},{"ref":{"seen":1}}]}}`,
		`{"ref":{"array":[{"i":"5","id":1},{"ref":{"seen":1}}]}}`,
		`{"ref":{"hash":[["self",{"ref":{"seen":1},"weak":true}]],"id":1}}`,
		`{"ref":{"code":"{\n    return 1;\n}"}}`,
		`{"ref":{"regexp":"a.b/c","modifiers":"ix","class":"Regexp"}}`,
		`{"vstring":"\u0001\u0016\u00c5\u008d","literal":"v1.22.333","utf8":true}`,
		`{"ref":{"tied":"array","object":{"ref":{"hash":[],"class":"Foo"}}}}`,
		`{"ref":{"tied":"hash","object":{"ref":{"hash":[],"class":"Foo"}}}}`,
	} {
		if !h.Booleans && (strings.Contains(v, "true") || strings.Contains(v, "false")) {
			continue // this Perl has none
		}
		var params typed.Value
		must(t, json.Unmarshal([]byte(v), &params))
		_, err := d.Post(ctx, driver.Post{To: "poe://" + h.Kernel + "/me/echo", Params: params})
		must(t, err)
		e, err := d.WaitState(ctx, "me", "echo")
		must(t, err)
		if got := show(e.Args...); got != show(params.V) {
			t.Errorf("got  %s\nwant %s", got, show(params.V))
		}
	}
	// The largest line that the protocol allows, nearly.
	big := perl.NewBytes(strings.Repeat("x\xff", 1<<20))
	_, err = d.Post(ctx, driver.Post{To: "poe://" + h.Kernel + "/me/echo", Params: value(big)})
	must(t, err)
	if e, err := d.WaitState(ctx, "me", "echo"); err != nil || e.Args[0].Str() != big.Str() {
		t.Errorf("2 MiB: %v", err)
	}
}

// TestPerlSerializers: what arrives of a value at the other end, for each serializer of the
// original.
func TestPerlSerializers(t *testing.T) {
	for _, p := range installs(t) {
		t.Run(p.Release, func(t *testing.T) {
			t.Parallel()
			n := connected(t, p, driver.Listen{}, driver.Connect{})
			for _, serializer := range n.hello.Serializers {
				n.client.TakeEvents()
				must(t, n.client.Disconnect(n.ctx))
				n.gone(t)
				_, err := n.client.Connect(n.ctx, driver.Connect{Name: "Client", Address: n.at.Address, Serializers: []string{serializer}})
				must(t, err)
				one := perl.NewInt(1)
				if serializer == "FreezeThaw" {
					one = perl.NewBytes("1") // it knows strings only
				}
				v := perl.HashRef(perl.P("a", perl.ArrayRef(one, perl.NewBytes("x"))), perl.P("b", perl.NewRef(perl.NewHash().Bless("C"))))
				n.call(t, "echo", v)
				if got := n.fence(t, "end"); len(got) != 1 || got[0] != "answer "+show(v) {
					t.Errorf("%s: got %v, want %s", serializer, got, show(v))
				}
				err = n.client.LiteConnect(n.ctx, driver.LiteConnect{Name: "Lite", Address: n.at.Address, Serializer: serializer})
				if serializer == "FreezeThaw" && p.Release < "0.20" {
					code(t, err, driver.Unsupported) // its ClientLite cannot read what FreezeThaw returns
					continue
				}
				must(t, err)
				if got, err := n.client.LiteCall(n.ctx, "me/echo", v); err != nil || show(got) != show(v) {
					t.Errorf("%s: ClientLite: %s, %v", serializer, show(got), err)
				}
			}
		})
	}
}

// TestPerlDie: what the original does when a state that was called from afar dies. POE has a say in
// it.
func TestPerlDie(t *testing.T) {
	for _, found := range installs(t) {
		for _, catch := range []bool{true, false} {
			t.Run(fmt.Sprint(found.Release, " catch exceptions ", catch), func(t *testing.T) {
				t.Parallel()
				p := *found
				if !catch {
					p.Env = []string{"POE_CATCH_EXCEPTIONS=0"}
				}
				n := connected(t, &p, driver.Listen{}, driver.Connect{})
				must(t, n.server.Session(n.ctx, driver.Session{Session: "me", States: map[string]driver.Action{"die": driver.Die("oops")}}))
				n.call(t, "die", hi)
				if catch || p.Release < "0.22" {
					ends(t, n.server, "oops")
					return
				}
				// The caller is told, and the kernel goes on.
				if got := n.fence(t, "end"); len(got) != 0 {
					t.Errorf("got %v", got)
				}
				if n.hello.HasMonitor("error") {
					e, err := n.client.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "error" })
					if err != nil || e.Args[0].Str() != "remote-invocation" || !strings.HasPrefix(e.Args[1].Str(), "oops") {
						t.Errorf("%s, %v", e, err)
					}
				}
			})
		}
	}
}

// ends waits until the original has died of something, which is what it does.
func ends(t *testing.T, d *driver.Driver, why string) {
	t.Helper()
	select {
	case <-d.Done():
	case <-testContext(t).Done():
	}
	var exit *driver.ExitError
	if err := d.Err(); !errors.As(err, &exit) || exit.Status == "exit status 0" || !strings.Contains(exit.Stderr, why) {
		t.Errorf("it did not end as it does: %v", err)
	}
}

// TestPerlDefects: what ends the original, which scenarios have to know of.
func TestPerlDefects(t *testing.T) {
	for _, p := range installs(t) {
		t.Run(p.Release, func(t *testing.T) {
			t.Parallel()
			ctx := testContext(t)
			// A peer that closes during the negotiation.
			l, err := net.Listen("tcp", "127.0.0.1:0")
			must(t, err)
			defer l.Close()
			var accepting sync.WaitGroup
			defer accepting.Wait()
			accepting.Go(func() {
				c, err := l.Accept()
				if err == nil {
					_, _ = c.Read(make([]byte, 1))
					c.Close()
				}
			})
			client := start(t, p)
			_, err = client.Connect(ctx, driver.Connect{Name: "Client", Address: l.Addr().String()})
			code(t, err, driver.Failed)
			if p.Release >= "0.24" {
				ends(t, client, "No kernel in !")
			} else if _, err := client.Hello(ctx); err != nil {
				t.Errorf("after a peer that closes: %v", err)
			}

			// Subscriptions that are part of connecting: 0.1801 alone can.
			server, client := start(t, p), start(t, p)
			at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
			must(t, err)
			must(t, server.Session(ctx, driver.Session{Session: "me", States: actions()}))
			_, err = client.Connect(ctx, driver.Connect{Name: "Client", Address: at.Address, Subscribe: []string{"poe://Server/me"}})
			switch {
			case p.Release < "0.19":
				must(t, err)
			case p.Release < "0.24":
				ends(t, client, `Can't locate object method "ID"`)
			default:
				ends(t, client, "Attempting to send during finishing")
			}
		})
	}
}

// TestMissingPrerequisite: what a release needs and is not there is named, not the release.
func TestMissingPrerequisite(t *testing.T) {
	lib := filepath.Join(driver.ReleasesDir(), "0.2200")
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("release 0.2200: %v", err)
	}
	_, err := driver.FindPerlIn(t.Context(), lib)
	var missing *driver.PerlError
	switch {
	case err == nil:
		t.Skip("POE::API::Peek is here")
	case !errors.As(err, &missing) || missing.Missing != "POE::API::Peek" || !strings.Contains(missing.Detail, "POE::Component::IKC does not load"):
		t.Errorf("expected that POE::API::Peek is missing, got %v", err)
	}
}
