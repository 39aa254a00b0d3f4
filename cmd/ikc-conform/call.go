package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func callCommand() *cobra.Command {
	var (
		cl   client
		in   valueInput
		out  valueOutput
		list bool
	)
	c := &cobra.Command{
		Use:   "call TARGET [VALUE]",
		Short: "Call a state of a live kernel and print what it returns",
		Long: `Call connects to a kernel, calls a state that its session has published, and prints the answer.
` + targetHelp + "\n" + valueHelp + "\n" + outputHelp + "\n" + silenceHelp + "\n" + clientStatuses,
		Example: `  ikc-conform call poe://127.0.0.1:31337/IKC/ping
  ikc-conform call poe://10.0.0.7:603/worker/run '{"job": 17}' --output json
  ikc-conform call --connect unix:/run/worker.sock worker/run "{job => 17, raw => \"\xff\"}"
  ikc-conform call poe://db:603/store/get @query.json --list --serializer FreezeThaw`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			t, v, err := cl.request(cmd, &in, args)
			if err != nil {
				return err
			}
			defer cl.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), cl.timeout)
			defer cancel()
			to := cl.at(t)
			var answer *perl.Value
			var values []*perl.Value
			if list {
				values, err = cl.kernel.CallList(ctx, to, v)
			} else {
				answer, err = cl.kernel.Call(ctx, to, v)
			}
			if err != nil {
				return cl.failed(cmd, "call "+args[0], err)
			}
			return out.write(cmd.OutOrStdout(), answer, values, list)
		},
	}
	cl.flags(c)
	in.flags(c)
	out.flags(c)
	c.Flags().BoolVar(&list, "list", false, "call in list context, and print all that the state returns")
	return c
}

// request reads the arguments of call and post, and connects: what is wrong with them is told
// before.
func (c *client) request(cmd *cobra.Command, in *valueInput, args []string) (target, *perl.Value, error) {
	t, err := c.resolve(args[0])
	if err != nil {
		return t, nil, err
	}
	if err := t.withState(args[0]); err != nil {
		return t, nil, err
	}
	v, err := in.read(cmd, args[1:])
	if err != nil {
		return t, nil, err
	}
	return t, v, c.open(cmd.Context(), t)
}
