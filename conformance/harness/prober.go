package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// prober connects probes to the target, for scenarios.
type prober struct {
	dialect    wire.Dialect
	serializer wire.Serializer
	connect    func(ctx context.Context, cfg probe.Config, negotiate bool) (*probe.Conn, error)
	// count is how many probes there were: each goes by a name of its own.
	count int
	// ikc0: the target has been seen to agree to the dialect IKC0. One that has not would take
	// frames behind a SETUP for lines.
	ikc0 bool
	// timeout bounds every wait for the target. 0: probe.DefaultTimeout.
	timeout time.Duration
}

// probeName is the kernel name that probes go by.
const probeName = "ConformProbe"

// config is that of the next probe: each is a kernel of its own.
func (p *prober) config() probe.Config {
	p.count++
	return probe.Config{
		Name: p.name(), ID: fmt.Sprintf("conform-%08x-%08x-%08x", 1, 1, p.count),
		Dialect: p.dialect, Serializer: p.serializer, Session: "probe", Timeout: p.timeout,
	}
}

// name is that of the probe that connected last.
func (p *prober) name() string { return fmt.Sprintf("%s%d", probeName, p.count) }

// talk connects, sends messages, and waits until the target has dealt with all of them.
func (p *prober) talk(ctx context.Context, cfg probe.Config, messages func(c *probe.Conn) []*wire.Message) error {
	c, err := p.connect(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer c.Close()
	p.ikc0 = p.ikc0 || c.Dialect == wire.IKC0
	for _, m := range messages(c) {
		if err := c.Send(m); err != nil {
			return err
		}
	}
	// Up to 0.2102 a post is only queued when it comes, so what it causes may follow the answer to
	// a call that came later; but not that to a call after that.
	if _, err = c.Barrier(ctx); err == nil {
		_, err = c.Barrier(ctx)
	}
	return err
}

// silence tells whether an error only means that the other side said nothing more, which is for the
// judge to weigh.
func silence(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.As(err, &t) && t.Timeout()
}

// ignoreSilence is err, or nil if the other side only said nothing more.
func ignoreSilence(err error) error {
	if err != nil && silence(err) {
		return nil
	}
	return err
}
