package driver_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// These tests drive the real POE::Component::IKC: every release that is unpacked in $IKC_RELEASES
// (/opt/ikc), else the one that perl finds.

// found looks once.
var found = sync.OnceValues(func() ([]*driver.PerlInstall, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all []*driver.PerlInstall
	for _, name := range driver.Releases(driver.ReleasesDir()) {
		p, err := driver.FindPerlIn(ctx, filepath.Join(driver.ReleasesDir(), name))
		var missing *driver.PerlError
		if errors.As(err, &missing) && missing.Missing != "" && name == "0.2200" {
			continue // it needs POE::API::Peek, which few machines have; TestMissingPrerequisite says so
		}
		if err != nil {
			return nil, fmt.Errorf("release %s: %w", name, err)
		}
		if p.Release != name {
			return nil, fmt.Errorf("release %s calls itself %s", name, p.Release)
		}
		all = append(all, p)
	}
	if len(all) > 0 {
		return all, nil
	}
	p, err := driver.FindPerl(ctx)
	if err != nil {
		return nil, fmt.Errorf("no releases in %s, and: %w", driver.ReleasesDir(), err)
	}
	return []*driver.PerlInstall{p}, nil
})

func installs(t *testing.T) []*driver.PerlInstall {
	t.Helper()
	all, err := found()
	var missing *driver.PerlError
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	must(t, err)
	return all
}

// newest is the last of the installations.
func newest(t *testing.T) *driver.PerlInstall {
	all := installs(t)
	return all[len(all)-1]
}

func start(t *testing.T, p *driver.PerlInstall) *driver.Driver {
	t.Helper()
	d, err := p.Start(testContext(t), driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var exit *driver.ExitError
		if t.Failed() && errors.As(d.Err(), &exit) {
			t.Log(exit)
		}
		d.Close()
	})
	return d
}

func value(v *perl.Value) typed.Value { return typed.Value{V: v} }

