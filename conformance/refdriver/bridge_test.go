package refdriver_test

import (
	"context"
	"strings"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestBridge: what a Perl program sends through a Go kernel to another Perl program, and gets back
// the same way, is what it sent: data that the bridge hands on as it came, data that it looks into
// first, and data that cannot be left frozen.
func TestBridge(t *testing.T) {
	lite := func(looks bool) string {
		server := perlServer(t)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		k, address := bridge(t, looks)
		if _, err := k.Dial(ctx, "tcp", server); err != nil {
			t.Fatal(err)
		}
		host, port, _ := strings.Cut(address, ":")
		cmd := perlCommand(t, "bridge_lite.pl", host, port)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("looks %v: %v: %s", looks, err, out)
		}
		return string(out)
	}
	handedOn, thawed := lite(false), lite(true)
	if n := strings.Count(handedOn, "\n"); n != 11 || handedOn != thawed {
		t.Errorf("got\n%s\nand, if the bridge looks into it,\n%s", handedOn, thawed)
	}
}

// bridge is a kernel that passes calls on to the kernel Bench. If it looks, it thaws what comes.
func bridge(t *testing.T, looks bool) (*ikc.Kernel, string) {
	frozen := 0
	k, address := serving(t, "Bridge")
	t.Cleanup(func() {
		if frozen == 0 {
			t.Error("nothing came frozen")
		}
	})
	s, err := k.NewSession("bridge", map[string]ikc.State{"pass": func(ctx context.Context, r *ikc.Request) (any, error) {
		if r.Arg(0).Frozen() != nil {
			frozen++
		}
		if looks {
			r.Arg(0).Target()
		}
		v, err := k.Call(ctx, "poe://Bench/bench/echo", r.Arg(0))
		if looks {
			perl.Format(v, perl.FormatOptions{})
		}
		return v, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("pass")
	return k, address
}
