package main

import (
	"context"
	"net"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestWorker has a boss of Go in the place of boss.pl; the guide in docs/guides/perl-worker.md has
// the Perl one.
func TestWorker(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	boss, err := ikc.New(ikc.Config{Name: "Boss"})
	if err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	s, err := boss.NewSession("boss", map[string]ikc.State{
		"ready": func(_ context.Context, r *ikc.Request) (any, error) {
			ready <- r.Arg(0).Str()
			return nil, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Publish("ready")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served, worked := make(chan error, 1), make(chan error, 1)
	go func() { served <- boss.Serve(ctx, l) }()
	working, stop := context.WithCancel(ctx)
	go func() { worked <- work(working, l.Addr().String(), "W") }()
	name := ""
	select {
	case name = <-ready:
	case err := <-worked:
		t.Fatal(err)
	case <-ctx.Done():
		t.Fatal("the worker never said that it is ready")
	}
	answer, err := s.Call(ctx, "poe://"+name+"/worker/run", job{ID: 7, Text: "größe zählt"})
	if err != nil {
		t.Fatal(err)
	}
	var got result
	if err := perl.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if want := (result{ID: 7, By: "W", Words: 2, Upper: "GRÖSSE ZÄHLT"}); got != want {
		t.Errorf("expected %+v, got %+v", want, got)
	}
	stop()
	if err := <-worked; err != nil {
		t.Error(err)
	}
	if err := boss.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	<-served
}
