package ikc_test

import (
	"context"
	"errors"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

// TestLookupsAreForgotten: what requests of the same state found before is not used once the state
// has been replaced, taken away, retracted or closed with its session.
func TestLookupsAreForgotten(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	const to = "poe://Server/me/name"
	says := func(name string) ikc.State {
		return func(context.Context, *ikc.Request) (any, error) { return name, nil }
	}
	s := session(t, p.server, "me", map[string]ikc.State{"name": says("first")})
	expect := func(want string) {
		t.Helper()
		for range 2 {
			v, err := p.client.Call(soon(t), to, nil)
			var refused *ikc.RemoteError
			if errors.As(err, &refused) {
				v, err = nil, nil
			}
			if err != nil || v.Str() != want {
				t.Fatalf("got %s, %v, expected %q", text(v), err, want)
			}
		}
	}
	expect("first")
	s.Handle("name", says("second"))
	expect("second")
	s.Retract("name")
	expect("")
	s.Publish("name")
	expect("second")
	s.Close()
	expect("")
	session(t, p.server, "me", map[string]ikc.State{"name": says("third")})
	expect("third")
}

// TestLookupsLeavePermits: the answer to CallTo is let in once, though it is looked up like any
// request, and also if its state was refused, or found, before.
func TestLookupsLeavePermits(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{"echo": echo})
	came := make(chan string, 10)
	s, err := p.client.NewSession("mine", map[string]ikc.State{
		"answer": func(_ context.Context, r *ikc.Request) (any, error) { came <- r.Arg(0).Str(); return nil, nil },
		"known":  echo})
	must(t, err)
	s.Publish("known")
	refused := func() {
		t.Helper()
		var refused *ikc.RemoteError
		if _, err := p.server.Call(soon(t), "poe://Client/mine/answer", "uncalled for"); !errors.As(err, &refused) {
			t.Fatalf("got %v, expected that the state is not published", err)
		}
	}
	for _, text := range []string{"one", "two"} {
		refused()
		_, err = s.CallTo(soon(t), "poe://Server/me/echo", text, "poe:/mine/answer")
		must(t, err)
		if got := <-came; got != text {
			t.Fatalf("got %q, expected %q", got, text)
		}
		refused()
	}
}
