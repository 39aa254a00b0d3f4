package ikc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// DialOption is a condition or a wish of Dial.
type DialOption func(*dialOptions) error

type dialOptions struct {
	subscribe  []string
	helloAfter time.Duration // 0: as usual
}

// WithHelloAfter is Config.HelloAfter for one Dial, or for DialConn, which has none by itself: the
// error of a server that was only slow matches [wire.ErrLateSetup], and the connection is of no use
// any more. Below 0: never.
func WithHelloAfter(d time.Duration) DialOption {
	return func(o *dialOptions) error {
		o.helloAfter = d
		return nil
	}
}

func newDialOptions(options []DialOption) (o dialOptions, err error) {
	for _, option := range options {
		if err := option(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}

// WithSubscribe makes these subscriptions a condition of being connected: if not all of them are
// accepted, Dial closes the connection and fails with a *SubscribeError. What is no specifier of a
// session fails before there is a connection, with a *specifier.Error. (The original promises that
// of its client; 0.2402 dies of it.)
func WithSubscribe(specifiers ...string) DialOption {
	return func(o *dialOptions) error {
		for _, asked := range specifiers {
			if _, err := parseSubscription(asked); err != nil {
				return err
			}
		}
		o.subscribe = append(o.subscribe, specifiers...)
		return nil
	}
}

// Dial connects to a remote kernel, network and address as in net.Dial, and negotiates. All of it,
// subscriptions included, has Config.HandshakeTimeout at most. ctx counts until then; the
// connection outlives it.
//
// Errors: those of net.Dialer; an error that matches [wire.ErrRefused] if there was nothing to
// agree on; ErrClosed after Shutdown; and what options say.
func (k *Kernel) Dial(ctx context.Context, network, address string, options ...DialOption) (*Channel, error) {
	o, err := newDialOptions(options)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, k.cfg.HandshakeTimeout)
	defer cancel()
	key := network + " " + address
	opens := k.openingTo(key, cmp.Or(o.helloAfter, k.cfg.HelloAfter))
	c, err := k.dial(ctx, network, address, o, opens)
	if errors.Is(err, wire.ErrLateSetup) {
		c, err = k.dial(ctx, network, address, o, opening{dialect: opens.dialect})
	}
	k.learn(key, c, err)
	return c, err
}

func (k *Kernel) dial(ctx context.Context, network, address string, o dialOptions, opens opening) (c *Channel, err error) {
	wait(ctx, func() {
		var conn net.Conn
		if conn, err = new(net.Dialer).DialContext(ctx, network, address); err != nil {
			err = fmt.Errorf("ikc: connect: %w", err)
			k.trouble(ctx, OpConnect, err)
			return
		}
		c, err = k.join(ctx, conn, localPart(network, address), o, opens)
	})
	return c, err
}

// localPart is the alias that a peer gets for having been reached at an address. At a Unix socket
// the original calls every server by the same letter; so does this. Source: Client _start, Channel
// channel_start.
func localPart(network, address string) string {
	if network == "unix" {
		return "unix:n"
	}
	return address
}

// DialConn negotiates as a client over a connection that exists already, such as one with TLS. The
// remote kernel also gets the alias name, unless that is empty. Errors are those of Dial; conn is
// closed then.
func (k *Kernel) DialConn(ctx context.Context, conn net.Conn, name string, options ...DialOption) (*Channel, error) {
	o, err := newDialOptions(options)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return k.join(ctx, conn, name, o, opening{dialect: k.as.Dialect, helloAfter: max(o.helloAfter, 0)})
}

// join negotiates as a client, and subscribes.
func (k *Kernel) join(ctx context.Context, conn net.Conn, name string, o dialOptions, opens opening) (*Channel, error) {
	var c *Channel
	var err error
	wait(ctx, func() { c, err = k.attach(ctx, conn, wire.Client, name, &k.as, opens) })
	if err != nil || len(o.subscribe) == 0 {
		return c, err
	}
	if _, err := k.Subscribe(ctx, o.subscribe...); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
