package refdriver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// These scenarios are played twice: with two Perl kernels, and with two Go kernels. What the states
// received, what monitors and callbacks were told and what commands answered must be the same, but for ids and
// ports. testdata keeps what came of Perl, so that the Go side is compared where there is no Perl;
// -update writes it anew.

var update = flag.Bool("update", false, "record the traces of the Perl side anew")

const recordedRelease = "0.2402"

// play is a scenario being played with a server and a client of one implementation.
type play struct {
	ctx            context.Context
	t              *testing.T
	server, client *driver.Driver
	address        string
	record         map[string]int // events of each step, as recorded
	dialect        string
	lines          []string
}

func (p *play) note(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// answered notes what a command answered. Messages of errors are each implementation's own.
func (p *play) answered(what string, result any, err error) {
	if err != nil {
		code := driver.CodeOf(err)
		if code == "" {
			p.t.Fatalf("%s: %v", what, err)
		}
		p.note("  %s: error %s", what, code)
		return
	}
	if result == nil {
		return
	}
	p.note("  %s: %v", what, result)
}

// step does something and notes the events that came of it: as many as the record has, and those that
// come beyond.
func (p *play) step(name string, do func()) {
	p.note("%s", name)
	do()
	want, known := p.record[name]
	quiet, patience := 20*time.Millisecond, 10*time.Second
	if !known {
		quiet, patience = time.Second, time.Second
	}
	count := 0
	events := map[string][]driver.Event{}
	late := time.Now().Add(patience)
	for still := time.Now().Add(quiet); ; time.Sleep(2 * time.Millisecond) {
		for who, d := range map[string]*driver.Driver{"server": p.server, "client": p.client} {
			if more := d.TakeEvents(); len(more) > 0 {
				events[who] = append(events[who], more...)
				count += len(more)
				still = time.Now().Add(quiet)
			}
		}
		if now := time.Now(); now.After(still) && (count >= want || now.After(late)) {
			break
		}
	}
	for _, who := range []string{"server", "client"} {
		var lines []string
		for _, e := range events[who] {
			lines = append(lines, fmt.Sprintf("  %s %s", who, describe(e)))
		}
		if strings.Contains(name, "every kernel") {
			slices.Sort(lines) // who is first is not said
		}
		p.lines = append(p.lines, lines...)
	}
}

// recorded counts the events of each step of a record.
func recorded(trace string) map[string]int {
	counts := map[string]int{}
	step := ""
	for _, line := range strings.Split(trace, "\n") {
		switch {
		case strings.HasPrefix(line, "  server "), strings.HasPrefix(line, "  client "):
			counts[step]++
		case line != "" && line[0] != ' ':
			step = line
			counts[step] = 0
		}
	}
	return counts
}

func describe(e driver.Event) string {
	var args []string
	for _, v := range e.Args {
		raw, err := typed.Encode(v)
		if err != nil {
			raw = []byte(err.Error())
		}
		args = append(args, string(raw))
	}
	with := strings.Join(args, " ")
	switch e.Kind {
	case "state":
		return fmt.Sprintf("state %s/%s context=%s sender=%v %s", e.Session, e.State, e.Context, e.Sender, with)
	case "monitor":
		return fmt.Sprintf("monitor %s: %s about %s real=%v %s", e.Kernel, e.What, e.About, e.Real, with)
	}
	return fmt.Sprintf("%s %s", e.Kind, e.Operation)
}

var (
	anID      = regexp.MustCompile(`[-\w.]+-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}`)
	anAddress = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	aPID      = regexp.MustCompile(`(register about \S+ real=\w+) \{"b":"\d+"\}`)
	aChannel  = regexp.MustCompile(`(channel about .*) \{"[ibn]":"\d+"\}`)
	aProcess  = regexp.MustCompile(`"\d+: Unknown kernel`)
)

// normal replaces what differs from run to run.
func (p *play) normal() string {
	text := strings.Join(p.lines, "\n") + "\n"
	text = strings.ReplaceAll(text, p.address, "SERVER-ADDRESS")
	text = anAddress.ReplaceAllString(text, "ADDRESS")
	text = aPID.ReplaceAllString(text, `$1 PID`)
	text = aChannel.ReplaceAllString(text, `$1 CHANNEL`)
	text = aProcess.ReplaceAllString(text, `"PID: Unknown kernel`)
	ids := map[string]string{}
	for _, side := range []struct {
		d    *driver.Driver
		name string
	}{{p.server, "SERVER-ID"}, {p.client, "CLIENT-ID"}} {
		if h, err := side.d.Hello(p.ctx); err == nil && h.Kernel != "" {
			ids[h.Kernel] = side.name
		}
	}
	return anID.ReplaceAllStringFunc(text, func(id string) string {
		if name := ids[id]; name != "" {
			return name
		}
		return id
	})
}

func b(s string) *perl.Value { return perl.NewBytes(s) }

func v(x *perl.Value) typed.Value { return typed.Value{V: x} }

func (p *play) start() {
	at, err := p.server.Listen(p.ctx, driver.Listen{Name: "Server", Aliases: []string{"Other"}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.address = at.Address
	for _, d := range []*driver.Driver{p.server, p.client} {
		if err := d.Session(p.ctx, driver.Session{Session: "me", States: map[string]driver.Action{
			"echo": driver.Echo(), "list": driver.List(perl.NewInt(1), b("two")), "nothing": driver.Nothing(), "args": driver.Args(),
			"sender": driver.Sender("reply", 0), "reply": driver.Nothing(), "respond": driver.Respond(), "count": driver.Count(),
		}}); err != nil {
			p.t.Fatal(err)
		}
		if err := d.Session(p.ctx, driver.Session{Session: "private", States: map[string]driver.Action{"answer": driver.Nothing()}, Publish: &[]string{}}); err != nil {
			p.t.Fatal(err)
		}
	}
}

func (p *play) connect() {
	_, err := p.client.Connect(p.ctx, driver.Connect{Name: "Client", Aliases: []string{"Guest"}, Address: p.address, Protocol: p.dialect})
	p.answered("connect", nil, err)
}

// known waits until the server knows the client, which it does a moment after the client is told so. A post
// to IKC/ping leaves no trace.
func (p *play) known() {
	for range 400 {
		n, err := p.server.Post(p.ctx, driver.Post{To: "poe://Client/IKC/ping", Params: v(perl.NewUndef())})
		if err != nil {
			p.t.Fatal(err)
		}
		if n != 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatal("the server never knew the client")
}

var all = []string{"register", "unregister", "subscribe", "unsubscribe", "shutdown", "error", "channel"}

func (p *play) monitor(d *driver.Driver, kernel string, events ...string) {
	p.answered("monitor", nil, d.Monitor(p.ctx, kernel, events...))
}

func (p *play) post(d *driver.Driver, session, to string, params *perl.Value) {
	n, err := d.Post(p.ctx, driver.Post{To: to, Params: v(params), Session: session})
	p.answered("post "+to, n, err)
}

func (p *play) call(d *driver.Driver, to string, params *perl.Value) {
	n, err := d.Call(p.ctx, driver.Call{To: to, Params: v(params), RSVP: "poe:/private/answer", Session: "private"})
	p.answered("call "+to, n, err)
}

func (p *play) subscribe(specs ...string) {
	accepted, err := p.client.Subscribe(p.ctx, driver.Subscribe{Specifiers: specs})
	p.answered("subscribe", accepted, err)
}

var scenarios = []struct {
	name string
	run  func(p *play)
}{
	{"life", func(p *play) {
		p.start()
		p.monitor(p.server, "*", all...)
		p.monitor(p.server, "Guest", "register", "unregister", "channel")
		p.step("the client connects", p.connect)
		p.monitor(p.client, "*", all...)
		p.monitor(p.client, "Server", "error")
		p.step("it calls", func() { p.call(p.client, "poe://Server/me/echo", b("x")) })
		p.step("it disconnects", func() { p.answered("disconnect", nil, p.client.Disconnect(p.ctx)) })
		p.step("it connects again", p.connect)
		p.step("the server disconnects", func() { p.answered("disconnect", nil, p.server.Disconnect(p.ctx)) })
		p.monitor(p.server, "*")
		p.step("it connects again, and only the monitor of the alias is left", p.connect)
		p.step("the server shuts down", func() { p.answered("shutdown", nil, p.server.Shutdown(p.ctx)) })
	}},
	{"shutdown", func(p *play) {
		p.start()
		p.monitor(p.server, "*", all...)
		p.monitor(p.server, "Client", "shutdown", "unregister")
		p.connect()
		p.monitor(p.client, "*", all...)
		p.step("connected", func() {})
		p.step("the client shuts down", func() { p.answered("shutdown", nil, p.client.Shutdown(p.ctx)) })
	}},
	{"errors", func(p *play) {
		p.start()
		p.monitor(p.server, "*", "error")
		p.monitor(p.server, "Server", "error")
		p.monitor(p.server, "Client", "error")
		p.connect()
		p.monitor(p.client, "*", "error")
		p.monitor(p.client, "Server", "error")
		p.step("connected", func() {})
		p.step("post to a session that is not there", func() { p.post(p.client, "me", "poe://Server/absent/x", b("x")) })
		p.step("post to a state that is not published", func() { p.post(p.client, "", "poe://Server/me/hidden", b("x")) })
		p.step("call a session that is not published", func() { p.call(p.client, "poe://Other/private/answer", b("x")) })
		p.step("post to the address", func() { p.post(p.client, "", "poe://"+p.address+"/absent/x", b("x")) })
		p.step("post to a kernel that is not there", func() { p.post(p.client, "", "poe://Nobody/me/echo", b("x")) })
		p.step("call a kernel that is not there", func() { p.call(p.client, "poe://Nobody/me/echo", b("x")) })
		p.step("the server posts to what is not there", func() { p.post(p.server, "", "poe://Guest/absent/x", b("x")) })
		p.step("the server posts to itself what is not there", func() { p.post(p.server, "", "poe://Server/absent/x", b("x")) })
	}},
	{"subscribe", func(p *play) {
		p.start()
		p.connect()
		p.known()
		p.monitor(p.client, "*", all...)
		p.monitor(p.client, "Server", "subscribe", "unsubscribe")
		p.monitor(p.server, "*", all...)
		p.step("connected", func() {})
		p.step("to a session", func() { p.subscribe("poe://Server/me") })
		p.step("posts to the proxy", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "poe://Server/me", State: "args", Session: "me",
				Args: typed.Wrap([]*perl.Value{b("one"), perl.NewInt(2), perl.NewUndef()})}))
		})
		p.step("posts to the proxy and is answered", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "poe://Server/me", State: "sender", Session: "me",
				Args: typed.Wrap([]*perl.Value{b("back")})}))
		})
		p.step("posts to the proxy what is not published", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "poe://Server/me", State: "hidden"}))
		})
		p.step("to what is not there", func() { p.subscribe("poe://Server/absent") })
		p.step("to a state", func() { p.subscribe("poe://Other/me/echo") })
		p.step("to a state that is not published", func() { p.subscribe("poe://Server/me/hidden") })
		p.step("to some that are there", func() { p.subscribe("poe://Server/absent", "poe://Server/private", "poe://Server/IKC") })
		p.step("to a kernel that is not there", func() { p.subscribe("poe://Nobody/me") })
		p.step("unsubscribes", func() { p.answered("unsubscribe", nil, p.client.Unsubscribe(p.ctx, "poe://Server/me")) })
		p.step("posts to the proxy that was", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "poe://Server/me", State: "args"}))
		})
	}},
	{"proxies", func(p *play) {
		p.start()
		if err := p.server.Session(p.ctx, driver.Session{Session: "remote", States: map[string]driver.Action{"note": driver.Nothing()}}); err != nil {
			p.t.Fatal(err)
		}
		p.connect()
		p.monitor(p.client, "*", all...)
		p.step("connected", func() {})
		p.step("subscribes", func() { p.subscribe("poe://Server/remote") })
		p.step("posts by the short alias", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "remote", State: "note", Args: typed.Wrap([]*perl.Value{b("x")})}))
		})
		p.step("subscribes again", func() { p.subscribe("poe://Server/remote") })
		p.step("subscribes by another name", func() { p.subscribe("poe://Other/remote") })
		p.step("posts by that", func() {
			p.answered("proxy-post", nil, p.client.ProxyPost(p.ctx, driver.ProxyPost{To: "poe://Other/remote", State: "note"}))
		})
		p.step("unsubscribes", func() {
			p.answered("unsubscribe", nil, p.client.Unsubscribe(p.ctx, "poe://Server/remote", "poe://Server/never"))
		})
		// Not poe://*/remote: of that the original's callback comes only after 60 s, because the local kernel
		// answers before anybody counts.
		p.step("the server disconnects", func() { p.answered("disconnect", nil, p.server.Disconnect(p.ctx)) })
	}},
	{"lite", func(p *play) {
		p.start()
		p.monitor(p.server, "*", "register", "unregister", "error")
		show := func(vs ...*perl.Value) string { return describe(driver.Event{Kind: "state", Args: vs}) }
		p.step("it connects", func() {
			p.answered("lite-connect", nil, p.client.LiteConnect(p.ctx, driver.LiteConnect{Name: "Lite", Address: p.address, Protocol: p.dialect, Timeout: 5}))
		})
		for _, state := range []string{"me/echo", "poe://Server/me/echo", "me/list", "me/args?more", "me/count", "IKC/ping"} {
			p.step("calls "+state, func() {
				v, err := p.client.LiteCall(p.ctx, state, b("x"))
				p.answered("lite-call", show(v), err)
			})
			p.step("calls in list context "+state, func() {
				vs, err := p.client.LiteCallList(p.ctx, state, b("x"))
				p.answered("lite-call", show(vs...), err)
			})
		}
		p.step("posts", func() {
			sent, err := p.client.LitePost(p.ctx, "me/count", perl.ArrayRef(b("x"), perl.NewUndef()))
			p.answered("lite-post", sent, err)
		})
		p.step("calls after the post", func() {
			v, err := p.client.LiteCall(p.ctx, "me/count", b("x"))
			p.answered("lite-call", show(v), err)
		})
		p.step("post_respond", func() {
			v, err := p.client.LitePostRespond(p.ctx, "me/respond", b("back"))
			p.answered("lite-post-respond", show(v), err)
		})
		p.step("responded", func() {
			sent, err := p.client.LitePost(p.ctx, "me/sender", b("from the sender"))
			p.answered("lite-post", sent, err)
			v, err := p.client.LiteResponded(p.ctx, "reply")
			p.answered("lite-responded", show(v), err)
		})
		p.step("responded in list context", func() {
			sent, err := p.client.LitePost(p.ctx, "me/sender", b("from the sender"))
			p.answered("lite-post", sent, err)
			var r driver.LiteResult
			err = p.client.Do(p.ctx, "lite-responded", driver.LiteResponded{State: "reply", Context: "list"}, &r)
			p.answered("lite-responded", show(typed.Unwrap(r.Values)...), err)
		})
		p.step("calls what is not there", func() {
			v, err := p.client.LiteCall(p.ctx, "absent/x", b("x"))
			p.answered("lite-call", show(v), err)
		})
		p.step("calls after that", func() {
			v, err := p.client.LiteCall(p.ctx, "me/echo", b("y"))
			p.answered("lite-call", show(v), err)
		})
		if p.dialect == "IKC" { // after an IKC0 negotiation the original's ping has nowhere to go
			p.step("pings", func() {
				alive, err := p.client.LitePing(p.ctx)
				p.answered("lite-ping", alive, err)
			})
		}
		p.step("disconnects", func() { p.answered("lite-disconnect", nil, p.client.LiteDisconnect(p.ctx)) })
	}},
	{"messages", func(p *play) {
		p.start()
		p.connect()
		p.step("connected", func() {})
		p.step("post", func() { p.post(p.client, "", "poe://Server/me/echo", b("x")) })
		p.step("post from a session that published", func() { p.post(p.client, "me", "poe://Server/me/sender", b("x")) })
		p.step("post with an argument", func() { p.post(p.client, "me", "poe://Server/me/args?more", b("x")) })
		p.step("post to every kernel", func() { p.post(p.client, "", "poe://*/me/echo", b("x")) })
		// Not the default kernel: the manual says that the first to register is it, but in 0.2402 the place is
		// taken by an empty hash from the start, so that nothing goes there. Here it is as the manual says.
		for _, state := range []string{"echo", "list", "nothing", "args?more"} {
			p.step("call "+state, func() { p.call(p.client, "poe://Server/me/"+state, perl.ArrayRef(b("x"), perl.NewInt(1))) })
		}
		p.step("call every kernel", func() { p.call(p.client, "poe://*/me/echo", b("x")) })
		p.step("the server calls", func() { p.call(p.server, "poe://Client/me/echo", b("x")) })
		p.step("the client calls itself", func() { p.call(p.client, "poe://Client/me/echo", b("x")) })
		p.step("the client posts to itself", func() { p.post(p.client, "me", "poe://Guest/me/sender", b("x")) })
		p.step("retract", func() { p.answered("retract", nil, p.server.Retract(p.ctx, "me", "echo")) })
		p.step("call what was retracted", func() { p.call(p.client, "poe://Server/me/echo", b("x")) })
		p.step("publish", func() { p.answered("publish", nil, p.server.Publish(p.ctx, "me", "echo")) })
		p.step("call what is published again", func() { p.call(p.client, "poe://Server/me/echo", b("x")) })
	}},
}