// show is the typed JSON of values, to compare and to print.
func show(vs ...*perl.Value) string {
	var out []string
	for _, v := range vs {
		raw, err := typed.Encode(v)
		if err != nil {
			raw = []byte(err.Error())
		}
		out = append(out, string(raw))
	}
	return strings.Join(out, " ")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(t *testing.T, err error, want driver.Code) {
	t.Helper()
	if got := driver.CodeOf(err); got != want {
		t.Errorf("got %v, want an error with code %s", err, want)
	}
}

var (
	hi   = perl.NewBytes("hi")
	pair = perl.ArrayRef(perl.NewInt(1), perl.NewText("ü"))
)

func actions() map[string]driver.Action {
	return map[string]driver.Action{
		"echo":    driver.Echo(),
		"return":  driver.Return(pair),
		"list":    driver.List(perl.NewInt(1), perl.NewInt(2)),
		"args":    driver.Args(),
		"nothing": driver.Nothing(),
		"undef":   driver.Undef(),
		"count":   driver.Count(),
		"sender":  driver.Sender("back", 0),
		"respond": driver.Respond(),
		"slow":    driver.Echo().Slow(1),
	}
}

// network is a server and a client of one release, connected, with the monitors on from before.
type network struct {
	ctx            context.Context
	server, client *driver.Driver
	hello          *driver.Hello
	at             driver.Listening
	unix           string // a path for a socket
}

func connected(t *testing.T, p *driver.PerlInstall, listen driver.Listen, connect driver.Connect) *network {
	t.Helper()
	n := &network{ctx: testContext(t), server: start(t, p), client: start(t, p), unix: filepath.Join(t.TempDir(), "socket")}
	var err error
	n.hello, err = n.server.Hello(n.ctx)
	must(t, err)
	listen.Name, connect.Name = "Server", "Client"
	n.at, err = n.server.Listen(n.ctx, listen)
	must(t, err)
	must(t, n.server.Session(n.ctx, driver.Session{Session: "me", States: actions()}))
	must(t, n.server.Monitor(n.ctx, "*", n.hello.Monitors...))
	must(t, n.client.Session(n.ctx, driver.Session{Session: "cli", States: map[string]driver.Action{
		"answer": driver.Nothing(), "back": driver.Nothing()}}))
	must(t, n.client.Monitor(n.ctx, "*", n.hello.Monitors...))
	connect.Address, connect.Unix = n.at.Address, n.at.Unix
	kernel, err := n.client.Connect(n.ctx, connect)
	must(t, err)
	if kernel != n.hello.Kernel {
		t.Errorf("connected to %q, the server said %q", kernel, n.hello.Kernel)
	}
	return n
}

// call calls a state of the server. What is called must not matter for the ones after it.
func (n *network) call(t *testing.T, state string, params *perl.Value) {
	t.Helper()
	count, err := n.client.Call(n.ctx, driver.Call{To: "poe://Server/me/" + state, Params: value(params),
		RSVP: "poe://Client/cli/answer", Session: "cli"})
	must(t, err)
	if count != 1 {
		t.Errorf("call of %s went to %d kernels", state, count)
	}
}

// fence calls echo and returns what the client's session got before the answer to that.
func (n *network) fence(t *testing.T, name string) (before []string) {
	t.Helper()
	n.call(t, "echo", perl.NewBytes(name))
	for {
		e, err := n.client.Wait(n.ctx, func(e *driver.Event) bool { return e.Kind == driver.EventState })
		must(t, err)
		if e.State == "answer" && len(e.Args) == 1 && e.Args[0].Str() == name {
			return before
		}
		before = append(before, e.State+" "+show(e.Args...))
	}
}

func TestPerl(t *testing.T) {
	for _, p := range installs(t) {
		t.Run(p.Release, func(t *testing.T) {
			t.Parallel()
			d := start(t, p)
			ctx := testContext(t)
			h, err := d.Hello(ctx)
			must(t, err)
			t.Logf("%s %s, %s", h.Implementation, h.Release, strings.Join(h.Protocols, " "))
			if h.Protocol != driver.ProtocolVersion || h.Release != p.Release || h.PID == 0 || h.Kernel == "" ||
				!h.HasProtocol("IKC") || !slices.Contains(h.Serializers, "Storable") {
				t.Errorf("hello: %+v", h)
			}
			t.Run("usage", func(t *testing.T) { testUsage(t, p) })
			t.Run("network", func(t *testing.T) {
				// Each works with what the one before has left: a connection.
				n := connected(t, p, driver.Listen{Aliases: []string{"Other"}}, driver.Connect{Aliases: []string{"Also"}})
				t.Run("actions", n.testActions)
				t.Run("subscribe", n.testSubscribe)
				t.Run("messages", n.testMessages)
				t.Run("monitor", n.testMonitor)
				t.Run("unix", n.testUnix)
				t.Run("protocols", n.testProtocols)
				t.Run("shutdown", n.testShutdown)
			})
			t.Run("lite", func(t *testing.T) { testLite(t, p) })
			must(t, d.Quit(ctx))
			var exit *driver.ExitError
			if !errors.As(d.Err(), &exit) || exit.Status != "exit status 0" {
				t.Errorf("after quit: %v", d.Err())
			}
		})
	}
}

func testUsage(t *testing.T, p *driver.PerlInstall) {
	ctx := testContext(t)
	d := start(t, p)
	type fields = map[string]any
	one := fields{"s": fields{"do": "echo"}}
	for _, c := range []struct {
		cmd    string
		fields fields
		code   driver.Code
	}{
		{"frobnicate", nil, driver.Unsupported},
		{"lite-frobnicate", nil, driver.Unsupported},
		{"listen", nil, driver.Usage},
		{"listen", fields{"name": "S", "address": "nowhere"}, driver.Usage},
		{"listen", fields{"name": "S", "protocol": "IKC7"}, driver.Usage},
		{"connect", fields{"name": "C"}, driver.Usage},
		{"connect", fields{"name": "C", "address": "127.0.0.1:1"}, driver.Failed},
		{"connect", fields{"name": "C", "unix": "/nonexistent/socket"}, driver.Failed},
		{"session", fields{"session": "s"}, driver.Usage},
		{"session", fields{"session": "s", "states": fields{"s": fields{"do": "frobnicate"}}}, driver.Unsupported},
		{"session", fields{"session": "s", "states": fields{"s": fields{"do": "return"}}}, driver.Usage},
		{"session", fields{"session": "s", "states": fields{"_start": fields{"do": "echo"}}}, driver.Usage},
		{"session", fields{"session": "IKC", "states": one}, driver.Failed},
		{"publish", fields{"session": "other", "states": []string{"s"}}, driver.Failed},
		{"post", fields{"to": "poe://K/s/t"}, driver.Usage},
		{"post", fields{"to": "poe://K/s/t", "params": fields{"i": "x"}}, driver.Usage},
		{"post", fields{"to": "poe://K", "params": nil}, driver.Usage},
		{"post", fields{"to": "poe://K/s/t", "params": nil, "session": "other"}, driver.Failed},
		{"call", fields{"to": "poe://K/s/t", "params": nil}, driver.Usage},
		{"proxy-post", fields{"to": "poe://K/s", "state": "t"}, driver.Failed},
		{"subscribe", fields{"specifiers": []string{"poe:/s"}}, driver.Usage},
		{"monitor", fields{"kernel": "*", "events": []string{"frobnicate"}}, driver.Unsupported},
		{"lite-call", fields{"to": "poe://K/s/t", "params": nil}, driver.Failed},
		{"lite-connect", fields{"name": "L", "address": "127.0.0.1:1"}, driver.Failed},
	} {
		if err := d.Do(ctx, c.cmd, c.fields, nil); driver.CodeOf(err) != c.code {
			t.Errorf("%s %v: got %v, want code %s", c.cmd, c.fields, err, c.code)
		}
	}
	e, err := d.Wait(ctx, func(e *driver.Event) bool { return e.Kind == driver.EventError })
	if err != nil || e.Operation != "connect" || e.Number == 0 || e.Message == "" {
		t.Errorf("error event: %s, %v", e, err)
	}

	// A port that is taken.
	at, err := d.Listen(ctx, driver.Listen{Name: "S"})
	must(t, err)
	other := start(t, p)
	if _, err := other.Listen(ctx, driver.Listen{Name: "S", Address: at.Address}); driver.CodeOf(err) != driver.Failed {
		t.Errorf("listen on a port in use: got %v", err)
	}
	// Unknown kernels are no error of the command.
	count, err := d.Post(ctx, driver.Post{To: "poe://Unknown/s/t", Params: value(nil)})
	if err != nil || count != 0 {
		t.Errorf("post to an unknown kernel: %d, %v", count, err)
	}
	must(t, d.Shutdown(ctx))
	code(t, d.Session(ctx, driver.Session{Session: "late", States: map[string]driver.Action{}}), driver.Failed)
}

func (n *network) testActions(t *testing.T) {
	for _, c := range []struct{ state, want string }{
		{"echo", `answer {"b":"hi"}`},
		{"return", "answer " + show(pair)},
		{"return", "answer " + show(pair)},
		{"list", `answer {"i":"2"}`}, // scalar context: the last of the list
		{"args", `answer {"ref":{"array":[{"b":"hi"}]}}`},
		{"nothing", ""},
		{"undef", ""},
		{"count", `answer {"i":"1"}`},
		{"count", `answer {"i":"2"}`},
		{"slow", `answer {"b":"hi"}`},
		{"unknown", ""},
	} {
		if c.state == "slow" {
			must(t, n.server.Session(n.ctx, driver.Session{Session: "me", States: map[string]driver.Action{"slow": driver.Echo().Slow(2e8)}}))
		}
		n.call(t, c.state, hi)
		if got := strings.Join(n.fence(t, "end"), "; "); got != c.want {
			t.Errorf("%s: got %q, want %q", c.state, got, c.want)
		}
		if c.state == "unknown" {
			continue
		}
		e, err := n.server.WaitState(n.ctx, "me", c.state)
		must(t, err)
		if show(e.Args...) != show(hi) || !e.Sender || e.Context != driver.ContextScalar {
			t.Errorf("%s: reported %s", c.state, e)
		}
	}

	// The sender's own post may overtake nothing, but comes after the answer to what was sent later.
	for _, after := range []driver.Action{driver.Sender("back", 0), driver.Sender("back", 1e8)} {
		must(t, n.server.Session(n.ctx, driver.Session{Session: "me", States: map[string]driver.Action{"sender": after}}))
		n.call(t, "sender", hi)
		e, err := n.client.WaitState(n.ctx, "cli", "back")
		must(t, err)
		if show(e.Args...) != show(hi) {
			t.Errorf("sender: got %+v", e)
		}
	}
	params := perl.ArrayRef(hi, perl.HashRef(perl.P("kernel", perl.NewBytes("Client")),
		perl.P("session", perl.NewBytes("cli")), perl.P("state", perl.NewBytes("back"))))
	_, err := n.client.Post(n.ctx, driver.Post{To: "poe://Server/me/respond", Params: value(params), Session: "cli"})
	must(t, err)
	e, err := n.client.WaitState(n.ctx, "cli", "back")
	must(t, err)
	if show(e.Args...) != show(hi) {
		t.Errorf("respond: got %+v", e)
	}
}

func (n *network) testMessages(t *testing.T) {
	n.server.TakeEvents()
	must(t, n.server.Session(n.ctx, driver.Session{Session: "me", States: map[string]driver.Action{"count": driver.Count()}}))

	// By name, alias, id and to all.
	for _, to := range []string{"Server", "Other", n.hello.Kernel, "*"} {
		count, err := n.client.Post(n.ctx, driver.Post{To: "poe://" + to + "/me/echo", Params: value(perl.NewBytes(to))})
		must(t, err)
		if to == "*" {
			// All kernels: the own one is among them.
			if count != 2 {
				t.Errorf("post to * went to %d", count)
			}
		} else if count != 1 {
			t.Errorf("post to %s went to %d", to, count)
		}
		e, err := n.server.WaitState(n.ctx, "me", "echo")
		must(t, err)
		if show(e.Args...) != show(perl.NewBytes(to)) || e.Context == driver.ContextScalar {
			t.Errorf("post: reported %s", e)
		}
	}

	// Back to the client, by its alias.
	count, err := n.server.Post(n.ctx, driver.Post{To: "poe://Also/cli/answer", Params: value(hi)})
	if err != nil || count != 1 {
		t.Errorf("post to the client: %d, %v", count, err)
	}
	_, err = n.client.WaitState(n.ctx, "cli", "answer")
	must(t, err)

	must(t, n.server.Retract(n.ctx, "me", "count"))
	n.call(t, "count", hi)
	if got := n.fence(t, "end"); len(got) != 0 {
		t.Errorf("retracted: got %v", got)
	}
	must(t, n.server.Publish(n.ctx, "me", "count"))
	n.call(t, "count", hi)
	if got := n.fence(t, "end"); len(got) != 1 || got[0] != `answer {"i":"1"}` {
		t.Errorf("published again: got %v", got)
	}

	// A session that publishes nothing.
	must(t, n.server.Session(n.ctx, driver.Session{Session: "private", States: map[string]driver.Action{"echo": driver.Echo()}, Publish: &[]string{}}))
	_, err = n.client.Call(n.ctx, driver.Call{To: "poe://Server/private/echo", Params: value(hi), RSVP: "poe://Client/cli/answer", Session: "cli"})
	must(t, err)
	if got := n.fence(t, "end"); len(got) != 0 {
		t.Errorf("private: got %v", got)
	}

	// Closed, and open again.
	must(t, n.client.Disconnect(n.ctx))
	_, err = n.server.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "unregister" && e.About == "Client" })
	must(t, err)
	_, err = n.client.Connect(n.ctx, driver.Connect{Name: "Client", Address: n.at.Address})
	must(t, err)
	if got := n.fence(t, "end"); len(got) != 0 {
		t.Errorf("connected again: got %v", got)
	}
	n.client.TakeEvents()
	must(t, n.server.Disconnect(n.ctx))
	n.gone(t)
}

