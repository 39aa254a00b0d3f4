package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"google.golang.org/grpc"

	"github.com/perl-ikc/ikc-conform/benchmarks/listen"
)

// servers are those that this program can be, with all that they bring along. Each prints its
// address, and ends with standard input.
var servers = map[string]func() error{"net/rpc": serveRPC, "grpc": serveGRPC, "nats": serveNATS}

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
	return listen.Each(func(conn net.Conn) { rpc.ServeConn(conn) })
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
	l, err := listen.Listen()
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
