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
	)
	c := &cobra.Command{
		Use:   "monitor TARGET",
		Short: "Stay connected to a live kernel and print what happens",
		Long: `Monitor connects to a kernel, stays connected, and prints a line for each event that IKC's monitors are told
of: register, channel, error, unregister. With --ping it pings the kernel so often and prints how long the answer took.
It ends with an interrupt (Ctrl-C), after --for, or when the connection ends, which is status 3.
` + targetHelp + "\n" + clientStatuses,
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
			if err := cl.open(cmd.Context(), t); err != nil {
				return err
			}
			defer cl.close()
			return cl.watch(cmd, w, every, length)
		},
	}
	cl.flags(c)
	c.Flags().DurationVar(&every, "ping", 0, "ping so often; default: never")
	c.Flags().DurationVar(&length, "for", 0, "end after so long; default: never")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object a line")
	return c
}

// watch waits for the end, and pings.
func (c *client) watch(cmd *cobra.Command, w *eventWriter, every, length time.Duration) error {
	var tick, end <-chan time.Time
	if every > 0 {
		t := time.NewTicker(every)
		defer t.Stop()
		tick = t.C
	}
	if length > 0 {
		end = time.After(length)
	}
	for {
		select {
		case <-cmd.Context().Done():
			return nil
		case <-end:
			return nil
		case <-c.channel.Done():
			return broken(fmt.Errorf("monitor: the connection ended: %w", c.channel.Err()))
		case <-tick:
			ctx, cancel := context.WithTimeout(cmd.Context(), c.timeout)
			start := time.Now()
			err := c.kernel.Ping(ctx, c.channel.Peer().ID)
			cancel()
			switch {
			case cmd.Context().Err() != nil:
				return nil
			case err != nil && c.channel.Err() == nil:
				return c.failed(cmd, "ping", err)
			case err == nil:
				w.write(eventLine{What: "pong", Kernel: c.channel.Peer().ID, Seconds: time.Since(start).Seconds()})
			}
		}
	}
}

// eventLine is what monitor prints.
type eventLine struct {
	Time      time.Time `json:"time"`
	What      string    `json:"event"` // of the monitor; or pong
	Kernel    string    `json:"kernel"`
	PID       string    `json:"pid,omitempty"`
	Change    string    `json:"change,omitempty"`
	Channel   uint64    `json:"channel,omitempty"`
	Operation string    `json:"operation,omitempty"`
	Message   string    `json:"message,omitempty"`
	Seconds   float64   `json:"seconds,omitempty"` // of a pong
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
	case "pong":
		s += fmt.Sprintf("  after %v", time.Duration(l.Seconds*float64(time.Second)).Round(time.Microsecond))
	}
	fmt.Fprintln(w.out, visible.Text(s))
}
