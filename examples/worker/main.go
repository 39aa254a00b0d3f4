// Command worker is worker.pl in Go: it joins the same boss, a Perl program, and counts words for
// it.
//
//	worker PORT NAME
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: worker PORT NAME")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := work(ctx, net.JoinHostPort("127.0.0.1", os.Args[1]), os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// job is the hash that the boss sends, and result the one that it gets.
type job struct {
	ID   int    `perl:"id"`
	Text string `perl:"text"`
}

type result struct {
	ID    int    `perl:"id"`
	By    string `perl:"by"`
	Words int    `perl:"words"`
	Upper string `perl:"upper"`
}

// work joins the boss and stays until ctx ends or the connection does.
func work(ctx context.Context, boss, name string) error {
	k, err := ikc.New(ikc.Config{Name: name})
	if err != nil {
		return err
	}
	s, err := k.NewSession("worker", map[string]ikc.State{
		"run": func(_ context.Context, r *ikc.Request) (any, error) {
			var j job
			if err := perl.Unmarshal(r.Arg(0), &j); err != nil {
				return nil, err
			}
			return result{ID: j.ID, By: name, Words: len(strings.Fields(j.Text)), Upper: uc(j.Text)}, nil
		},
	})
	if err != nil {
		return err
	}
	s.Publish("run") // before the boss can call
	ch, err := k.Dial(ctx, "tcp", boss)
	if err != nil {
		return err
	}
	if _, err := s.Post(ctx, "poe://Boss/boss/ready", name); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-ch.Done():
		return fmt.Errorf("the boss is gone: %w", ch.Err())
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return k.Shutdown(limit)
}

// uc is Perl's: unlike strings.ToUpper, it makes SS of ß.
func uc(s string) string { return cases.Upper(language.Und).String(s) }
