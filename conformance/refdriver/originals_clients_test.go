package refdriver_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// playOriginal is a client of the original's tests, in Go.
func playOriginal(what string, args []string) error {
	kind, release, _ := strings.Cut(what, " ")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	switch kind {
	case "lite":
		return playLite(ctx, args)
	case "thunk":
		return playThunk(ctx, args)
	}
	if kind == "client" {
		return playClient(ctx, release, args)
	}
	if len(args) != 2 {
		return fmt.Errorf("expected a port and a name, got %q", args)
	}
	switch address, name := "127.0.0.1:"+args[0], args[1]; kind {
	case "lite-of-the-crowd":
		return playCrowd(ctx, address, name)
	case "thunk-lite":
		return playThunkLite(ctx, address, name)
	case "monitors":
		return playMonitors(ctx, address, name)
	}
	return fmt.Errorf("expected a client of the original, got %s", kind)
}

func playLite(ctx context.Context, args []string) error {
	port := "1337"
	if len(args) > 0 {
		port = args[0]
	}
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: "127.0.0.1:" + port, Name: "LiteClient"})
	if err != nil {
		return err
	}
	n, err := c.Call(ctx, "test/fetchQ", nil)
	if err != nil {
		return err
	}
	if n, err = c.PostRespond(ctx, "test/add_1", n); err != nil {
		return err
	}
	c.Disconnect()              // it connects again
	time.Sleep(time.Second / 2) // the server has noticed
	err = c.Post(ctx, "test/here", n)
	c.Disconnect()
	return err
}

func playClient(ctx context.Context, release string, args []string) error {
	kind, network, address := "inet", "tcp", "127.0.0.1:1338"
	if len(args) > 0 {
		kind = args[0]
	}
	if len(args) > 1 {
		address = "127.0.0.1:" + args[1]
	}
	if strings.HasPrefix(kind, "unix") {
		network, address = "unix", filepath.Join(os.Getenv("TMPDIR"), "IKC-test.pl")
	}
	name := strings.ToUpper(kind[:1]) + kind[1:]
	remote := strings.TrimRight(name, "0123456789")
	cfg := ikc.Config{Name: name + "Client"}
	if !strings.HasSuffix(kind, "0") {
		cfg.Dialect = wire.IKC
	}
	if strings.HasPrefix(kind, "ikc") {
		cfg.Serializers = []wire.Serializer{dumper.Serializer{}}
	}
	k, err := ikc.New(cfg)
	if err != nil {
		return err
	}
	yow := make(chan struct{})
	s, err := k.NewSession("Client", map[string]ikc.State{"YOW": func(context.Context, *ikc.Request) (any, error) { close(yow); return nil, nil }})
	if err != nil {
		return err
	}
	if _, err := k.Dial(ctx, network, address); err != nil {
		return err
	}
	to := "poe://" + remote + "/test"
	var posted any = "posted"
	if release >= "0.2300" {
		posted = []string{"posted", name}
	}
	if _, err := s.Post(ctx, to+"/posted", posted); err != nil {
		return err
	}
	if _, err := s.Call(ctx, to+"/called", "called"); err != nil {
		return err
	}
	s.Publish("YOW")
	proxies, err := k.Subscribe(ctx, to)
	if err != nil {
		return err
	}
	if err := s.PostSession(ctx, proxies[0].Name(), "method", map[string]string{"type": "method"}); err != nil {
		return err
	}
	select {
	case <-yow:
	case <-ctx.Done():
		return errors.New("no YOW came")
	}
	s.Retract("YOW")
	k.Unsubscribe(proxies[0].Name())
	if _, err := s.Post(ctx, to+"/done", perl.NewUndef()); err != nil {
		return err
	}
	return k.Shutdown(ctx)
}

