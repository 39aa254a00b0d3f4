package ikc_test

import (
	"context"
	"errors"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// A state that is asked by [params, specifier] posts what it returns to the specifier, once;
// nothing if it returns nothing.
func TestAnswersByPost(t *testing.T) {
	p := connected(t, ikc.Config{}, ikc.Config{})
	session(t, p.server, "me", map[string]ikc.State{
		"echo":    ikc.AnswersByPost(echo),
		"several": ikc.AnswersByPost(func(context.Context, *ikc.Request) (any, error) { return ikc.List{1, 2}, nil }),
		"undef":   ikc.AnswersByPost(func(context.Context, *ikc.Request) (any, error) { return perl.NewUndef(), nil }),
		"nothing": ikc.AnswersByPost(func(context.Context, *ikc.Request) (any, error) { return nil, nil }),
		"later": ikc.AnswersByPost(func(_ context.Context, r *ikc.Request) (any, error) {
			go func() { _ = r.Session.Respond(context.Background(), r.Arg(1), "at last") }()
			return nil, nil
		}),
		"fails": ikc.AnswersByPost(func(context.Context, *ikc.Request) (any, error) { return nil, errors.New("it cannot") }),
	})
	state, posted := heard()
	session(t, p.client, "asks", map[string]ikc.State{"back": state})
	reports := make(chan string, 10)
	p.client.Monitor("*", ikc.Monitor{Error: func(_ context.Context, e *ikc.MonitorEvent) { reports <- e.Message }})
	ask := func(state string, params any) {
		t.Helper()
		_, err := p.client.Post(soon(t), "poe://Server/me/"+state, params)
		must(t, err)
	}
	back := wire.AtString("poe://Client/asks/back").ToValue()
	with := func(v *perl.Value) *perl.Value { return perl.ArrayRef(v, back) }
	ask("nothing", with(perl.NewInt(0)))
	ask("echo", with(perl.HashRef(perl.P("a", perl.NewInt(1)))))
	expect(t, posted, "{a => 1}")
	ask("several", with(nil))
	expect(t, posted, "2")
	ask("undef", with(perl.NewUndef()))
	expect(t, posted, "undef")
	ask("later", with(nil))
	expect(t, posted, "'at last'")
	ask("fails", with(nil))
	for _, params := range []any{"alone", []int{1, 2, 3}, nil} {
		ask("echo", params)
	}
	for _, want := range []string{"it cannot", "echo: expected [params, specifier], got 'alone'",
		"echo: expected [params, specifier], got [1, 2, 3]", "echo: expected [params, specifier], got undef"} {
		if got := <-reports; len(got) < len(want) || got[:len(want)] != want {
			t.Errorf("reported: got %q, want %q", got, want)
		}
	}
	if len(posted) > 0 {
		t.Errorf("more was posted: %s", texts(<-posted))
	}
}