// gone waits until the client has seen that the server is gone.
func (n *network) gone(t *testing.T) {
	t.Helper()
	_, err := n.client.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "unregister" && e.About == "Server" })
	must(t, err)
}

func (n *network) testSubscribe(t *testing.T) {
	for _, c := range []struct {
		ask, want []string
	}{
		{[]string{"poe://Server/me"}, []string{"poe://Server/me"}},
		{[]string{"poe://Server/me/echo"}, []string{"poe://Server/me/echo"}},
		{[]string{"poe://Server/other"}, nil},
		{[]string{"poe://Server/me", "poe://Server/me/unknown"}, []string{"poe://Server/me"}},
		{[]string{"poe://Nobody/me"}, nil},
	} {
		got, err := n.client.Subscribe(n.ctx, driver.Subscribe{Specifiers: c.ask, Session: "cli"})
		must(t, err)
		if !slices.Equal(got, c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("subscribe %v: got %v, want %v", c.ask, got, c.want)
		}
	}
	must(t, n.client.ProxyPost(n.ctx, driver.ProxyPost{To: "poe://Server/me", State: "args", Session: "cli",
		Args: typed.Wrap([]*perl.Value{hi, pair})}))
	e, err := n.server.WaitState(n.ctx, "me", "args")
	must(t, err)
	if show(e.Args...) != show(hi, pair) {
		t.Errorf("through the proxy: %s", show(e.Args...))
	}
	must(t, n.client.Unsubscribe(n.ctx, "poe://Server/me"))
	_, err = n.client.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "unsubscribe" })
	must(t, err)
	code(t, n.client.ProxyPost(n.ctx, driver.ProxyPost{To: "poe://Server/me", State: "args"}), driver.Failed)
}

