// Command service is prices.pl in Go: the same sessions, states and answers.
//
//	service PORT
package main

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: service PORT")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", os.Args[1]))
	if err == nil {
		fmt.Printf("prices listen on %s\n", os.Args[1])
		err = serve(ctx, l)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

var cents = map[string]int{"bolt": 12, "nut": 5, "washer": 250}

// price is the hash that get returns.
type price struct {
	Item  string `perl:"item"`
	Known int    `perl:"known"`
	Cents int    `perl:"cents,omitempty"`
	Text  string `perl:"text,omitempty"`
}

// sum is the hash that total returns.
type sum struct {
	Cents int   `perl:"cents"`
	At    int64 `perl:"at"`
}

// serve serves the prices until ctx ends.
func serve(ctx context.Context, l net.Listener) error {
	k, err := ikc.New(ikc.Config{Name: "Prices"})
	if err != nil {
		return err
	}
	s, err := k.NewSession("prices", map[string]ikc.State{
		"list": func(context.Context, *ikc.Request) (any, error) { return slices.Sorted(maps.Keys(cents)), nil },
		"get": func(_ context.Context, r *ikc.Request) (any, error) {
			item := r.Arg(0).Str()
			n, ok := cents[item]
			if !ok {
				return price{Item: item}, nil
			}
			return price{item, 1, n, fmt.Sprintf("%.2f EUR", float64(n)/100)}, nil
		},
		"total": func(_ context.Context, r *ikc.Request) (any, error) {
			var order map[string]int
			if err := perl.Unmarshal(r.Arg(0), &order); err != nil {
				return nil, err
			}
			total := 0
			for item, n := range order {
				total += n * cents[item]
			}
			return sum{total, time.Now().Unix()}, nil
		},
	})
	if err != nil {
		return err
	}
	s.Publish("list", "get", "total")
	if err := k.Serve(ctx, l); err != nil {
		return err
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return k.Shutdown(limit)
}
