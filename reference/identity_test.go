package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// asked has a kernel call a state of a peer, and returns what the peer gets of it, and where the
// outcome will come.
func asked(t *testing.T, k *ikc.Kernel, to string, peer *raw) (*wire.Message, <-chan error) {
	t.Helper()
	outcome := make(chan error, 1)
	go func() {
		v, err := k.Call(soon(t), to, "question")
		if err == nil && text(v) != `'right'` {
			err = fmt.Errorf("answered %s", text(v))
		}
		outcome <- err
	}()
	m, err := peer.receive()
	must(t, err)
	return m, outcome
}

// answer answers a call.
func (r *raw) answer(m *wire.Message, text string) {
	r.t.Helper()
	r.send(&wire.Message{Event: m.RSVP, Params: perl.NewBytes(text)})
}

// hears waits until the kernel has seen to all that a peer has sent.
func (r *raw) hears(kernel, name string) {
	r.t.Helper()
	r.send(callMessage("poe://"+kernel+"/IKC/ping", name, "pong", perl.NewBytes("PING")))
	for {
		m, err := r.receive()
		must(r.t, err)
		if m.Event.State == "pong" {
			return
		}
	}
}

// Nobody takes this kernel's own id or names, whatever a peer calls itself.
func TestOwnNamesAreReserved(t *testing.T) {
	for _, perlIdentity := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", ID: "server-id", Aliases: []string{"Shop"}, PerlIdentity: perlIdentity})
		session(t, server, "me", map[string]ikc.State{"echo": echo})
		address := serve(t, server)
		for _, names := range [][]string{{"evil", "server-id", "Server", "Shop"}, {"server-id", "x"}, {"Server", "y"}, {"Shop"}} {
			rawPeer(t, address, names[0], names[1:]...).hears("Server", names[0])
		}
		for _, to := range []string{"server-id", "Server", "Shop"} {
			v, err := server.Call(soon(t), "poe://"+to+"/me/echo", "secret")
			if err != nil || text(v) != `'secret'` {
				t.Errorf("PerlIdentity %v: own call by %s: got %v, %v", perlIdentity, to, v, err)
			}
			if c := server.Channel(to); c != nil {
				t.Errorf("PerlIdentity %v: a peer has %s: %v", perlIdentity, to, c.Peer())
			}
		}
	}
}

// An alias never takes what is another's id, whoever came first.
func TestIDsGoBeforeAliases(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	address := serve(t, server)
	first := rawPeer(t, address, "evil", "Bank")
	first.hears("Server", "evil")
	if c := server.Channel("Bank"); c == nil || c.Peer().ID != "evil" {
		t.Fatalf("an alias that nobody else has: got %v", c)
	}
	bank := rawPeer(t, address, "Bank")
	bank.hears("Server", "Bank")
	rawPeer(t, address, "late", "Bank").hears("Server", "late")
	m, outcome := asked(t, server, "poe://Bank/account/balance", bank)
	bank.answer(m, "right")
	if err := <-outcome; err != nil {
		t.Errorf("call by the id: %v", err)
	}
	must(t, bank.Close())
	settled(t, "the name leads nowhere, as in the original, until somebody registers with it", func() bool { return server.Channel("Bank") == nil })
}

// A second connection with the id of a peer cannot answer for it, neither calls nor subscriptions,
// nor fail them; Config.PerlIdentity lets it.
func TestOnlyWhoWasAskedAnswers(t *testing.T) {
	for _, perlIdentity := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", PerlIdentity: perlIdentity})
		address := serve(t, server)
		right := rawPeer(t, address, "Worker")
		right.hears("Server", "Worker")
		wrong := rawPeer(t, address, "Worker")
		wrong.hears("Server", "Worker")

		m, outcome := asked(t, server, "poe://Worker/do/it", right)
		wrong.send(&wire.Message{IsError: true, Event: wire.AtString("poe://Server/IKC/remote_error"),
			Params: perl.ArrayRef(perl.NewBytes("wrong. Request poe://Worker/do/it"), perl.NewBytes("Worker"), perl.NewBytes("check"))})
		wrong.answer(m, "wrong")
		wrong.hears("Server", "Worker")
		right.answer(m, "right")
		if err := <-outcome; (err == nil) == perlIdentity {
			t.Errorf("PerlIdentity %v: call: got %v", perlIdentity, err)
		}

		subscribed := make(chan error, 1)
		go func() {
			_, err := server.Subscribe(soon(t), "poe://Worker/desk")
			subscribed <- err
		}()
		m, err := right.receive()
		must(t, err)
		wrong.answer(m, "Refused by an impostor")
		wrong.hears("Server", "Worker")
		found := perl.HashRef(perl.P("kernel", perl.NewBytes("Worker")), perl.P("session", perl.NewBytes("desk")), perl.P("state", perl.NewBytes("")))
		right.send(&wire.Message{Event: m.RSVP, Params: perl.ArrayRef(found, perl.NewBytes("Worker"))})
		if err := <-subscribed; (err == nil) == perlIdentity {
			t.Errorf("PerlIdentity %v: subscription: got %v", perlIdentity, err)
		}
	}
}

