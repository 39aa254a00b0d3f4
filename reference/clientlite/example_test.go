package clientlite_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// A client that calls a server, in scalar and in list context, and asks what went wrong.
func Example() {
	ctx := context.Background()
	server, err := ikc.New(ikc.Config{Name: "Server"}) // it may as well be a Perl one
	if err != nil {
		log.Fatal(err)
	}
	defer server.Shutdown(ctx)
	s, err := server.NewSession("stock", map[string]ikc.State{
		"sizes": func(_ context.Context, r *ikc.Request) (any, error) { return ikc.List{38, 40, 42}, nil },
		"price": func(_ context.Context, r *ikc.Request) (any, error) {
			return map[string]any{"item": r.Arg(0), "price": 12.5}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	s.Publish("sizes", "price")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = server.Serve(ctx, l) }()

	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: l.Addr().String()})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Disconnect()
	v, err := c.Call(ctx, "stock/price", "shoe")
	if err != nil {
		log.Fatal(err)
	}
	var offer struct {
		Item  string  `perl:"item"`
		Price float64 `perl:"price"`
	}
	if err := perl.Unmarshal(v, &offer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(offer.Item, offer.Price)
	sizes, err := c.CallList(ctx, "stock/sizes", nil)
	fmt.Println(len(sizes), sizes[2].Int(), err)

	var remote *ikc.RemoteError
	if _, err := c.Call(ctx, "stock/absent", nil); errors.As(err, &remote) {
		fmt.Println(remote.Operation)
	}
	// Output:
	// shoe 12.5
	// 3 42 <nil>
	// check
}