func TestEqualToPerl(t *testing.T) {
	for _, s := range scenarios {
		for _, dialect := range []string{"IKC0", "IKC"} {
			t.Run(s.name+" "+dialect, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join("testdata", s.name+"-"+dialect+".trace")
				want, err := os.ReadFile(path)
				if err != nil && !*update {
					t.Fatal(err)
				}
				record := recorded(string(want))
				if *update {
					record = nil
				}
				if perlGot, ok := withPerl(t, dialect, record, s.run); ok {
					if *update {
						if err := os.WriteFile(path, []byte(perlGot), 0o644); err != nil {
							t.Fatal(err)
						}
						want = []byte(perlGot)
					}
					compare(t, "Perl and its record", perlGot, string(want))
				}
				got := traced(t, dialect, recorded(string(want)), s.run, func(ctx context.Context) (*driver.Driver, error) {
					return refdriver.Start(ctx, nil, driver.Options{}), nil
				})
				compare(t, "Go and the record of Perl", got, string(want))
			})
		}
	}
}

func traced(t *testing.T, dialect string, record map[string]int, run func(*play), start func(context.Context) (*driver.Driver, error)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	p := &play{ctx: ctx, t: t, record: record, dialect: dialect}
	for _, d := range []**driver.Driver{&p.server, &p.client} {
		var err error
		if *d, err = start(ctx); err != nil {
			t.Fatal(err)
		}
		defer (*d).Close()
	}
	run(p)
	return p.normal()
}

// withPerl plays with the real thing, if it is there.
func withPerl(t *testing.T, dialect string, record map[string]int, run func(*play)) (string, bool) {
	if testing.Short() {
		t.Log("not played with Perl: -short")
		return "", false
	}
	dir := os.Getenv("IKC_RELEASES")
	if dir == "" {
		dir = "/opt/ikc"
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	install, err := driver.FindPerlIn(ctx, filepath.Join(dir, recordedRelease))
	var missing *driver.PerlError
	if errors.As(err, &missing) {
		t.Logf("not played with Perl: %v", err)
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	if install.Release != recordedRelease {
		t.Logf("not played with Perl: the records are of %s, there is %s", recordedRelease, install.Release)
		return "", false
	}
	return traced(t, dialect, record, run, func(ctx context.Context) (*driver.Driver, error) {
		return install.Start(ctx, driver.Options{})
	}), true
}

// compare shows the lines that differ, and those before them in the same step.
func compare(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	t.Errorf("%s differ; - is the latter, + the former:\n%s", what, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
}
