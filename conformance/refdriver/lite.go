package refdriver

import (
	"context"
	"errors"
	"net"
	"os"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/clientlite"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// lite carries out the commands for a blocking client, in order, while the driver goes on.
type lite struct {
	wrap   func(net.Conn) net.Conn // nil for none
	last   chan struct{}           // closed when the command before has ended
	client *clientlite.Client
}

// handle makes a handler that leaves the work to a Later, each behind the one before.
func (l *lite) handle(do func(*lite, context.Context, *driver.Request) (any, error)) driver.Handler {
	return func(_ context.Context, r *driver.Request) (any, error) {
		before, done := l.last, make(chan struct{})
		l.last = done
		return driver.Later(func(ctx context.Context) (any, error) {
			defer close(done)
			if before != nil {
				<-before
			}
			return do(l, ctx, r)
		}), nil
	}
}

func (l *lite) close() {
	if l.client != nil {
		l.client.Disconnect()
	}
}

func (l *lite) connect(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.LiteConnect
	if err := r.Decode(&f, "name", "address"); err != nil {
		return nil, err
	}
	cfg := clientlite.Config{Name: f.Name, Address: f.Address, HelloAfter: -1} // it is told what to open with
	switch f.Protocol {
	case "", wire.IKC0.String():
	case wire.IKC.String():
		cfg.Dialect = wire.IKC
	default:
		return nil, driver.Errorf(driver.Unsupported, "protocol %q: expected IKC or IKC0", f.Protocol)
	}
	if f.Serializer != "" {
		chosen, err := choose([]string{f.Serializer})
		if err != nil {
			return nil, err
		}
		cfg.Serializer = chosen[0]
	}
	if f.Timeout > 0 {
		cfg.Timeout = seconds(f.Timeout)
	}
	if l.wrap != nil {
		cfg.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return l.wrap(conn), nil
		}
	}
	l.close()
	client, err := clientlite.Spawn(ctx, cfg)
	if err != nil {
		return nil, failure(err)
	}
	l.client = client
	return driver.LiteConnected{PID: os.Getpid()}, nil
}

// failure keeps a client's own timeout from being anything but a failure, as the original's is.
func failure(err error) error { return driver.Errorf(driver.Failed, "%v", err) }

var errNoClient = errors.New("lite-connect comes first")

func (l *lite) with(r *driver.Request, fields any) (*clientlite.Client, error) {
	if err := r.Decode(fields); err != nil {
		return nil, err
	}
	if l.client == nil {
		return nil, errNoClient
	}
	return l.client, nil
}

func (l *lite) post(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.LiteMessage
	c, err := l.with(r, &f)
	if err != nil {
		return nil, err
	}
	if err := c.Post(ctx, f.To, f.Params.V); err != nil {
		return nil, failure(err)
	}
	return driver.LiteSent{Sent: true}, nil
}

func scalar(v *perl.Value, err error) (any, error) {
	if err != nil {
		return nil, failure(err)
	}
	return driver.LiteResult{Value: &typed.Value{V: v}}, nil
}

func values(vs []*perl.Value, err error) (any, error) {
	if err != nil {
		return nil, failure(err)
	}
	return struct {
		Values []typed.Value `json:"values"`
	}{typed.Wrap(vs)}, nil
}

func (l *lite) call(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.LiteMessage
	c, err := l.with(r, &f)
	if err != nil {
		return nil, err
	}
	if f.Context == driver.ContextList {
		return values(c.CallList(ctx, f.To, f.Params.V))
	}
	return scalar(c.Call(ctx, f.To, f.Params.V))
}

func (l *lite) postRespond(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.LiteMessage
	c, err := l.with(r, &f)
	if err != nil {
		return nil, err
	}
	return scalar(c.PostRespond(ctx, f.To, f.Params.V))
}

func (l *lite) responded(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.LiteResponded
	c, err := l.with(r, &f)
	if err != nil {
		return nil, err
	}
	if f.Context == driver.ContextList {
		return values(c.RespondedList(ctx, f.State))
	}
	return scalar(c.Responded(ctx, f.State))
}

func (l *lite) ping(ctx context.Context, r *driver.Request) (any, error) {
	c, err := l.with(r, &struct{}{})
	if err != nil {
		return nil, err
	}
	return driver.LiteAlive{Alive: c.Ping(ctx) == nil}, nil
}

func (l *lite) disconnect(_ context.Context, r *driver.Request) (any, error) {
	c, err := l.with(r, &struct{}{})
	if err != nil {
		return nil, err
	}
	c.Disconnect()
	return nil, nil
}
