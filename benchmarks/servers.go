package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/rpc"
	"os"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// servers are those that are written in Go. Each prints its address, and ends with standard input.
var servers = map[string]func() error{
	"kernel": serveKernel, "ceiling": serveCeiling, "echo": serveEcho, "net/rpc": serveRPC, "grpc": serveGRPC, "nats": serveNATS,
}

// listen prints where it listens.
func listen() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err == nil {
		fmt.Println(l.Addr())
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0)
		}()
	}
	return l, err
}

// serveKernel is the kernel as a user starts it.
func serveKernel() error {
	k, err := ikc.New(ikc.Config{Name: "Bench", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	s, err := k.NewSession("bench", map[string]ikc.State{
		"echo": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
		"sink": func(context.Context, *ikc.Request) (any, error) { return nil, nil },
	})
	if err != nil {
		return err
	}
	s.Publish("echo", "sink")
	l, err := listen()
	if err != nil {
		return err
	}
	return k.Serve(context.Background(), l)
}

// each serves connections.
func each(serve func(net.Conn)) error {
	l, err := listen()
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
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
	return each(func(conn net.Conn) {
		answering(conn, new(wire.FrameScanner), func(out, image []byte) []byte { return wire.AppendFrame(out, image) })
	})
}

// serveCeiling speaks IKC, and answers with params and rsvp as they came: what no kernel in Go can
// be faster than.
func serveCeiling() error {
	return each(func(conn net.Conn) {
		frames, err := negotiated(conn)
		if err != nil {
			return
		}
		var image []byte
		answering(conn, frames, func(out, call []byte) []byte {
			rsvp, params, ok := splice(call)
			if !ok {
				return out // a post
			}
			image = appendAnswer(image[:0], rsvp, params)
			return wire.AppendFrame(out, image)
		})
	})
}

// Echo is the service of net/rpc.
type Echo struct{}

// Call returns what it is given.
func (Echo) Call(in []byte, out *[]byte) error {
	*out = in
	return nil
}

func serveRPC() error {
	if err := rpc.Register(Echo{}); err != nil {
		return err
	}
	return each(func(conn net.Conn) { rpc.ServeConn(conn) })
}

// raw passes octets to gRPC as they are.
type raw struct{}

func (raw) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (raw) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}
func (raw) Name() string { return "raw" }

func serveGRPC() error {
	l, err := listen()
	if err != nil {
		return err
	}
	s := grpc.NewServer(grpc.ForceServerCodec(raw{}), grpc.MaxRecvMsgSize(16<<20))
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "bench", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{{MethodName: "echo",
		Handler: func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var in []byte
			err := decode(&in)
			return &in, err
		}}}}, struct{}{})
	return s.Serve(l)
}

func serveNATS() error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, MaxPayload: 16 << 20, NoLog: true, NoSigs: true})
	if err != nil {
		return err
	}
	s.Start()
	conn, err := nats.Connect(s.ClientURL())
	if err != nil {
		return err
	}
	if _, err := conn.Subscribe("echo", func(m *nats.Msg) { _ = m.Respond(m.Data) }); err != nil {
		return err
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	fmt.Println(s.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
