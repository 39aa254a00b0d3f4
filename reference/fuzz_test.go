package ikc_test

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// FuzzKernel gives a kernel whatever octets as those of a connection, from the first on or behind a
// good negotiation. It must neither panic nor hang, must let go of the connection when that ends,
// and must answer somebody else afterwards.
func FuzzKernel(f *testing.F) {
	me := specifier.Specifier{Kernel: "Peer", Session: "me", State: "IKC:proxy"}
	rsvp := wire.At(specifier.Specifier{Kernel: "Peer", Session: "me", State: "answer"})
	args := perl.ArrayRef(perl.NewBytes("x"), perl.NewInt(1), perl.NewUndef())
	messages := []*wire.Message{
		{Event: wire.AtString("poe://Server/me/echo"), Params: args, RSVP: rsvp, From: wire.At(me)},
		{Event: wire.AtString("poe://*/me/list?more"), Params: args, RSVP: rsvp, WantArray: true},
		{Event: wire.At(specifier.Specifier{Session: "me", State: "IKC:proxy"}), Params: perl.ArrayRef(perl.NewBytes("sender"), args), From: wire.At(me)},
		{Event: wire.AtString("IKC/do_you_have"), Params: perl.ArrayRef(perl.NewBytes("poe://Server/me"), perl.NewBytes("Peer")), RSVP: rsvp, From: wire.At(me)},
		{Event: wire.AtString("poe:/IKC/remote_error"), Params: perl.ArrayRef(perl.NewBytes("no"), perl.NewBytes("Server"), perl.NewBytes("check")), IsError: true},
		{Event: wire.AtString("poe:/IKCCall/response1"), Params: args},
		{Event: wire.AtString("poe:/me/back"), Params: args, RSVP: rsvp, From: wire.At(me)},
	}
	for _, s := range []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}} {
		var all []byte
		for _, m := range messages {
			image, err := s.Freeze(m.ToValue())
			if err != nil {
				f.Fatal(err)
			}
			one := wire.AppendFrame(nil, image)
			f.Add(s.Name(), one)
			all = append(all, one...)
		}
		f.Add(s.Name(), all)
		f.Add(s.Name(), all[:len(all)-5])
		f.Add("", append([]byte("SETUP KERNEL=Peer;FREEZER="+s.Name()+";PID=1\r\n"), all...))
		f.Add("", append([]byte("HELLO\r\nOK\r\nOK\r\nOK\r\nIAM Peer\r\nDONE\r\nFREEZER "+s.Name()+"\r\nWORLD\r\n"), all...))
	}
	f.Add("Storable", []byte("99999999\x00x"))
	f.Add("Storable", []byte("0\x00"))
	f.Add("", []byte("NOT\r\nHELLO IKC7\rSETUP\n"))
	f.Fuzz(func(t *testing.T, serializer string, octets []byte) {
		k, err := ikc.New(ikc.Config{
			Name: "Server", Logger: quiet, HandshakeTimeout: 2 * time.Second, MaxFrame: 1 << 20, MaxQueue: 1 << 20,
			Serializers: []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}},
		})
		must(t, err)
		s, err := k.NewSession("me", map[string]ikc.State{
			"echo": echo,
			"list": func(_ context.Context, r *ikc.Request) (any, error) { return ikc.List{1, r.Arg(0)}, nil },
			"sender": func(ctx context.Context, r *ikc.Request) (any, error) {
				return nil, r.Sender.Post(ctx, "reply", r.Arg(0))
			},
			"back": func(ctx context.Context, r *ikc.Request) (any, error) {
				ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
				defer cancel()
				return k.Call(ctx, "poe://Peer/me/echo", r.Arg(0))
			},
		})
		must(t, err)
		s.Publish("echo", "list", "sender", "back")
		l := &oneConn{conn: make(chan net.Conn), closed: make(chan struct{})}
		served := make(chan error, 1)
		go func() { served <- k.Serve(context.Background(), l) }()

		conn, theirs := net.Pipe()
		l.conn <- theirs
		must(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		read := make(chan struct{})
		go func() {
			defer close(read)
			for buf := make([]byte, 4096); ; {
				if _, err := conn.Read(buf); err != nil {
					return
				}
			}
		}()
		if serializer != "" {
			octets = append([]byte("SETUP KERNEL=Peer;FREEZER="+serializer+"\r\n"), octets...)
		}
		for rest := octets; len(rest) > 0; { // in pieces
			n := min(len(rest), 700)
			if _, err := conn.Write(rest[:n]); err != nil {
				break
			}
			rest = rest[n:]
		}
		conn.Close()
		<-read

		good, theirs := net.Pipe()
		l.conn <- theirs
		client, err := ikc.New(ikc.Config{Name: "Good", Logger: quiet})
		must(t, err)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if _, err := client.DialConn(ctx, good, "good"); err != nil {
			t.Fatalf("another peer cannot connect: %v", err)
		}
		v, err := client.Call(ctx, "poe://Server/me/echo", "still there")
		if err != nil || !bytes.Equal([]byte(v.Str()), []byte("still there")) {
			t.Fatalf("another peer's call: got %s, %v", text(v), err)
		}
		settled(t, "the connection is gone", func() bool { return k.Stats().Connections == 1 })
		must(t, client.Shutdown(ctx))
		must(t, k.Shutdown(ctx))
		must(t, <-served)
	})
}