// What a peer names as its rsvp is never taken for the answer to what this kernel asks itself.
func TestOwnCallsCannotBeAnswered(t *testing.T) {
	for _, queuePerSession := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", ID: "server-id", QueuePerSession: queuePerSession})
		begun, goOn := make(chan struct{}), make(chan struct{})
		session(t, server, "me", map[string]ikc.State{"echo": echo})
		s := session(t, server, "slow", map[string]ikc.State{
			"wait": func(ctx context.Context, _ *ikc.Request) (any, error) {
				close(begun)
				_ = server.Ping(ctx, "third") // others may run meanwhile
				<-goOn
				return "right", nil
			},
			"hand": func(ctx context.Context, r *ikc.Request) (any, error) { // post_respond
				return nil, r.Session.Respond(ctx, r.Arg(0), "wrong")
			},
		})
		address := serve(t, server)
		peer, third := rawPeer(t, address, "peer"), rawPeer(t, address, "third")
		peer.hears("Server", "peer")
		third.hears("Server", "third")
		outcome := make(chan string, 1)
		go func() {
			v, err := s.Call(soon(t), "poe://Server/slow/wait", nil)
			outcome <- fmt.Sprint(v != nil && text(v) == `'right'`, err)
		}()
		<-begun
		ping, err := third.receive()
		must(t, err)
		for i := range 20 {
			rsvp := wire.At(specifier.Specifier{Kernel: []string{"Server", "server-id"}[i%2], Session: "IKCCall", State: fmt.Sprintf("response%d", i/2)})
			peer.send(&wire.Message{Event: wire.AtString("poe://Server/me/echo"), Params: perl.NewBytes("wrong"), RSVP: rsvp})
			peer.send(&wire.Message{Event: wire.AtString("poe://Server/slow/hand"), Params: rsvp.ToValue()})
			peer.send(&wire.Message{Event: rsvp, Params: perl.NewBytes("wrong")})
		}
		peer.hears("Server", "peer")
		close(goOn)
		third.answer(ping, "PONG")
		if got := <-outcome; got != "true <nil>" {
			t.Errorf("QueuePerSession %v: own call: got %s", queuePerSession, got)
		}
	}
}

// A kernel that reconnects can be addressed as soon as its old connection has gone, and not before.
func TestReconnectTakesOver(t *testing.T) {
	var all story
	server := kernel(t, ikc.Config{Name: "Server"})
	server.Monitor("*", ikc.Monitor{Register: all.note, Unregister: all.note})
	address := serve(t, server)
	old := rawPeer(t, address, "Worker", "Helper")
	old.hears("Server", "Worker")
	was := server.Channel("Worker")
	again := rawPeer(t, address, "Worker", "Aide")
	again.hears("Server", "Worker")
	if c := server.Channel("Worker"); c != was || server.Channel("Aide") != nil {
		t.Fatal("a second connection took the id of the first")
	}
	must(t, old.Close())
	settled(t, "the second has the id", func() bool {
		c := server.Channel("Worker")
		return c != nil && c != was && server.Channel("Aide") == c && server.Channel("Helper") == nil
	})
	m, outcome := asked(t, server, "poe://Worker/do/it", again)
	again.answer(m, "right")
	if err := <-outcome; err != nil {
		t.Errorf("call: %v", err)
	}
	settled(t, "monitors are told", func() bool { return all.has("register Aide") })
	var lines []string
	all.mu.Lock()
	for _, line := range all.lines {
		if fields := strings.Fields(line); !strings.Contains(fields[1], ":") {
			lines = append(lines, fields[0]+" "+fields[1])
		}
	}
	all.mu.Unlock()
	if want := []string{"register Worker", "register Helper", "unregister Worker", "unregister Helper", "register Worker", "register Aide"}; !slices.Equal(lines, want) {
		t.Errorf("monitors:\n got %q\nwant %q", lines, want)
	}
}