// testMonitor: the order of what a server sees of one client's life, as in the protocol notes.
func (n *network) testMonitor(t *testing.T) {
	n.server.TakeEvents()
	_, err := n.client.Connect(n.ctx, driver.Connect{Name: "Client", Address: n.at.Address})
	must(t, err)
	n.fence(t, "end")
	client, err := n.client.Hello(n.ctx)
	must(t, err)
	n.client.TakeEvents()
	must(t, n.client.Disconnect(n.ctx))
	n.gone(t)

	var got []string
	for {
		e, err := n.server.Wait(n.ctx, func(e *driver.Event) bool { return e.Kind == driver.EventMonitor && e.About == client.Kernel })
		must(t, err)
		if e.Kernel != "*" || !e.Real {
			t.Errorf("monitor: %+v", e)
		}
		what := e.What
		if what == "channel" || what == "error" {
			what += " " + e.Args[0].Str()
		}
		got = append(got, what)
		if e.What == "unregister" {
			break
		}
	}
	want := "register, unregister"
	if n.hello.HasMonitor("channel") {
		want = "register, channel ready, error channel-read, channel close, unregister"
	} else {
		code(t, n.server.Monitor(n.ctx, "*", "channel"), driver.Unsupported)
		code(t, n.server.Monitor(n.ctx, "*", "error"), driver.Unsupported)
	}
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	// Once for the id, and once for every alias.
	if e, err := n.server.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "register" && e.About == "Client" }); err != nil || e.Real {
		t.Errorf("register of the alias: %+v, %v", e, err)
	}
	must(t, n.server.Monitor(n.ctx, "*"))
	n.server.TakeEvents()
	_, err = n.client.Connect(n.ctx, driver.Connect{Name: "Client", Address: n.at.Address})
	must(t, err)
	n.fence(t, "end")
	for _, e := range n.server.TakeEvents() {
		if e.Kind == driver.EventMonitor {
			t.Errorf("monitored after the end: %+v", e)
		}
	}
	n.client.TakeEvents()
	must(t, n.client.Disconnect(n.ctx))
	n.gone(t)
}

