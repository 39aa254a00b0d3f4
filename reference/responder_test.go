package ikc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// What is published can be posted to by others, what is retracted cannot, and nobody is told.
func TestPublished(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	s := session(t, p.server, "me", map[string]ikc.State{"one": echo, "two": echo, "three": echo})
	s.Handle("hidden", echo)
	check := func(published ...string) {
		t.Helper()
		if got := s.Published(); !slices.Equal(got, published) {
			t.Errorf("published: got %q, want %q", got, published)
		}
		for _, state := range []string{"hidden", "one", "three", "two"} {
			_, err := p.client.Call(soon(t), "poe://Server/me/"+state, 1)
			if allowed := err == nil; allowed != slices.Contains(published, state) {
				t.Errorf("with %q published, a call of %s: %v", published, state, err)
			}
		}
	}
	check("one", "three", "two")
	s.Retract("two", "never")
	check("one", "three")
	s.Publish("two")
	check("one", "three", "two")
	s.Retract()
	check()
	must(t, s.AddAlias("also"))
	s.Publish("one")
	if _, err := p.client.Call(soon(t), "poe://Server/also/one", 1); err != nil {
		t.Errorf("by the other alias: %v", err)
	}
}

// The first kernel to connect is the default, until it is gone. The kernel itself is it only if
// told so.
func TestDefaultKernel(t *testing.T) {
	k := kernel(t, ikc.Config{Name: "Server"})
	session(t, k, "me", map[string]ikc.State{"who": func(context.Context, *ikc.Request) (any, error) { return "Server", nil }})
	address := serve(t, k)
	who := func() string {
		v, err := k.Call(soon(t), "poe:/me/who", nil)
		if errors.Is(err, ikc.ErrUnknownKernel) {
			return "nobody"
		}
		must(t, err)
		return v.Str()
	}
	if got := who(); got != "nobody" {
		t.Errorf("before anybody connects: got %s", got)
	}
	channels := map[string]*ikc.Channel{}
	for _, name := range []string{"First", "Second"} {
		c := kernel(t, ikc.Config{Name: name})
		session(t, c, "me", map[string]ikc.State{"who": func(context.Context, *ikc.Request) (any, error) { return name, nil }})
		channels[name] = dial(t, c, address)
		settled(t, name+" is known", func() bool { return k.Channel(name) != nil })
	}
	if got := who(); got != "First" {
		t.Errorf("got %s, want the first", got)
	}
	must(t, k.SetDefault("Second"))
	if got := who(); got != "Second" {
		t.Errorf("got %s, want the one that was set", got)
	}
	must(t, channels["Second"].Close())
	settled(t, "the second is gone", func() bool { return k.Channel("Second") == nil })
	if got := who(); got != "nobody" {
		t.Errorf("when the default is gone: got %s", got)
	}
	if err := k.SetDefault("Second"); !errors.Is(err, ikc.ErrUnknownKernel) {
		t.Errorf("a kernel that is not connected: got %v", err)
	}
	must(t, k.SetDefault("Server"))
	if got := who(); got != "Server" {
		t.Errorf("got %s, want ourselves", got)
	}
}

// An rsvp may name a state only: it is of the session that calls.
func TestRSVPInSession(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	got, answers := heard()
	other, others := heard()
	s, err := p.client.NewSession("caller", map[string]ikc.State{"answer": got})
	must(t, err)
	_, err = p.client.NewSession("elsewhere", map[string]ikc.State{"answer": other})
	must(t, err)
	for rsvp, c := range map[string]chan []*perl.Value{"poe:answer": answers, "poe:/elsewhere/answer": others, "poe://Client/caller/answer": answers} {
		n, err := s.CallTo(soon(t), "poe://Server/me/echo", rsvp, rsvp)
		if n != 1 || err != nil {
			t.Fatalf("rsvp %s: got %d, %v", rsvp, n, err)
		}
		expect(t, c, text(perl.NewBytes(rsvp)))
	}
}

