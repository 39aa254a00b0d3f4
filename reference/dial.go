package ikc

import (
	"context"
	"fmt"
	"net"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// DialOption is a condition or a wish of Dial.
type DialOption func(*dialOptions)

type dialOptions struct {
	subscribe []string
}

// WithSubscribe makes these subscriptions a condition of being connected: if not all of them are
// accepted, Dial closes the connection and fails with a *SubscribeError. (The original promises
// that of its client; 0.2402 dies of it.)
func WithSubscribe(specifiers ...string) DialOption {
	return func(o *dialOptions) { o.subscribe = append(o.subscribe, specifiers...) }
}

// Dial connects to a remote kernel, network and address as in net.Dial, and negotiates.
func (k *Kernel) Dial(ctx context.Context, network, address string, options ...DialOption) (*Channel, error) {
	var c *Channel
	err := k.dial(ctx, network, address, func(ctx context.Context, conn net.Conn) (err error) {
		c, err = k.DialConn(ctx, conn, localPart(network, address), options...)
		return err
	})
	return c, err
}

func (k *Kernel) dial(ctx context.Context, network, address string, then func(context.Context, net.Conn) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, k.cfg.HandshakeTimeout)
	defer cancel()
	wait(ctx, func() {
		var conn net.Conn
		if conn, err = new(net.Dialer).DialContext(ctx, network, address); err != nil {
			err = fmt.Errorf("ikc: connect: %w", err)
			k.trouble("connect", err)
			return
		}
		err = then(ctx, conn)
	})
	return err
}

// localPart is the alias that a peer gets for having been reached at an address. At a Unix socket the original calls
// every server by the same letter; so does this.
// Source: Client _start, Channel channel_start.
func localPart(network, address string) string {
	if network == "unix" {
		return "unix:n"
	}
	return address
}

// DialConn negotiates as a client over a connection that exists already, such as one with TLS. The
// remote kernel also gets the alias name, unless that is empty.
func (k *Kernel) DialConn(ctx context.Context, conn net.Conn, name string, options ...DialOption) (*Channel, error) {
	var o dialOptions
	for _, option := range options {
		option(&o)
	}
	var c *Channel
	var err error
	wait(ctx, func() { c, err = k.attach(ctx, conn, wire.Client, name) })
	if err != nil || len(o.subscribe) == 0 {
		return c, err
	}
	if _, err := k.Subscribe(ctx, o.subscribe...); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}
