package ikc_test

import (
	"context"
	"sync"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// late is something that a state returns, of which the methods wait.
type late struct{ until chan struct{} }

func (l late) MarshalPerl() (*perl.Value, error) {
	<-l.until
	return perl.NewBytes("late"), nil
}

func (l late) Error() string {
	<-l.until
	return "late"
}

// TestOthersRunMeanwhile: what is not of this package, methods of what a state returned and hooks,
// may wait for states that other connections ask for, as soon as the state has returned.
func TestOthersRunMeanwhile(t *testing.T) {
	for name, c := range map[string]func(opened chan struct{}) (result any, hooks ikc.Hooks, err error){
		"a result that marshals itself": func(opened chan struct{}) (any, ikc.Hooks, error) { return late{opened}, ikc.Hooks{}, nil },
		"an error":                      func(opened chan struct{}) (any, ikc.Hooks, error) { return nil, ikc.Hooks{}, late{opened} },
		"a hook": func(opened chan struct{}) (any, ikc.Hooks, error) {
			return "x", ikc.Hooks{Request: func(done ikc.RequestDone) {
				if done.State == "waits" {
					<-opened
				}
			}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			opened, ran := make(chan struct{}), make(chan struct{})
			open := sync.OnceFunc(func() { close(opened) })
			result, hooks, failed := c(opened)
			p := connected(t, ikc.Config{Hooks: hooks}, ikc.Config{})
			session(t, p.server, "me", map[string]ikc.State{
				"waits": func(context.Context, *ikc.Request) (any, error) { close(ran); return result, failed },
				"opens": func(context.Context, *ikc.Request) (any, error) { open(); return "opened", nil },
			})
			other := kernel(t, ikc.Config{Name: "Other"})
			dial(t, other, p.address)
			answered := make(chan error, 1)
			go func() {
				_, err := p.client.Call(soon(t), "poe://Server/me/waits", "x")
				answered <- err
			}()
			<-ran
			if _, err := other.Call(soon(t), "poe://Server/me/opens", "x"); err != nil {
				open() // so that the kernel can be shut down
				t.Fatal(err)
			}
			if err := <-answered; (err != nil) != (failed != nil) {
				t.Errorf("the call that waited: got %v", err)
			}
		})
	}
}
