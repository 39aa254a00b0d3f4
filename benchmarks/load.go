package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/rpc"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// measured asks a server for so long.
type measured func(address string, each time.Duration) (result, error)

// result is what was measured: how long it took, how often the server was asked and, where it was
// asked one thing at a time, what 99 of 100 answers took at most.
type result struct {
	took time.Duration
	n    int
	p99  time.Duration
}

// cell is something that is measured, by server.
type cell struct {
	name string
	of   func(server string) measured
}

// cells are all that is measured.
func cells() (out []cell) {
	for _, p := range []struct {
		name   string
		params *perl.Value
	}{
		{"call, 100 octets", text(100)}, {"call, 10 KiB string", text(10 << 10)}, {"call, 1 MiB string", text(1 << 20)},
		{"call, 10 KiB of records", records(10 << 10)}, {"call, 1 MiB of records", records(1 << 20)},
	} {
		out = append(out, cell{p.name, func(server string) measured { return calls(server, p.params, 1, 1) }})
	}
	small := text(100)
	return append(out,
		cell{"64 calls under way", func(server string) measured { return calls(server, small, 1, 64) }},
		cell{"8 connections x 16 calls", func(server string) measured { return calls(server, small, 8, 16) }},
		cell{"flood of posts", func(server string) measured { return flood(server, small) }},
		cell{"connect, call, close", func(server string) measured { return churn(server, small) }},
		cell{"Go client, 64 calls", func(server string) measured { return client(server, small) }},
	)
}

func text(n int) *perl.Value { return perl.NewBytes(strings.Repeat("x", n)) }

// records is a list of hashes that take so many octets.
func records(n int) *perl.Value {
	list := perl.NewArray()
	for i := 0; i < n/100; i++ {
		list.Append(perl.HashRef(perl.P("id", perl.NewInt(int64(i))), perl.P("name", perl.NewBytes("record "+strconv.Itoa(i))),
			perl.P("price", perl.NewDouble(float64(i)/7)), perl.P("tags", perl.ArrayRef(perl.NewBytes("a"), perl.NewBytes("b")))))
	}
	return perl.NewRef(list)
}

// speaks tells whether a server speaks IKC.
func speaks(server string) bool {
	return server == "kernel" || server == "reuse" || server == "ceiling" || server == "keeps" || server == "perl"
}

// calls has so many connections with so many calls under way each.
func calls(server string, params *perl.Value, connections, window int) measured {
	switch server {
	case "kernel", "reuse", "ceiling", "keeps", "perl", "echo":
		return together(connections, func(address string) (asker, error) { return dialIKC(address, server == "echo", params, window) })
	}
	body := []byte(strings.Repeat("x", len(request("echo", "", params))))
	switch server {
	case "net/rpc":
		return together(connections, func(address string) (asker, error) {
			c, err := rpc.Dial("tcp", address)
			return concurrent(window, func() error { var out []byte; return c.Call("Echo.Call", body, &out) }), err
		})
	case "grpc":
		return together(connections, func(address string) (asker, error) {
			c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
				grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(16<<20)))
			return concurrent(window, func() error { var out []byte; return c.Invoke(context.Background(), "/bench/echo", &body, &out) }), err
		})
	case "nats":
		return together(connections, func(address string) (asker, error) {
			c, err := nats.Connect("nats://" + address)
			return concurrent(window, func() error { _, err := c.Request("echo", body, 10*time.Second); return err }), err
		})
	}
	return nil
}

// asker asks until a moment, and tells how often it was answered; what each answer took if there
// was one thing asked at a time.
type asker func(until time.Time) (n int, each []time.Duration, err error)

// together has several connections ask at the same time.
func together(connections int, dial func(address string) (asker, error)) measured {
	return func(address string, each time.Duration) (result, error) {
		askers := make([]asker, connections)
		for i := range askers {
			var err error
			if askers[i], err = dial(address); err != nil {
				return result{}, err
			}
		}
		var mu sync.Mutex
		var failed error
		var r result
		begun := time.Now()
		var all sync.WaitGroup
		for _, ask := range askers {
			all.Go(func() {
				n, each, err := ask(begun.Add(each))
				mu.Lock()
				defer mu.Unlock()
				if r.n += n; err != nil {
					failed = err
				}
				if slices.Sort(each); len(each) > 0 {
					r.p99 = each[len(each)*99/100]
				}
			})
		}
		all.Wait()
		r.took = time.Since(begun)
		if failed == nil && r.n == 0 {
			failed = fmt.Errorf("nothing was answered within %v", each)
		}
		return r, failed
	}
}

// concurrent has so many goroutines call.
func concurrent(window int, call func() error) asker {
	return func(until time.Time) (int, []time.Duration, error) {
		var mu sync.Mutex
		var failed error
		sum := 0
		var all sync.WaitGroup
		for range window {
			all.Go(func() {
				n := 0
				var err error
				for err == nil && time.Now().Before(until) {
					if err = call(); err == nil {
						n++
					}
				}
				mu.Lock()
				defer mu.Unlock()
				sum += n
				if err != nil {
					failed = err
				}
			})
		}
		all.Wait()
		return sum, nil, failed
	}
}

