package main

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestService: the guide in docs/guides/replace-a-worker.md has the Perl client.
func TestService(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serve(serving, l) }()
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		state string
		param any
		want  string
	}{
		{"prices/list", nil, "['bolt', 'nut', 'washer']"},
		{"prices/get", "bolt", "{cents => 12, item => 'bolt', known => 1, text => '0.12 EUR'}"},
		{"prices/get", "plumbus", "{item => 'plumbus', known => 0}"},
	} {
		v, err := c.Call(ctx, test.state, test.param)
		if got := perl.Format(v, perl.FormatOptions{SortKeys: true}); err != nil || got != test.want {
			t.Errorf("%s: expected %s, got %s, %v", test.state, test.want, got, err)
		}
	}
	v, err := c.Call(ctx, "prices/total", map[string]int{"bolt": 3, "washer": 1})
	var got sum
	if err == nil {
		err = perl.Unmarshal(v, &got)
	}
	if err != nil || got.Cents != 286 || got.At == 0 {
		t.Errorf("expected 286 cents and a time, got %+v, %v", got, err)
	}
	c.Disconnect()
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
