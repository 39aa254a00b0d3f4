package clientlite_test

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
)

// comeAndGo is how often a client connects, posts and closes in TestRegisteredFirst.
const comeAndGo = 500

// TestRegisteredFirst: monitors are told that a kernel is there before what it posts is done, each
// time that one connects, posts and closes at once; by the kernel in Go and by Perl's.
func TestRegisteredFirst(t *testing.T) {
	t.Run("Go", func(t *testing.T) {
		var mu sync.Mutex
		var said []string
		done := make(chan struct{})
		note := func(what, who string) {
			mu.Lock()
			defer mu.Unlock()
			if said = append(said, what+" "+who); len(said) == 2*comeAndGo {
				close(done)
			}
		}
		k, err := ikc.New(ikc.Config{Name: "Server", Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		defer func() { must(t, k.Shutdown(soon(t))) }()
		s, err := k.NewSession("me", map[string]ikc.State{"posted": func(_ context.Context, r *ikc.Request) (any, error) {
			note("state", r.Arg(0).Str())
			return nil, nil
		}})
		must(t, err)
		s.Publish("posted")
		k.Monitor("*", ikc.Monitor{Register: func(_ context.Context, e *ikc.MonitorEvent) {
			if e.Real {
				note("register", e.About)
			}
		}})
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		go func() { _ = k.Serve(context.Background(), l) }()
		connectAndPost(t, l.Addr().String())
		select {
		case <-done:
		case <-soon(t).Done():
			t.Error("not all came")
		}
		mu.Lock()
		defer mu.Unlock()
		inOrder(t, said)
	})
	t.Run("Perl", func(t *testing.T) {
		if err := exec.Command("perl", "-MPOE", "-MPOE::Component::IKC::Server", "-e", "1").Run(); err != nil {
			t.Skip("the local perl does not find POE::Component::IKC (set PERL5LIB)")
		}
		cmd := exec.CommandContext(t.Context(), "perl", "-e", registering)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		defer func() { _ = cmd.Wait() }()
		lines := bufio.NewScanner(out)
		lines.Scan()
		port, err := strconv.Atoi(lines.Text())
		must(t, err)
		connectAndPost(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		var said []string
		for len(said) < 2*comeAndGo && lines.Scan() {
			said = append(said, lines.Text())
		}
		must(t, cmd.Process.Kill())
		inOrder(t, said)
	})
}

// registering is a server of the original that prints what it is told and what is posted to it.
const registering = `use strict; use POE; use POE::Component::IKC::Server; $| = 1;
my $port = POE::Component::IKC::Server->spawn(ip => '127.0.0.1', port => 0, name => 'Server');
POE::Session->create(inline_states => {
    _start => sub {
        $_[KERNEL]->alias_set('me');
        $_[KERNEL]->post(IKC => publish => me => ['posted']);
        $_[KERNEL]->post(IKC => monitor => '*', {register => 'there'});
        $_[KERNEL]->delay(ready => 0.2);
    },
    ready  => sub { print "$port\n" },
    there  => sub { print "register $_[ARG1]\n" if $_[ARG2] },
    posted => sub { print "state $_[ARG0]\n" },
});
$poe_kernel->run;`

// connectAndPost connects, posts and closes, each time by another name.
func connectAndPost(t *testing.T, address string) {
	t.Helper()
	for i := range comeAndGo {
		name := "Lite" + strconv.Itoa(i)
		c, err := clientlite.Spawn(soon(t), clientlite.Config{Name: name, Address: address})
		must(t, err)
		must(t, c.Post(soon(t), "me/posted", name))
		c.Disconnect()
	}
}

// inOrder demands that each name was registered before its state ran, all of them.
func inOrder(t *testing.T, said []string) {
	t.Helper()
	there, states, before := map[string]bool{}, 0, 0
	for _, line := range said {
		what, name, _ := strings.Cut(line, " ")
		if what == "register" {
			there[name] = true
			continue
		}
		if states++; there[name] {
			before++
		}
	}
	if states != comeAndGo || before != comeAndGo {
		t.Errorf("expected %d states, register before each; got %d, %d of them after", comeAndGo, states, before)
	}
}
