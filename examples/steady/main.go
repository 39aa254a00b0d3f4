// Command steady is a worker that does several jobs at a time, answers some of them later, connects
// again whenever its boss is gone, and says what became of each job. Its counts are at
// http://ADDRESS/debug/vars.
//
//	steady BOSS NAME ADDRESS
package main

import (
	"cmp"
	"context"
	"expvar"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
)

type job struct {
	ID   string `perl:"id"`
	Late bool   `perl:"late"`
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: steady BOSS NAME ADDRESS")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	l, err := net.Listen("tcp", os.Args[3])
	if err == nil {
		go func() { _ = http.Serve(l, nil) }() // expvar is in its default handler
		err = work(ctx, os.Args[1], os.Args[2])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "steady:", err)
		os.Exit(1)
	}
}

// work does jobs until ctx ends.
func work(ctx context.Context, boss, name string) error {
	counts := expvar.NewMap(name)
	k, err := ikc.New(ikc.Config{Name: name, Hooks: ikc.Hooks{Request: func(r ikc.RequestDone) {
		what := r.Session + "/" + r.State
		counts.Add(what, 1)
		counts.AddFloat(what+" seconds", r.Took.Seconds())
	}}})
	if err != nil {
		return err
	}
	counts.Set("kernel", expvar.Func(func() any { return k.Stats() }))
	s, err := k.NewSession("work", map[string]ikc.State{"run": ikc.StateOf(run)}, ikc.WithConcurrency(4))
	if err != nil {
		return err
	}
	s.Publish("run")
	tell := func(_ context.Context, e *ikc.MonitorEvent) {
		slog.Info("boss", "event", e.What, "attempt", e.Attempt, "error", e.Message)
	}
	k.Monitor("Boss", ikc.Monitor{Unregister: tell, Reconnect: tell, Error: tell, Register: func(ctx context.Context, e *ikc.MonitorEvent) {
		tell(ctx, e)
		if _, err := s.Post(ctx, "poe://Boss/boss/ready", name); err != nil {
			slog.Error("the boss does not know that this worker is ready", "error", err)
		}
	}})
	err = k.KeepConnected(ctx, "tcp", boss, ikc.Backoff{Min: 20 * time.Millisecond, Max: time.Second})
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return cmp.Or(err, k.Shutdown(limit))
}

// run does a job, and has a goroutine answer if that comes late.
func run(ctx context.Context, r *ikc.Request, j job) (any, error) {
	result := map[string]any{"id": j.ID}
	if !j.Late {
		time.Sleep(5 * time.Millisecond)
		slog.Info("job", "id", j.ID, "became", "answered")
		return result, nil
	}
	d := r.Detach(ctx)
	time.AfterFunc(30*time.Millisecond, func() {
		became := "answered"
		err := d.Answer(result, nil)
		if err != nil {
			became = "lost"
		}
		slog.Info("job", "id", j.ID, "became", became, "error", err)
	})
	return nil, nil
}
