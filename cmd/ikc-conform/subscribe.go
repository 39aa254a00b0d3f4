package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

func subscribeCommand() *cobra.Command {
	var cl client
	c := &cobra.Command{
		Use:   "subscribe TARGET [SESSION|SESSION/STATE...]",
		Short: "Ask a live kernel whether it has published sessions or states",
		Long: `Subscribe connects to a kernel and asks for subscriptions, as a kernel does before it makes proxies of
remote sessions: the answer says whether the session, or the state, is published. TARGET names the kernel and
the first; further ones are of the same kernel. One line each is printed.
` + targetHelp + "\n" + clientStatuses,
		Example: `  ikc-conform subscribe poe://127.0.0.1:31337/worker
  ikc-conform subscribe poe://127.0.0.1:31337/worker/run worker/stop IKC`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := cl.resolve(args[0])
			if err != nil {
				return err
			}
			if t.Session == "" {
				return fmt.Errorf("target %q: expected a session, such as poe://127.0.0.1:603/worker", args[0])
			}
			all := []target{t}
			for _, more := range args[1:] {
				m, err := resolve(more, t.address) // the kernel is settled
				switch {
				case err != nil:
					return err
				case m.Session == "" && m.State == "":
					return fmt.Errorf("%q: expected SESSION or SESSION/STATE", more)
				case m.Session == "": // a single name is a session here
					m.Session, m.State = m.State, ""
				}
				m.Kernel = t.Kernel
				all = append(all, m)
			}
			if err := cl.open(cmd.Context(), t); err != nil {
				return err
			}
			defer cl.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), cl.timeout)
			defer cancel()
			return cl.ask(ctx, cmd, all)
		},
	}
	cl.flags(c)
	return c
}

// ask asks for all subscriptions, and prints which were accepted.
func (c *client) ask(ctx context.Context, cmd *cobra.Command, all []target) error {
	asked := make([]string, len(all))
	for i, t := range all {
		asked[i] = c.at(t)
	}
	_, err := c.kernel.Subscribe(ctx, asked...)
	var failed *ikc.SubscribeError
	if err != nil && !errors.As(err, &failed) {
		return c.failed(cmd, "subscribe", err)
	}
	reasons := map[string]error{}
	if failed != nil {
		for _, r := range failed.Refused {
			reasons[r.Specifier] = r.Reason
		}
	}
	status := 0
	for _, spec := range asked {
		reason := reasons[spec]
		switch {
		case reason == nil:
			fmt.Fprintln(cmd.OutOrStdout(), "accepted ", visible.Text(spec))
			continue
		case errors.Is(reason, ikc.ErrSubscribeRefused):
			fmt.Fprintf(cmd.OutOrStdout(), "refused   %s (not published there)\n", visible.Text(spec))
			status = max(status, exitRefused)
		case errors.Is(reason, context.DeadlineExceeded):
			fmt.Fprintf(cmd.OutOrStdout(), "no answer %s within %v (--timeout)\n", visible.Text(spec), c.timeout)
			status = max(status, exitNoAnswer)
		default:
			fmt.Fprintf(cmd.OutOrStdout(), "failed    %s (%s)\n", visible.Text(spec), visible.Text(reason.Error()))
			status = max(status, report.ExitBroken)
		}
	}
	if status != 0 {
		return exitStatus(status)
	}
	return nil
}