// request is the image of a message of the load; rsvp is "" for a post.
func request(state, rsvp string, params *perl.Value) []byte {
	pairs := []perl.Pair{perl.P("event", perl.NewBytes("poe://Bench/bench/"+state))}
	if rsvp != "" {
		pairs = append(pairs, perl.P("rsvp", perl.NewBytes(rsvp)))
	}
	pairs = append(pairs, perl.P("params", params))
	image, err := storable.Serializer{}.Freeze(perl.NewRef(perl.NewHash(pairs...)))
	if err != nil {
		panic(err)
	}
	return image
}

// connection is one of the load generator, which knows no kernel.
type connection struct {
	net.Conn
	frames *wire.FrameScanner
	in     []byte
}

func dial(address, name string, echo bool) (*connection, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &connection{conn, new(wire.FrameScanner), make([]byte, 256<<10)}
	if !echo {
		n := wire.NewNegotiator(wire.NegotiatorConfig{KernelID: name, PID: "1", Serializers: []string{"Storable"}})
		c.frames, err = wire.Negotiate(conn, n, 0, nil)
	}
	return c, err
}

// answers waits for some, and tells how many came.
func (c *connection) answers() (n int, err error) {
	for {
		_, ok, err := c.frames.Next()
		switch {
		case err != nil:
			return n, err
		case ok:
			n++
			continue
		case n > 0:
			return n, nil
		}
		read, err := c.Read(c.in)
		if err != nil {
			return n, err
		}
		c.frames.Write(c.in[:read])
	}
}

// clients counts those that have a name.
var clients atomic.Int64

// newName is a name that no other client has.
func newName() string { return "Load" + strconv.FormatInt(clients.Add(1), 10) }

// dialIKC makes an asker that has window calls under way.
func dialIKC(address string, echo bool, params *perl.Value, window int) (asker, error) {
	name := newName()
	c, err := dial(address, name, echo)
	if err != nil {
		return nil, err
	}
	frame := wire.AppendFrame(nil, request("echo", "poe://"+name+"/IKCLite/response0", params))
	return func(until time.Time) (sum int, each []time.Duration, err error) {
		defer c.Close()
		burst := bytes.Repeat(frame, window)
		asked := time.Now()
		if _, err := c.Write(burst); err != nil {
			return 0, nil, err
		}
		for open := window; open > 0; {
			n, err := c.answers()
			if err != nil {
				return sum, each, err
			}
			now := time.Now()
			if sum += n; window == 1 {
				each = append(each, now.Sub(asked))
			}
			if !now.Before(until) {
				open -= n
				continue
			}
			asked = now
			if _, err := c.Write(burst[:n*len(frame)]); err != nil {
				return sum, each, err
			}
		}
		return sum, each, nil
	}, nil
}

// flood posts without an end, and has a call tell that all was taken.
func flood(server string, params *perl.Value) measured {
	if !speaks(server) {
		return nil
	}
	return together(1, func(address string) (asker, error) {
		name := newName()
		c, err := dial(address, name, false)
		if err != nil {
			return nil, err
		}
		post := wire.AppendFrame(nil, request("sink", "", params))
		call := wire.AppendFrame(nil, request("echo", "poe://"+name+"/IKCLite/response0", params))
		var burst []byte
		for range 500 {
			burst = append(burst, post...)
		}
		return func(until time.Time) (sum int, _ []time.Duration, err error) {
			defer c.Close()
			for time.Now().Before(until) {
				if _, err := c.Write(burst); err != nil {
					return sum, nil, err
				}
				sum += 500
			}
			if _, err := c.Write(call); err != nil {
				return sum, nil, err
			}
			_, err = c.answers()
			return sum, nil, err
		}, nil
	})
}

// churn connects, calls and closes.
func churn(server string, params *perl.Value) measured {
	if !speaks(server) {
		return nil
	}
	return together(1, func(address string) (asker, error) {
		return func(until time.Time) (n int, _ []time.Duration, err error) {
			for time.Now().Before(until) {
				ask, err := dialIKC(address, false, params, 1)
				if err != nil {
					return n, nil, err
				}
				if _, _, err := ask(time.Now()); err != nil {
					return n, nil, err
				}
				n++
			}
			return n, nil, nil
		}, nil
	})
}

// idle has so many connections do nothing, and tells what one takes of the server's memory, in
// octets.
func idle(p *process, connections int) (float64, error) {
	before, err := p.resident()
	if err != nil {
		return 0, err
	}
	for range connections {
		c, err := dial(p.address, newName(), false)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		c.in = nil // 256 KiB each
	}
	after, err := p.resident()
	return float64(after-before) / float64(connections), err
}
