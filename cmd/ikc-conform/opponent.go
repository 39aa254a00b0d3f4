package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// opponent is whom a recording is replayed to: a server to which replay connects, or a worker that
// connects to replay.
type opponent struct {
	to, listen  string
	run, record string
	force       bool
	startWithin time.Duration
	target      *targets.Target
}

func (o *opponent) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.to, "to", "", "the server: tcp:HOST:PORT, unix:PATH, or another target of 'ikc-conform run'")
	f.StringVar(&o.listen, "listen", "", "where workers connect: HOST:PORT or unix:PATH")
	f.StringVar(&o.run, "run", "", "the `COMMAND` that is the server, or the worker")
	f.DurationVar(&o.startWithin, "start-within", 30*time.Second, "how long a server that --run starts may refuse connections, and how long each worker may take to connect")
	f.StringVar(&o.record, "record", "", "keep the new traffic in this `FILE`, a capture")
	f.BoolVar(&o.force, "force", false, "overwrite the file of --record if it is there")
}

// driven tells whether it is a target with a driver.
func (o *opponent) driven() bool { return o.target != nil && o.target.Driven() }

// parse reads the flags, and tells which side is replayed.
func (o *opponent) parse() (side wire.Role, err error) {
	if o.startWithin <= 0 {
		return 0, fmt.Errorf("--start-within %v: expected a duration such as 30s", o.startWithin)
	}
	if o.listen != "" {
		side = wire.Server
		if err := endpoint("listen", o.listen, true); err != nil {
			return 0, err
		}
	}
	if o.to == "" {
		return side, nil
	}
	to := o.to
	if strings.TrimPrefix(to, "tcp:") == "127.0.0.1:0" && o.run != "" && o.listen == "" {
		if to, err = freeAddress(); err != nil {
			return 0, broken(err)
		}
	}
	if o.target, err = targets.Parse(to); err != nil {
		return 0, fmt.Errorf("--to: %w", err)
	}
	switch {
	case o.driven() && o.run != "":
		return 0, fmt.Errorf("--run: --to %s starts a driver of its own; expected one of the two", o.to)
	case side == wire.Server && !o.driven():
		return 0, fmt.Errorf("--to %s with --listen: expected a target with a driver, which connects as a worker; with --listen nobody is connected to", o.to)
	}
	return side, nil
}

// freeAddress is one that is free now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return "tcp:" + l.Addr().String(), l.Close()
}

// meet has the other side there: the options say where. leave ends what was started.
func (o *opponent) meet(cmd *cobra.Command, opts *replay.Options) (leave func() error, err error) {
	opts.StartWithin, opts.Finishing = o.startWithin, func() func() {
		return goesOn(cmd.Context(), "the negotiation is brought to its end first, since leaving it can end the server")
	}
	opts.OnlyReplies = o.driven()
	var ends []func() error
	leave = func() (err error) {
		for i := range ends {
			err = errors.Join(err, ends[len(ends)-1-i]())
		}
		return err
	}
	add := func(end func() error) { ends = append(ends, end) }
	if o.listen != "" {
		err = o.welcome(cmd, opts, add)
	} else {
		err = o.visit(cmd, opts, add)
	}
	if err != nil {
		return nil, errors.Join(err, leave())
	}
	return leave, nil
}

// visit finds the server, or starts it.
func (o *opponent) visit(cmd *cobra.Command, opts *replay.Options, add func(func() error)) error {
	opts.Network, opts.Address = o.target.Network, o.target.Address
	if o.driven() {
		address, end, err := harness.Stand(cmd.Context(), o.target, "")
		if err != nil {
			return broken(err)
		}
		add(end)
		opts.Network, opts.Address = "tcp", address
	}
	if o.run == "" {
		opts.StartWithin = 0
	}
	target := opts.Address
	if o.record != "" {
		between, err := o.recorder(add, relay.Options{ListenNetwork: "tcp", ListenAddress: "127.0.0.1:0",
			TargetNetwork: opts.Network, TargetAddress: opts.Address, StartWithin: opts.StartWithin})
		if err != nil {
			return broken(err)
		}
		opts.Network, opts.Address = "tcp", between.Addr().String()
	}
	return o.start(cmd, target, opts, add)
}

// welcome listens, and starts the worker.
func (o *opponent) welcome(cmd *cobra.Command, opts *replay.Options, add func(func() error)) error {
	at, address := network(o.listen)
	var err error
	if o.record != "" {
		if opts.Listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return broken(err)
		}
		between, err := o.recorder(add, relay.Options{ListenNetwork: at, ListenAddress: address,
			TargetNetwork: "tcp", TargetAddress: opts.Listener.Addr().String()})
		if err != nil {
			return errors.Join(cannotListen(o.listen, err), opts.Listener.Close())
		}
		address = between.Addr().String()
	} else {
		if opts.Listener, err = net.Listen(at, address); err != nil {
			return cannotListen(o.listen, err)
		}
		address = opts.Listener.Addr().String()
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "replay listens on %s\n", visible.Text(address))
	if !o.driven() {
		return o.start(cmd, address, opts, add)
	}
	gone := make(chan struct{})
	opts.Gone = gone
	ctx, cancel := context.WithCancel(cmd.Context())
	came := make(chan func() error, 1)
	go func() { // it waits until it is connected
		_, end, err := harness.Stand(ctx, o.target, address)
		if err != nil {
			fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(err))
			close(gone)
			end = func() error { return nil }
		}
		came <- end
	}()
	add(func() error {
		defer cancel()
		return (<-came)()
	})
	return nil
}

// start starts the program, if there is one.
func (o *opponent) start(cmd *cobra.Command, address string, opts *replay.Options, add func(func() error)) error {
	if o.run == "" {
		return nil
	}
	p, err := startProgram(cmd.Context(), o.run, address, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	opts.Gone = p.ended
	add(func() error {
		p.stop()
		return nil
	})
	return nil
}

// recorder starts a relay that records.
func (o *opponent) recorder(add func(func() error), opts relay.Options) (*relay.Relay, error) {
	w, err := capture.CreateNew(o.record, capture.Meta{Comments: []string{"ikc-conform replay"}}, mayOverwrite(o.force))
	if err != nil {
		return nil, forceHint(err)
	}
	opts.Writer = w
	between, err := relay.Start(opts)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	add(func() error {
		limit, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		return errors.Join(between.Close(limit), w.Close())
	})
	return between, nil
}
