package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func postCommand() *cobra.Command {
	var (
		cl     client
		in     valueInput
		noWait bool
	)
	c := &cobra.Command{
		Use:   "post TARGET [VALUE]",
		Short: "Post an event to a state of a live kernel",
		Long: `Post connects to a kernel and posts an event to a state that its session has published. IKC does not
acknowledge events, but a kernel handles the requests of a connection in order and reports those that it
refuses: so post then pings the kernel, and when that is answered without an error report, the event was taken.
` + targetHelp + "\n" + valueHelp + "\n" + clientStatuses,
		Example: `  ikc-conform post poe://127.0.0.1:31337/worker/reload
  ikc-conform post poe://127.0.0.1:31337/log/line "{level => 'info', text => 'hello'}"`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, v, err := cl.request(cmd, &in, args)
			if err != nil {
				return err
			}
			defer cl.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), cl.timeout)
			defer cancel()
			what := "post " + args[0]
			if _, err := cl.kernel.Post(ctx, cl.at(t), v); err != nil {
				return cl.failed(cmd, what, err)
			}
			if noWait {
				// Closing the channel writes what is queued first.
				if err := cl.channel.Close(); err != nil {
					return cl.failed(cmd, what, err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), "posted; whether it was taken is not known (--no-wait)")
				return nil
			}
			err = cl.kernel.Ping(ctx, cl.channel.Peer().ID)
			cl.close() // the monitor has been told of every error report when it returns
			trouble := cl.firstTrouble()
			switch {
			case trouble != nil:
				return cl.failed(cmd, what, trouble)
			case errors.Is(err, context.DeadlineExceeded) && cmd.Context().Err() == nil:
				fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s: it was sent, but the kernel did not answer a ping within %v (--timeout)\n"+
					"  it may be busy with the event, which it handles first; --no-wait does not ask\n", visible.Text(what), cl.timeout)
				return exitStatus(exitNoAnswer)
			case err != nil:
				return cl.failed(cmd, what, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "posted; %s took it\n", visible.Text(cl.channel.Peer().ID))
			return nil
		},
	}
	cl.flags(c)
	in.flags(c)
	c.Flags().BoolVar(&noWait, "no-wait", false, "do not ping afterwards: whether the event was refused is then not known")
	return c
}