// Many quick reconnects of a kernel whose last request is still being carried out: each can be
// addressed.
func TestQuickReconnects(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "work", map[string]ikc.State{
		"job": func(context.Context, *ikc.Request) (any, error) { time.Sleep(2 * time.Millisecond); return nil, nil },
	})
	address := serve(t, server)
	for i := range 50 {
		client := kernel(t, ikc.Config{Name: "Client", ID: "client-id"})
		session(t, client, "me", map[string]ikc.State{"echo": echo})
		c := dial(t, client, address)
		if i > 0 {
			settled(t, fmt.Sprintf("round %d: the server reaches the client", i), func() bool {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				v, err := server.Call(ctx, "poe://Client/me/echo", i)
				return err == nil && text(v) == fmt.Sprint(i)
			})
		}
		for range 2 {
			_, err := client.Post(soon(t), "poe://Server/work/job", nil)
			must(t, err)
		}
		must(t, c.Close())
	}
}

// Names out of grammar, and more aliases than MaxAliases, are not entered; the peer is answered all
// the same.
func TestStrangeNames(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	address := serve(t, server)
	strange := []string{"*", "a/b", "a b", "\x1b[31m", "\x00", "caf\xe9", "\u202e"}
	for _, id := range strange {
		rawPeer(t, address, id).hears("Server", id)
	}
	if n := len(server.Kernels()); n != 0 {
		t.Errorf("ids out of grammar: got %d kernels, expected none: %q", n, server.Kernels())
	}
	many := append([]string{}, strange...)
	for i := range 5 * ikc.MaxAliases {
		many = append(many, fmt.Sprintf("alias%d", i))
	}
	rawPeer(t, address, "peer", many...).hears("Server", "peer")
	aliases := server.Kernels()["peer"]
	if len(aliases) != ikc.MaxAliases+1 || aliases[0] != "alias0" || !strings.HasPrefix(aliases[ikc.MaxAliases], "127.0.0.1:") {
		t.Errorf("aliases: got %d, %q", len(aliases), aliases)
	}
}

// The permission to answer at an rsvp ends with the peer that was asked.
func TestRSVPEndsWithItsPeer(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	got, answers := heard()
	s, err := server.NewSession("private", map[string]ikc.State{"answer": got})
	must(t, err)
	address := serve(t, server)
	asked, other := rawPeer(t, address, "Asked"), rawPeer(t, address, "Other")
	asked.hears("Server", "Asked")
	other.hears("Server", "Other")
	for range 3 {
		_, err := s.CallTo(soon(t), "poe://Asked/do/it", nil, "poe:/private/answer")
		must(t, err)
	}
	_, err = s.CallTo(soon(t), "poe://Other/do/it", nil, "poe:/private/answer")
	must(t, err)
	to := wire.AtString("poe://Server/private/answer")
	asked.send(&wire.Message{Event: to, Params: perl.NewBytes("one")})
	expect(t, answers, `'one'`)
	for i := range 2000 {
		_, err := s.CallTo(soon(t), "poe://Asked/do/it", nil, fmt.Sprintf("poe:/private/answer%d", i))
		must(t, err)
	}
	if held := server.Stats().Held; held < 200_000 {
		t.Errorf("2000 permissions: got %d octets held, expected at least 200,000", held)
	}
	must(t, asked.Close())
	settled(t, "the peer is gone, and nothing is held for it", func() bool { return server.Channel("Asked") == nil && server.Stats().Held == 0 })
	for _, said := range []string{"two", "three"} {
		other.send(&wire.Message{Event: to, Params: perl.NewBytes(said)})
	}
	other.hears("Server", "Other")
	expect(t, answers, `'two'`)
	if len(answers) > 0 {
		t.Errorf("what a peer that has gone was asked could be answered by another: %s", texts(<-answers))
	}
}