func (n *network) testShutdown(t *testing.T) {
	must(t, n.server.Monitor(n.ctx, "*", "shutdown"))
	must(t, n.server.Shutdown(n.ctx))
	_, err := n.server.Wait(n.ctx, func(e *driver.Event) bool { return e.What == "shutdown" })
	must(t, err)
	n.gone(t)
	must(t, n.server.Quit(n.ctx))
	if _, err := os.Stat(n.unix); err == nil {
		t.Error("the socket is still there")
	}
}

func (n *network) testUnix(t *testing.T) {
	at, err := n.server.Listen(n.ctx, driver.Listen{Name: "Server", Unix: n.unix})
	if err != nil || at.Unix != n.unix {
		t.Fatalf("listen: %+v, %v", at, err)
	}
	_, err = n.client.Connect(n.ctx, driver.Connect{Name: "Client", Unix: at.Unix})
	must(t, err)
	n.call(t, "echo", hi)
	if got := n.fence(t, "end"); len(got) != 1 || got[0] != "answer "+show(hi) {
		t.Errorf("got %v", got)
	}
	n.client.TakeEvents()
	must(t, n.client.Disconnect(n.ctx))
	n.gone(t)
}

// testProtocols: each with each, fallback included. It leaves the connection open.
func (n *network) testProtocols(t *testing.T) {
	if !n.hello.HasProtocol("IKC0") {
		_, err := n.server.Listen(n.ctx, driver.Listen{Name: "S", Protocol: "IKC0"})
		code(t, err, driver.Unsupported)
		_, err = n.client.Connect(n.ctx, driver.Connect{Name: "C", Protocol: "IKC0", Address: "127.0.0.1:1"})
		code(t, err, driver.Unsupported)
		code(t, n.client.LiteConnect(n.ctx, driver.LiteConnect{Name: "C", Protocol: "IKC0", Address: "127.0.0.1:1"}), driver.Unsupported)
	}
	for i, server := range n.hello.Protocols {
		at, err := n.server.Listen(n.ctx, driver.Listen{Name: "Server", Protocol: server})
		must(t, err)
		for j, client := range n.hello.Protocols {
			if i+j > 0 {
				n.client.TakeEvents()
				must(t, n.client.Disconnect(n.ctx))
				n.gone(t)
			}
			_, err := n.client.Connect(n.ctx, driver.Connect{Name: "Client", Protocol: client, Address: at.Address})
			if err != nil {
				t.Fatalf("%s to %s: %v", client, server, err)
			}
			if got := n.fence(t, "end"); len(got) != 0 {
				t.Errorf("%s to %s: got %v", client, server, got)
			}
		}
	}
	n.client.TakeEvents()
}
