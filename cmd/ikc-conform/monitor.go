package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

func monitorCommand() *cobra.Command {
	var (
		cl     client
		every  time.Duration
		length time.Duration
		asJSON bool
		again  bool
	)
	c := &cobra.Command{
		Use:   "monitor TARGET",
		Short: "Stay connected to a live kernel and print what happens",
		Long: `Monitor connects to a kernel, stays connected, and prints a line for each event that IKC's monitors are told
of: register, channel, error, unregister. With --ping it pings the kernel so often and prints how long the answer took; one that does not come
within --timeout is told of as 'no pong', and as a late pong when it comes. It ends with an interrupt (Ctrl-C), after
--for, or when the connection ends, which is status 3; with --reconnect it connects again.
` + targetHelp + "\n" + liveStatuses + ".",
		Example: "  ikc-conform monitor 127.0.0.1:31337 --ping 5s\n  ikc-conform monitor --connect unix:/run/worker.sock --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if every < 0 || length < 0 {
				return fmt.Errorf("--ping %v --for %v: expected no negative duration", every, length)
			}
			t, err := cl.toKernel(args)
			if err != nil {
				return err
			}
			w := &eventWriter{out: cmd.OutOrStdout(), json: asJSON}
			cl.told = w.event
			var end <-chan time.Time
			if length > 0 {
				end = time.After(length)
			}
			if err := cl.open(cmd.Context(), t); err != nil {
				return err
			}
			defer func() { cl.close() }()
			for {
				err := cl.watch(cmd, w, every, end)
				if err == nil || !again || cl.channel.Err() == nil {
					return err
				}
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(err))
				if !cl.reconnect(cmd, t, end) {
					return nil
				}
			}
		},
	}
	cl.flags(c)
	c.Flags().DurationVar(&every, "ping", 0, "ping so often; default: never")
	c.Flags().DurationVar(&length, "for", 0, "end after so long; default: never")
	c.Flags().BoolVar(&again, "reconnect", false, "connect again when the connection ends, after half a second and then after longer and longer, up to 30s")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// pong is what came of a ping.
type pong struct {
	took time.Duration
	err  error
}

// watch waits for the end, and pings, one ping at a time. One that is not answered within --timeout
// is told of, and so is its answer if it comes after all.
func (c *client) watch(cmd *cobra.Command, w *eventWriter, every time.Duration, end <-chan time.Time) error {
	var tick <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	peer, kernel := c.channel.Peer().ID, c.kernel
	pongs := make(chan pong, 1)
	var overdue <-chan time.Time
	waiting := false
	for {
		select {
		case <-cmd.Context().Done():
			return nil
		case <-end:
			return nil
		case <-c.channel.Done():
			return broken(fmt.Errorf("monitor: the connection ended: %w", c.channel.Err()))
		case <-tick:
			if waiting {
				continue
			}
			waiting, overdue = true, time.After(c.timeout)
			go func() {
				start := time.Now()
				err := kernel.Ping(ctx, peer)
				pongs <- pong{time.Since(start), err}
			}()
		case <-overdue:
			w.write(eventLine{What: "no pong", Kernel: peer, Seconds: c.timeout.Seconds()})
		case p := <-pongs:
			waiting, overdue = false, nil
			switch {
			case cmd.Context().Err() != nil:
				return nil
			case p.err != nil && c.channel.Err() == nil:
				return c.failed(cmd, "ping", p.err)
			case p.err == nil:
				w.write(eventLine{What: "pong", Kernel: peer, Seconds: p.took.Seconds(), Late: p.took > c.timeout})
			}
		}
	}
}

const (
	// againAfter is how long --reconnect waits first, and twice as long each time, up to againWithin.
	againAfter  = 500 * time.Millisecond
	againWithin = 30 * time.Second
)

// reconnect connects again and again, and says why it could not. It returns false at the end.
func (c *client) reconnect(cmd *cobra.Command, t target, end <-chan time.Time) bool {
	for wait := againAfter; ; wait = min(2*wait, againWithin) {
		c.close()
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: trying again in %v\n", wait)
		select {
		case <-cmd.Context().Done():
			return false
		case <-end:
			return false
		case <-time.After(wait):
		}
		err := c.open(cmd.Context(), t)
		if err == nil || cmd.Context().Err() != nil {
			return err == nil
		}
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(err))
	}
}

// eventLine is what monitor prints.
type eventLine struct {
	Time      time.Time `json:"time"`
	What      string    `json:"event"` // of the monitor; pong, or no pong
	Kernel    string    `json:"kernel"`
	PID       string    `json:"pid,omitempty"`
	Change    string    `json:"change,omitempty"`
	Channel   uint64    `json:"channel,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Message   string    `json:"message,omitempty"`
	Seconds   float64   `json:"seconds,omitempty"` // of a pong, or that none has come for
	Late      bool      `json:"late,omitempty"`    // of a pong: it was told before that none had come
}

type eventWriter struct {
	mu   sync.Mutex
	out  io.Writer
	json bool
}

// event prints an event once: of those that come for each alias, the one for the id.
func (w *eventWriter) event(e *ikc.MonitorEvent) {
	if e.What == "shutdown" || !e.Real && e.About != "*" { // the shutdown is our own
		return
	}
	l := eventLine{What: string(e.What), Kernel: e.About, PID: e.PID, Change: string(e.Change), Operation: e.Operation, Message: e.Message}
	if e.Channel != nil {
		l.Channel = e.Channel.ID()
	}
	w.write(l)
}

func (w *eventWriter) write(l eventLine) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l.Time = time.Now().UTC()
	if w.json {
		_ = visible.NewEncoder(w.out).Encode(l)
		return
	}
	s := fmt.Sprintf("%s  %-10s %s", l.Time.Format("15:04:05.000"), l.What, l.Kernel)
	switch l.What {
	case "register":
		s += "  pid " + l.PID
	case "channel":
		s += fmt.Sprintf("  %s (channel %d)", l.Change, l.Channel)
	case "error":
		s += fmt.Sprintf("  %s: %s", l.Operation, l.Message)
	case "pong", "no pong":
		s += fmt.Sprintf("  after %v", time.Duration(l.Seconds*float64(time.Second)).Round(time.Microsecond))
		if l.Late {
			s += ", late"
		}
	}
	fmt.Fprintln(w.out, visible.Text(s))
}