// What a peer asks is carried out after monitors were told that it is there, and before they are
// told that it has gone.
func TestMonitorsFrameRequests(t *testing.T) {
	for _, queuePerSession := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", QueuePerSession: queuePerSession})
		var mu sync.Mutex
		told := map[string]string{}
		note := func(name, what string) {
			mu.Lock()
			told[name] += what + " "
			mu.Unlock()
		}
		server.Monitor("*", ikc.Monitor{Any: func(_ context.Context, e *ikc.MonitorEvent) {
			if e.Real && (e.What == ikc.EventRegister || e.What == ikc.EventUnregister) {
				note(e.About, string(e.What))
			}
		}})
		session(t, server, "work", map[string]ikc.State{
			"job": func(_ context.Context, r *ikc.Request) (any, error) {
				name, _ := r.Arg(0).AsString()
				note(name, "job")
				return nil, nil
			},
		})
		address := serve(t, server)
		const rounds = 200
		for i := range rounds {
			name := fmt.Sprintf("peer%d", i)
			peer := rawPeer(t, address, name)
			peer.send(&wire.Message{Event: wire.AtString("poe://Server/work/job"), Params: perl.NewBytes(name)})
			must(t, peer.Close())
		}
		settled(t, "all have gone", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(told) == rounds && !slices.ContainsFunc(mapValues(told), func(s string) bool { return !strings.HasSuffix(s, "unregister ") })
		})
		for name, s := range told {
			if s != "register job unregister " {
				t.Errorf("QueuePerSession %v: %s: got %q", queuePerSession, name, s)
			}
		}
	}
}

func mapValues(m map[string]string) (values []string) {
	for _, v := range m {
		values = append(values, v)
	}
	return values
}

// A monitor may call the peer that it is told of, and the peer may call back.
func TestMonitorCallsNewPeer(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	session(t, server, "me", map[string]ikc.State{"echo": echo})
	outcome := make(chan string, 10)
	server.Monitor("peer", ikc.Monitor{Register: func(ctx context.Context, _ *ikc.MonitorEvent) {
		v, err := server.Call(ctx, "poe://peer/ask/back", nil)
		outcome <- fmt.Sprint(v != nil && text(v) == `'right'`, err)
	}})
	address := serve(t, server)
	peer := rawPeer(t, address, "peer")
	m, err := peer.receive()
	must(t, err)
	peer.hears("Server", "peer")
	peer.answer(m, "right")
	select {
	case got := <-outcome:
		if got != "true <nil>" {
			t.Errorf("call: got %s", got)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the monitor's call does not end")
	}
}

func proxied(kernel string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: "desk", State: wire.StateProxy})
}

// With AnswerCallersOnly nothing is sent to a kernel other than the one that asked.
func TestAnswerCallersOnly(t *testing.T) {
	for _, callersOnly := range []bool{false, true} {
		server := kernel(t, ikc.Config{Name: "Server", AnswerCallersOnly: callersOnly})
		back := make(chan error, 10)
		session(t, server, "me", map[string]ikc.State{
			"echo": echo,
			"back": func(ctx context.Context, r *ikc.Request) (any, error) {
				back <- r.Sender.Post(ctx, "hello", 1)
				return nil, nil
			},
		})
		address := serve(t, server)
		peer, third := rawPeer(t, address, "peer"), rawPeer(t, address, "third")
		peer.hears("Server", "peer")
		third.hears("Server", "third")
		for _, to := range []string{"poe://third/admin/x", "poe://*/admin/x"} {
			peer.send(&wire.Message{Event: wire.AtString("poe://Server/me/echo"), Params: perl.NewBytes("x"), RSVP: wire.AtString(to)})
		}
		peer.send(&wire.Message{Event: wire.AtString("poe://Server/me/back"), From: proxied("third")})
		peer.send(&wire.Message{Event: wire.AtString("poe://Server/me/back"), From: proxied("peer")})
		if err := <-back; errors.Is(err, ikc.ErrThirdParty) != callersOnly {
			t.Errorf("AnswerCallersOnly %v: post to a third: got %v", callersOnly, err)
		}
		must(t, <-back)
		peer.hears("Server", "peer")
		third.send(callMessage("poe://Server/IKC/ping", "third", "pong", perl.NewBytes("PING")))
		came := 0
		for {
			m, err := third.receive()
			must(t, err)
			if m.Event.State == "pong" {
				break
			}
			came++
		}
		if want := map[bool]int{false: 3, true: 0}[callersOnly]; came != want {
			t.Errorf("AnswerCallersOnly %v: got %d messages at a third kernel, expected %d", callersOnly, came, want)
		}
	}
}
