package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func pingCommand() *cobra.Command {
	var (
		cl       client
		count    int
		interval time.Duration
	)
	c := &cobra.Command{
		Use:   "ping TARGET",
		Short: "Ping a live kernel",
		Long: `Ping connects to a kernel, says what was negotiated, calls its IKC/ping, which every kernel publishes, and
prints how long each answer took. It is safe for a kernel in use: the negotiation is completed, and nothing else is called.
` + targetHelp + "\n" + clientStatuses,
		Example: "  ikc-conform ping 127.0.0.1:31337\n  ikc-conform ping --connect unix:/run/worker.sock --count 10",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if count < 1 || interval < 0 {
				return fmt.Errorf("--count %d --interval %v: expected at least one ping, and no negative interval", count, interval)
			}
			t, err := cl.toKernel(args)
			if err != nil {
				return err
			}
			if err := cl.open(cmd.Context(), t); err != nil {
				return err
			}
			defer cl.close()
			cl.silence = "every kernel answers a ping: it is busy, or hangs"
			out := cmd.OutOrStdout()
			fmt.Fprintln(out, cl.describe())
			var least, most, sum time.Duration
			for i := range count {
				if i > 0 {
					select {
					case <-time.After(interval):
					case <-cmd.Context().Done():
					}
				}
				ctx, cancel := context.WithTimeout(cmd.Context(), cl.timeout)
				start := time.Now()
				err := cl.kernel.Ping(ctx, cl.channel.Peer().ID)
				took := time.Since(start)
				cancel()
				if err != nil {
					return cl.failed(cmd, "ping", err)
				}
				fmt.Fprintf(out, "PONG after %v\n", took.Round(time.Microsecond))
				if i == 0 || took < least {
					least = took
				}
				most, sum = max(most, took), sum+took
			}
			if count > 1 {
				fmt.Fprintf(out, "%d pings: least %v, mean %v, most %v\n", count, least.Round(time.Microsecond),
					(sum / time.Duration(count)).Round(time.Microsecond), most.Round(time.Microsecond))
			}
			return nil
		},
	}
	cl.flags(c)
	c.Flags().IntVarP(&count, "count", "c", 1, "how many pings")
	c.Flags().DurationVar(&interval, "interval", time.Second, "pause between pings")
	return c
}

// toKernel is the target of commands that need no session.
func (c *client) toKernel(args []string) (target, error) {
	given := ""
	if len(args) > 0 {
		given = args[0]
	} else if c.connect == "" {
		return target{}, fmt.Errorf("where to? Expected a target such as 127.0.0.1:603, or --connect HOST:PORT or unix:PATH")
	}
	t, err := c.resolve(given)
	if err == nil && t.Session != "" {
		err = fmt.Errorf("target %q: expected a kernel only, such as %s", given, t.address)
	}
	return t, err
}

// describe says in one line who is at the other end, and how we speak.
func (c *client) describe() string {
	p := c.channel.Peer()
	s := "connected to " + p.ID
	if len(p.Aliases) > 0 {
		s += " (" + strings.Join(p.Aliases, ", ") + ")"
	}
	if p.PID != "" {
		s += " pid " + p.PID
	}
	return fmt.Sprintf("%s: %v, %s", visible.Text(s), c.channel.Dialect(), c.channel.Serializer())
}