// OnConnect is told of a connection before anything that comes by it is handled, and may end it.
func TestOnConnect(t *testing.T) {
	order := make(chan string, 10)
	channels := make(chan *ikc.Channel, 1)
	server := kernel(t, ikc.Config{Name: "Server", OnConnect: func(c *ikc.Channel) {
		order <- "connect " + c.Peer().ID
		channels <- c
	}})
	session(t, server, "me", map[string]ikc.State{"note": func(context.Context, *ikc.Request) (any, error) { order <- "request"; return nil, nil }})
	r := rawPeer(t, serve(t, server), "Early")
	r.send(&wire.Message{Event: wire.AtString("poe://Server/me/note")})
	if a, b := <-order, <-order; a != "connect Early" || b != "request" {
		t.Errorf("got %s, then %s", a, b)
	}
	c := <-channels
	must(t, c.Close())
	if _, err := r.receive(); err == nil {
		t.Error("the connection was not closed")
	}
	settled(t, "nobody is connected", func() bool { return server.Stats().Connections == 0 })
}

// Each step at which a request can fail is told to monitors here as local-, and to the peer, whose
// monitors are told as remote-.
func TestOperations(t *testing.T) {
	server := kernel(t, ikc.Config{Name: "Server"})
	var told story
	server.Monitor("*", ikc.Monitor{Error: func(_ context.Context, e *ikc.MonitorEvent) {
		told.mu.Lock()
		defer told.mu.Unlock()
		told.lines = append(told.lines, e.Operation+": "+e.Message)
	}})
	s := session(t, server, "me", map[string]ikc.State{
		"fail": func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("no luck") },
		"bad":  func(context.Context, *ikc.Request) (any, error) { return func() {}, nil },
	})
	r := rawPeer(t, serve(t, server), "Peer")
	settled(t, "the peer is known", func() bool { return server.Channel("Peer") != nil })
	// A session that is not there may be posted to only if an rsvp named it.
	_, err := s.CallTo(soon(t), "poe://Peer/x/y", nil, "poe:/ghost/x")
	must(t, err)
	if _, err := r.receive(); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ event, operation, message string }{
		{"no specifier at all!", ikc.OpRequest, "isn't a valid specifier"},
		{"poe://Server/me/IKC:proxy", ikc.OpRequest, ""},
		{"poe://Server/me/hidden", ikc.OpCheck, "Session 'me' has not published state 'hidden'"},
		{"poe://Server/nowhere/x", ikc.OpCheck, "Session 'nowhere' is not available for remote kernels"},
		{"poe://Server/ghost/x", ikc.OpResolve, "Unknown session 'ghost'"},
		{"poe://Server/me/fail", ikc.OpInvocation, "no luck"},
		{"poe://Server/me/bad", ikc.OpInvocation, "func"},
	} {
		m := callMessage("poe:", "Peer", "answer", perl.NewInt(1))
		m.Event = wire.AtString(tt.event)
		if strings.HasSuffix(tt.event, "IKC:proxy") {
			m.Event = wire.Address{Value: perl.HashRef(perl.P("session", perl.NewBytes("me")), perl.P("state", perl.NewBytes("IKC:proxy")))}
		}
		r.send(m)
		got, err := r.receive()
		must(t, err)
		e := wire.ParseRemoteError(got.Params)
		if !got.IsError || got.Event.State != "remote_error" || e.Operation != tt.operation || !strings.Contains(e.Message, tt.message) {
			t.Errorf("%s: got %s", tt.event, text(got.ToValue()))
		}
		settled(t, "monitors are told local-"+tt.operation, func() bool { return told.has("local-" + tt.operation + ": " + e.Message + "\n") })
	}
	// What the peer reports.
	for _, operation := range []string{ikc.OpRequest, ikc.OpCheck, ikc.OpResolve, ikc.OpInvocation} {
		r.send(&wire.Message{Event: wire.AtString("poe://Server/IKC/remote_error"), IsError: true,
			Params: perl.ArrayRef(perl.NewBytes("told by the peer"), perl.NewBytes("Peer"), perl.NewBytes(operation))})
		settled(t, "monitors are told remote-"+operation, func() bool { return told.has("remote-" + operation + ": told by the peer\n") })
	}
}

