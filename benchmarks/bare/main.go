// Command bare is the servers that have nothing but the kernel, or package wire, in them: what a
// user builds who has no need of other libraries. The other servers are part of the program that
// starts this one.
package main

import (
	"context"
	"log"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"unsafe"

	"github.com/perl-ikc/ikc-conform/benchmarks/listen"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func main() {
	log.SetFlags(0)
	servers := map[string]func() error{
		"kernel": func() error { return serveKernel() }, "reuse": func() error { return serveKernel(ikc.WithReuse()) },
		"ceiling": serveCeiling, "keeps": serveKeeps, "echo": serveEcho,
	}
	if len(os.Args) != 2 || servers[os.Args[1]] == nil {
		log.Fatalf("expected kernel, reuse, ceiling, keeps or echo, got %q", os.Args[1:])
	}
	if err := servers[os.Args[1]](); err != nil {
		log.Fatalf("%s: %v", os.Args[1], err)
	}
}

// serveKernel is the kernel as a user starts it, with options of its session.
func serveKernel(options ...ikc.SessionOption) error {
	k, err := ikc.New(ikc.Config{Name: "Bench", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	s, err := k.NewSession("bench", map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"sink": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
	}, options...)
	if err != nil {
		return err
	}
	s.Publish("echo", "sink")
	l, err := listen.Listen()
	if err != nil {
		return err
	}
	return k.Serve(context.Background(), l)
}

// negotiated is the scanner of a connection that speaks IKC.
func negotiated(conn net.Conn) (*wire.FrameScanner, error) {
	n := wire.NewNegotiator(wire.NegotiatorConfig{Role: wire.Server, KernelID: "ceiling-1", Names: []string{"Bench", conn.LocalAddr().String()},
		PID: "1", Serializers: []string{"Storable"}})
	return wire.Negotiate(conn, n, 0, nil)
}

// answering reads what has come, has all frames answered, and writes the answers at once.
func answering(conn net.Conn, frames *wire.FrameScanner, answer func(out, image []byte) []byte) {
	in, out := make([]byte, 64<<10), []byte(nil)
	for {
		image, ok, err := frames.Next()
		switch {
		case err != nil:
			return
		case ok:
			out = answer(out, image)
			continue
		}
		if len(out) > 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		n, err := conn.Read(in)
		if err != nil {
			return
		}
		frames.Write(in[:n])
	}
}

// serveEcho sends frames back, and looks at nothing.
func serveEcho() error {
	return listen.Each(func(conn net.Conn) {
		answering(conn, new(wire.FrameScanner), func(out, image []byte) []byte { return wire.AppendFrame(out, image) })
	})
}

// serveCeiling speaks IKC, and answers with params and rsvp as they came: what no kernel in Go can
// be faster than.
func serveCeiling() error {
	return listen.Each(func(conn net.Conn) { answerCalls(conn, func(image []byte) []byte { return image }) })
}

// serveKeeps is the ceiling of a kernel whose states may keep what they are told: each message has
// memory of its own, as little as can be, and allocated for many at a time. It has as much headroom
// as a kernel takes.
func serveKeeps() error {
	var headroom strings.Builder
	headroom.Grow(ikc.DefaultHeadroom)
	defer runtime.KeepAlive(&headroom)
	return listen.Each(func(conn net.Conn) {
		var octets []byte
		var requests []request
		answerCalls(conn, func(image []byte) []byte {
			if cap(octets)-len(octets) < len(image) {
				octets = make([]byte, 0, max(octetsAtOnce, len(image)))
			}
			if len(requests) == cap(requests) {
				requests = make([]request, 0, requestsAtOnce)
			}
			at := len(octets)
			octets = append(octets, image...)
			requests = append(requests, request{image: octets[at:]})
			return octets[at:]
		})
	})
}

// request is what a state would be told: it has the size of an ikc.Request.
type request struct {
	image []byte
	_     [unsafe.Sizeof(ikc.Request{}) - unsafe.Sizeof([]byte(nil))]byte
}

// What serveKeeps allocates together.
const (
	octetsAtOnce   = 64 << 10
	requestsAtOnce = 16
)

// answerCalls answers with params and rsvp as they came, once own has made of an image what a state
// is told.
func answerCalls(conn net.Conn, own func(image []byte) []byte) {
	frames, err := negotiated(conn)
	if err != nil {
		return
	}
	var image []byte
	answering(conn, frames, func(out, call []byte) []byte {
		rsvp, params, ok := splice(own(call))
		if !ok {
			return out // a post
		}
		image = appendAnswer(image[:0], rsvp, params)
		return wire.AppendFrame(out, image)
	})
}
