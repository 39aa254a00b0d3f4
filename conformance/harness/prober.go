package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// prober connects probes to the target, for scenarios.
type prober struct {
	address    string // of the server, "" if the target is a client
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
	// finish is that of probe.Config.
	finish func() (done func())
	// met: a server that is running was seen to speak IKC; or that it does not is a verdict on how
	// the stream is cut.
	met bool
	// published: it is said to have the conformance session, so that it says nothing is a verdict.
	published bool
	// session: it has the conformance session.
	session bool
	// thorough: this is the dialect in which scenarios are played that are played once.
	thorough bool
	// pieces: what is sent is cut in pieces.
	pieces bool
	// unusable is why nothing more is to be tried with a server that is running: it is none of
	// IKC, or says more than anybody wants to hear. Nil: it is one.
	unusable error
}

// config is that of the next probe: each is a kernel of its own.
func (p *prober) config() probe.Config {
	p.count++
	return probe.Config{
		Name: p.name(), ID: fmt.Sprintf("conform-%08x-%08x-%08x", 1, 1, p.count),
		Dialect: p.dialect, Serializer: p.serializer, Session: contract.ProbeSession, Timeout: p.timeout, Finish: p.finish,
	}
}

// running is a prober of a server that is running, which somebody may need: r.opts say how.
func (r *runner) running(p *prober) {
	p.met, p.published = r.opts.Segmentation != cell.AsSent, r.opts.Session
	if p.timeout == 0 {
		p.timeout = LivePatience
	}
	if r.opts.Finishing != nil {
		why := "a Perl server ends if its negotiation breaks off, so that with " + r.target.Spec + " is finished first"
		if r.opts.Timeout > 0 {
			why += fmt.Sprintf(" (at most %v)", r.opts.Timeout)
		}
		p.finish = func() func() { return r.opts.Finishing(why) }
	}
}

// giveUp tells whether an error says that a server that is running is not one to be tried, and
// keeps it. A server that was seen to speak IKC and does not any more is for the judge.
func (p *prober) giveUp(err error) bool {
	var stranger *wire.StrangerError
	var flood *probe.FloodError
	switch {
	case err == nil:
		p.met = true
	case errors.Is(err, errSilent):
		p.unusable = err
	case errors.As(err, &flood):
		p.unusable = fmt.Errorf("it was given up: %w", err)
	case !errors.As(err, &stranger):
		p.met = true
	case p.met, p.published && len(stranger.Began) == 0:
	default:
		p.unusable = fmt.Errorf("no IKC server: %w", err)
	}
	return p.unusable != nil
}

// name is that of the probe that connected last.
func (p *prober) name() string { return fmt.Sprintf("%s%d", contract.ProbeName, p.count) }

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
	if err = c.Barrier(ctx); err == nil {
		err = c.Barrier(ctx)
	}
	return err
}

// silence tells whether an error only means that the other side said nothing more, which is for
// the judge to weigh.
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