// playThunk is test-thunk: a POE client that posts, and is posted to as the sender.
func playThunk(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("expected a kind and a port, got %q", args)
	}
	k, err := ikc.New(ikc.Config{Name: fmt.Sprintf("Thunk%dClient", os.Getpid())})
	if err != nil {
		return err
	}
	got := make(chan []*perl.Value, 1)
	hear := func(_ context.Context, r *ikc.Request) (any, error) { got <- r.Args; return nil, nil }
	s, err := k.NewSession("Client", map[string]ikc.State{"resp1": hear, "resp2": hear, "resp3": hear})
	if err != nil {
		return err
	}
	s.Publish("resp1", "resp2", "resp3")
	if _, err := k.Dial(ctx, "tcp", "127.0.0.1:"+args[1]); err != nil {
		return err
	}
	for _, step := range []struct {
		state string
		say   any
		back  []*perl.Value
	}{
		{"post1", "I am", []*perl.Value{perl.NewBytes("I am")}},
		{"post2", []string{"IRON", "MAN"}, []*perl.Value{perl.NewBytes("IRON"), perl.NewBytes("MAN")}},
		{"post3", perl.ArrayRef(), []*perl.Value{perl.ArrayRef()}},
	} {
		if _, err := s.Post(ctx, "poe://Ikc/test/"+step.state, step.say); err != nil {
			return err
		}
		select {
		case args := <-got:
			if !slices.EqualFunc(args, step.back, perl.Equal) {
				return fmt.Errorf("%s: expected %v, got %v", step.state, step.back, args)
			}
		case <-ctx.Done():
			return fmt.Errorf("%s: nothing was posted back", step.state)
		}
	}
	if _, err := s.Post(ctx, "poe://Ikc/test/done", nil); err != nil {
		return err
	}
	return k.Shutdown(ctx)
}

// playCrowd is one of ten ClientLites that ask at once.
func playCrowd(ctx context.Context, address, name string) error {
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: name})
	if err != nil {
		return err
	}
	defer c.Disconnect()
	n, err := c.Call(ctx, "test/fetchQ", nil)
	if err != nil {
		return err
	}
	if n, err = c.PostRespond(ctx, "test/add_1", n); err != nil {
		return err
	}
	return c.Post(ctx, "test/here", n)
}

// playThunkLite is a ClientLite that posts, and is posted to as the sender.
func playThunkLite(ctx context.Context, address, name string) error {
	c, err := clientlite.Spawn(ctx, clientlite.Config{Address: address, Name: name})
	if err != nil {
		return err
	}
	defer c.Disconnect()
	for i, say := range []string{"the", "wizard", "walks bye"} {
		if err := c.Post(ctx, fmt.Sprint("test/post", i+1), say); err != nil {
			return err
		}
		back, err := c.RespondedList(ctx, fmt.Sprint("resp", i+1))
		if err != nil {
			return err
		}
		if len(back) != 1 || back[0].Str() != say {
			return fmt.Errorf("expected %s back, got %v", say, back)
		}
	}
	return c.Post(ctx, "test/done", "walks bye")
}

// playMonitors says what monitors tell it, in the words that the test looks for.
func playMonitors(ctx context.Context, address, name string) error {
	k, err := ikc.New(ikc.Config{Name: name, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	answered := make(chan struct{})
	s, err := k.NewSession("child", map[string]ikc.State{"resp": func(_ context.Context, r *ikc.Request) (any, error) {
		fmt.Println("child: answer", r.Arg(0).Int())
		close(answered)
		return nil, nil
	}})
	if err != nil {
		return err
	}
	s.Publish("resp")
	tells := func(_ context.Context, e *ikc.MonitorEvent) {
		// The test subscribes without a callback: of a kernel that is not there it hears this only after
		// 60 s. Subscribe waits as who gave a callback does, and hears it at once.
		if e.Message == "Refused subscription to poe://Unknown/unknown" {
			return
		}
		fmt.Printf("child: %s %s\n", e.Operation, strings.ReplaceAll(e.Message, "\n", " "))
	}
	k.Monitor("*", ikc.Monitor{Error: tells})
	k.Monitor("Parent", ikc.Monitor{
		Register: func(_ context.Context, e *ikc.MonitorEvent) { fmt.Println("child: register", e.About) },
		Subscribe: func(_ context.Context, e *ikc.MonitorEvent) {
			fmt.Printf("child: subscribe {kernel => %q, session => %q}\n", e.Specifier.Kernel, e.Specifier.Session)
		},
		Error: tells,
	})
	if _, err := k.Dial(ctx, "tcp", address); err != nil {
		return err
	}
	proxies, err := k.Subscribe(ctx, "poe://Parent/parent", "poe://Parent/unknown", "poe://Unknown/unknown")
	var some *ikc.SubscribeError
	if !errors.As(err, &some) || len(proxies) != 1 {
		return fmt.Errorf("expected one of three subscriptions, got %d, %w", len(proxies), err)
	}
	back := map[string]string{"resp": "poe://Child/child/resp"}
	if _, err := s.Post(ctx, "poe://Parent/not/there", back); err != nil {
		return err
	}
	if err := s.PostSession(ctx, proxies[0].Name(), "req", back); err != nil {
		return err
	}
	select {
	case <-answered:
	case <-ctx.Done():
		return errors.New("no answer came")
	}
	if err := k.Shutdown(ctx); err != nil {
		return err
	}
	fmt.Println("child: _stop")
	return nil
}
