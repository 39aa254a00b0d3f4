package ikc_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// listening makes a kernel that serves on any port, for the examples.
func listening(name string) (*ikc.Kernel, string) {
	k, err := ikc.New(ikc.Config{Name: name})
	if err != nil {
		log.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { _ = k.Serve(context.Background(), l) }()
	return k, l.Addr().String()
}

// A server with a state that can be called, and a client that calls it. Either may as well be a
// Perl process.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	server, err := ikc.New(ikc.Config{Name: "Shop"})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Shutdown(ctx)
	stock, err := server.NewSession("stock", map[string]ikc.State{
		"price": func(ctx context.Context, r *ikc.Request) (any, error) {
			if item := r.Arg(0).Str(); item != "shoe" {
				return nil, fmt.Errorf("no %s", item)
			}
			return map[string]any{"item": "shoe", "price": 12.5}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	stock.Publish("price")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(ctx, l)

	client, err := ikc.New(ikc.Config{Name: "Customer"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	if _, err := client.Dial(ctx, "tcp", l.Addr().String()); err != nil {
		log.Fatal(err)
	}
	v, err := client.Call(ctx, "poe://Shop/stock/price", "shoe")
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

	_, err = client.Call(ctx, "poe://Shop/stock/price", "boat")
	var remote *ikc.RemoteError
	fmt.Println(errors.As(err, &remote), remote.Operation)
	// Output:
	// shoe 12.5
	// true invocation
}

// The time server of the manual: clients connect, by a post, and get the time posted to them every
// second from then on, as long as they live.
func Example_timeServer() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	server, address := listening("Pulse")
	defer server.Shutdown(ctx)
	clock, err := server.NewSession("timeserver", map[string]ikc.State{
		"connect": func(ctx context.Context, r *ikc.Request) (any, error) {
			listener := r.Sender // may be kept beyond the state
			go func() {
				for range 3 {
					if listener.Post(context.Background(), "hear", "tick") != nil {
						return
					}
				}
			}()
			return nil, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	clock.Publish("connect")

	client, err := ikc.New(ikc.Config{Name: "Listener"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	ticks := make(chan string)
	me, err := client.NewSession("me", map[string]ikc.State{
		"hear": func(ctx context.Context, r *ikc.Request) (any, error) {
			go func(s string) { ticks <- s }(r.Arg(0).Str())
			return nil, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	me.Publish("hear")
	if _, err := client.Dial(ctx, "tcp", address, ikc.WithSubscribe("poe://Pulse/timeserver")); err != nil {
		log.Fatal(err)
	}
	if err := me.PostSession(ctx, "timeserver", "connect"); err != nil { // the proxy's short alias
		log.Fatal(err)
	}
	for range 3 {
		fmt.Println(<-ticks)
	}
	// Output:
	// tick
	// tick
	// tick
}

// A worker that joins a server and offers it something to call. The server may be a Perl one.
func ExampleKernel_Dial() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, address := listening("Boss")
	defer server.Shutdown(ctx)

	worker, err := ikc.New(ikc.Config{Name: "Worker"})
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Shutdown(ctx)
	s, err := worker.NewSession("sums", map[string]ikc.State{
		"add": func(_ context.Context, r *ikc.Request) (any, error) {
			var numbers []int
			if err := perl.Unmarshal(r.Arg(0), &numbers); err != nil {
				return nil, err
			}
			sum := 0
			for _, n := range numbers {
				sum += n
			}
			return sum, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	s.Publish("add")
	if _, err := worker.Dial(ctx, "tcp", address); err != nil {
		log.Fatal(err)
	}
	if err := worker.Ping(ctx, "Boss"); err != nil {
		log.Fatal(err)
	}

	sum, err := server.Call(ctx, "poe://Worker/sums/add", []int{1, 2, 3})
	fmt.Println(sum.Int(), err)
	// Output: 6 <nil>
}

// A bridge between two clusters: what the one calls is called in the other.
func ExampleKernel_Call() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	far, farAddress := listening("Far")
	defer far.Shutdown(ctx)
	echo, err := far.NewSession("echo", map[string]ikc.State{
		"say": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	echo.Publish("say")

	bridge, address := listening("Bridge")
	defer bridge.Shutdown(ctx)
	if _, err := bridge.Dial(ctx, "tcp", farAddress); err != nil {
		log.Fatal(err)
	}
	s, err := bridge.NewSession("echo", map[string]ikc.State{
		// While this state waits, the bridge goes on handling other calls.
		"say": func(ctx context.Context, r *ikc.Request) (any, error) {
			return bridge.Call(ctx, "poe://Far/echo/say", r.Arg(0))
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	s.Publish("say")

	near, err := clientlite.Spawn(ctx, clientlite.Config{Address: address})
	if err != nil {
		log.Fatal(err)
	}
	defer near.Disconnect()
	v, err := near.Call(ctx, "echo/say", "hello from the near side")
	fmt.Println(v.Str(), err)
	// Output: hello from the near side <nil>
}

// A monitor of every kernel that connects.
func ExampleKernel_Monitor() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, address := listening("Server")
	defer server.Shutdown(ctx)
	seen := make(chan string, 10)
	server.Monitor("*", ikc.Monitor{Register: func(_ context.Context, e *ikc.MonitorEvent) {
		if e.About == "Guest" { // once for the id, once for each alias
			seen <- fmt.Sprintf("%s %s, an id: %v", e.What, e.About, e.Real)
		}
	}})
	client, err := ikc.New(ikc.Config{Name: "Guest"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	if _, err := client.Dial(ctx, "tcp", address); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-seen)
	// Output: register Guest, an id: false
}

// A session of another kernel, used like one of this.
func ExampleKernel_Subscribe() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, address := listening("Syslog")
	defer server.Shutdown(ctx)
	lines := make(chan string)
	logger, err := server.NewSession("logger", map[string]ikc.State{
		"log": func(_ context.Context, r *ikc.Request) (any, error) {
			go func(s string) { lines <- s }(r.Arg(0).Str() + ": " + r.Arg(1).Str())
			return nil, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	logger.Publish("log")

	client, err := ikc.New(ikc.Config{Name: "Client"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	if _, err := client.Dial(ctx, "tcp", address); err != nil {
		log.Fatal(err)
	}
	proxies, err := client.Subscribe(ctx, "poe://Syslog/logger", "poe://Syslog/absent")
	var refused *ikc.SubscribeError
	if errors.As(err, &refused) {
		fmt.Println("refused:", refused.Refused[0].Specifier)
	}
	if err := proxies[0].Post(ctx, "log", "mail", "full"); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-lines)
	// Output:
	// refused: poe://Syslog/absent
	// mail: full
}

// A worker that stays connected, whatever becomes of the server.
func ExampleKernel_KeepConnected() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	boss, address := listening("Boss")
	defer boss.Shutdown(ctx)

	worker, err := ikc.New(ikc.Config{Name: "Worker"})
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Shutdown(ctx)
	ended := make(chan error)
	keeping, stop := context.WithCancel(ctx)
	go func() { ended <- worker.KeepConnected(keeping, "tcp", address, ikc.Backoff{Max: 5 * time.Second}) }()

	for worker.Channel("Boss") == nil { // a service would not wait
		time.Sleep(time.Millisecond)
	}
	fmt.Println(worker.Ping(ctx, "Boss"))
	stop()
	fmt.Println(<-ended)
	// Output:
	// <nil>
	// <nil>
}

// A state that hands its request to others, and returns. Whoever has it answers, once; who called
// is told if nobody does.
func ExampleRequest_Detach() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, address := listening("Kitchen")
	defer server.Shutdown(ctx)
	orders := make(chan *ikc.Detached, 100)
	defer close(orders)
	cook, err := server.NewSession("cook", map[string]ikc.State{
		"order": func(ctx context.Context, r *ikc.Request) (any, error) {
			orders <- r.Detach(ctx)
			return nil, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	cook.Publish("order")
	go func() {
		for order := range orders {
			if err := order.Answer("served", nil); err != nil {
				log.Print(err)
			}
		}
	}()

	client, err := ikc.New(ikc.Config{Name: "Guest"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	if _, err := client.Dial(ctx, "tcp", address); err != nil {
		log.Fatal(err)
	}
	v, err := client.Call(ctx, "poe://Kitchen/cook/order", "soup")
	fmt.Println(v.Str(), err)
	// Output: served <nil>
}

// A session that gets many posts, and keeps nothing of them but a copy of the last line and a
// count.
func ExampleWithReuse() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	server, address := listening("Logger")
	defer server.Shutdown(ctx)
	lines, last := 0, ""
	s, err := server.NewSession("log", map[string]ikc.State{
		"line": func(_ context.Context, r *ikc.Request) (any, error) {
			lines, last = lines+1, strings.Clone(r.Arg(0).Str())
			return nil, nil
		},
		"said": func(context.Context, *ikc.Request) (any, error) {
			return fmt.Sprintf("%d lines, the last is %s", lines, last), nil
		},
	}, ikc.WithReuse())
	if err != nil {
		log.Fatal(err)
	}
	s.Publish("line", "said")

	client, err := ikc.New(ikc.Config{Name: "Worker"})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Shutdown(ctx)
	if _, err := client.Dial(ctx, "tcp", address); err != nil {
		log.Fatal(err)
	}
	for i := range 1000 {
		if _, err := client.Post(ctx, "poe://Logger/log/line", fmt.Sprintf("number %d", i)); err != nil {
			log.Fatal(err)
		}
	}
	said, err := client.Call(ctx, "poe://Logger/log/said", nil)
	fmt.Println(said.Str(), err)
	// Output: 1000 lines, the last is number 999 <nil>
}
