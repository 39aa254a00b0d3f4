package shadow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Options say whose traffic is copied, and to whom.
type Options struct {
	// Relay is what goes to the real server; its Writer gets both sides, the copies by an interface
	// that is called "also". Its Tap and Ended are taken.
	Relay relay.Options
	// AlsoNetwork and AlsoAddress say where the other server is. The network is "tcp" if empty.
	AlsoNetwork, AlsoAddress string
	// Noise is what may differ, besides seconds since 1970 that are those of now. Nil: nothing.
	Noise *compare.Noise
	// Patience is how long after one of the two said something the other may say it. Default: 5 s.
	Patience time.Duration
	// Slower: an answer that takes so many times as long as the real one, and 100 ms more, is late.
	// 0: none is.
	Slower float64
	// Logger is told of connections that have no copy any more. Nil discards that.
	Logger *slog.Logger
}

// DefaultPatience is that of Options.
const DefaultPatience = 5 * time.Second

// Shadow is a relay with a shadow. Its methods may be called from several goroutines.
type Shadow struct {
	relay  *relay.Relay
	worker *worker
	stop   context.CancelFunc
	done   chan struct{}
}

// Start listens, and begins to pass on and to copy. The errors are those of relay.Start, and of
// options that make no sense. The caller must Close the Shadow.
func Start(opts Options) (*Shadow, error) {
	if opts.AlsoAddress == "" {
		return nil, errors.New("shadow: expected Options.AlsoAddress, got none")
	}
	if opts.AlsoNetwork == "" {
		opts.AlsoNetwork = "tcp"
	}
	if opts.Patience <= 0 {
		opts.Patience = DefaultPatience
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	opts.Logger = visible.Logger(opts.Logger)
	ctx, stop := context.WithCancel(context.Background())
	w := newWorker(ctx, opts)
	opts.Relay.Tap, opts.Relay.Ended = w.feed.tap, w.feed.closed
	r, err := relay.Start(opts.Relay)
	if err != nil {
		stop()
		return nil, err
	}
	if w.iface, err = opts.Relay.Writer.Interface("also", fmt.Sprintf("copies for %s %s", opts.AlsoNetwork, opts.AlsoAddress)); err != nil {
		stop()
		limit, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		return nil, errors.Join(err, r.Close(limit))
	}
	s := &Shadow{relay: r, worker: w, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		w.run()
	}()
	return s, nil
}

// Addr is where clients connect.
func (s *Shadow) Addr() net.Addr { return s.relay.Addr() }

// Flush writes out what has been recorded.
func (s *Shadow) Flush() { s.relay.Flush() }

// Report is what was found so far.
func (s *Shadow) Report() *Report { return s.worker.report() }

// Close ends the relay as relay.Close does, has the other server say what it still has to until ctx
// is done, and returns what was found. The error is that of the relay.
func (s *Shadow) Close(ctx context.Context) (*Report, error) {
	err := s.relay.Close(ctx)
	select {
	case <-s.worker.settled():
	case <-ctx.Done():
	}
	s.stop()
	<-s.done
	return s.Report(), err
}