// A caller is told when what a state returned, or its answer's size, is nothing that can be sent.
func TestAnswerThatCannotBeSent(t *testing.T) {
	for _, tt := range []struct {
		name       string
		serializer wire.Serializer
		answer     any
		want       string
	}{
		{"beyond Latin-1", freezethaw.Serializer{}, "\u65e5\u672c", "freeze with FreezeThaw"},
		{"code", dumper.Serializer{}, perl.NewRef(perl.NewCode("1")), "freeze with POE::Component::IKC::Freezer"},
		{"too large", storable.Serializer{}, strings.Repeat("x", wire.DefaultMaxFrame), "MaxImage is 104857600"},
		{"no data", storable.Serializer{}, func() {}, "func()"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := ikc.Config{Serializers: []wire.Serializer{tt.serializer}}
			p := connected(t, cfg, cfg)
			session(t, p.server, "me", map[string]ikc.State{
				"bad":  func(context.Context, *ikc.Request) (any, error) { return tt.answer, nil },
				"echo": echo,
			})
			_, err := p.client.Call(soon(t), "poe://Server/me/bad", nil)
			var remote *ikc.RemoteError
			if !errors.As(err, &remote) || remote.Operation != ikc.OpInvocation || !strings.Contains(remote.Message, tt.want) {
				t.Errorf("got %v, expected an error of the invocation with %q", err, tt.want)
			}
			if v, err := p.client.Call(soon(t), "poe://Server/me/echo", "x"); err != nil || v.Str() != "x" {
				t.Errorf("afterwards: got %v, %v", text(v), err)
			}
		})
	}
}

// A session that has been closed gets nothing any more, not even what waited for its turn, and
// stays closed.
func TestSessionClosed(t *testing.T) {
	for _, perSession := range []bool{false, true} {
		p := connected(t, ikc.Config{QueuePerSession: perSession}, ikc.Config{})
		begun, release := make(chan struct{}, 10), make(chan struct{})
		s := session(t, p.server, "me", map[string]ikc.State{"slow": func(context.Context, *ikc.Request) (any, error) {
			begun <- struct{}{}
			<-release
			return nil, nil
		}})
		_, err := p.client.Post(soon(t), "poe://Server/me/slow", nil)
		must(t, err)
		<-begun
		for range 2 {
			must(t, p.server.PostSession(soon(t), "me", "slow"))
			_, err := p.client.Post(soon(t), "poe://Server/me/slow", nil)
			must(t, err)
		}
		called := make(chan error, 1)
		go func() {
			_, err := p.client.Call(soon(t), "poe://Server/me/slow", nil)
			called <- err
		}()
		settled(t, "the events have come", func() bool { return p.server.Stats().FramesIn == 4 })
		s.Close()
		close(release)
		var remote *ikc.RemoteError
		if err := <-called; !errors.As(err, &remote) || remote.Operation != ikc.OpCheck {
			t.Errorf("call: got %v, expected an error of the check", err)
		}
		must(t, p.server.Ping(soon(t), "Server")) // behind what was posted here
		must(t, p.client.Ping(soon(t), "Server"))
		if n := len(begun); n != 0 {
			t.Errorf("queue per session %v: got %d events after Close", perSession, n)
		}
		if err := s.AddAlias("again"); err == nil {
			t.Errorf("an alias for a closed session: expected an error")
		}
		s.Handle("slow", nil)
		if _, err := p.server.NewSession("me", nil); err != nil {
			t.Errorf("the alias is not free: %v", err)
		}
	}
}

func TestNoSender(t *testing.T) {
	var nobody *ikc.Sender
	if err := nobody.Post(soon(t), "x"); !errors.Is(err, ikc.ErrNoSender) {
		t.Errorf("got %v", err)
	}
	if got := nobody.Specifier(); !got.IsZero() {
		t.Errorf("got %v", got)
	}
}

// What is no specifier is cut in the error report: a peer does not have it sent back, logged and
// told many times its size.
func TestBadEventIsCut(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	peer := rawPeer(t, p.address, "Bad")
	list := perl.NewArray()
	for range 10_000 {
		list.Append(perl.NewInt(7))
	}
	peer.send(&wire.Message{Event: wire.Address{Value: perl.NewRef(list)}})
	m, err := peer.receive()
	must(t, err)
	if e := wire.ParseRemoteError(m.Params); e.Operation != ikc.OpRequest || len(e.Message) > 5000 || !strings.Contains(e.Message, "7, 7, ") {
		t.Errorf("got an error of %q with %d octets, expected the beginning of the event", e.Operation, len(e.Message))
	}
}
