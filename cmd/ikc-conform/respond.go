package main

import (
	"context"

	"github.com/spf13/cobra"

	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func respondCommand() *cobra.Command {
	var (
		cl  client
		in  valueInput
		out valueOutput
	)
	c := &cobra.Command{
		Use:   "respond TARGET [VALUE]",
		Short: "Ask a state of a live kernel by post, and print what it posts back",
		Long: `Respond connects to a kernel and asks a state that its session has published as ClientLite's post_respond does:
it posts [VALUE, specifier] to the state, and waits for what is posted to that specifier, by whomever there and
whenever. It is for states that are written for post_respond, which 'ikc-conform call' gives an argument that they
cannot use; for those that return their answer, call is right.
` + targetHelp + "\n" + valueHelp + "\n" + outputHelp + "\n" + silenceHelp + "\n" + clientStatuses,
		Example: `  ikc-conform respond poe://127.0.0.1:31337/workflow/ping
  ikc-conform respond poe://10.0.0.7:603/jobs/run "{job => 17}" --timeout 1m --output json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := out.check(); err != nil {
				return err
			}
			told := make(chan struct{}, 1) // that there is trouble
			cl.told = func(*ikc.MonitorEvent) {
				select {
				case told <- struct{}{}:
				default:
				}
			}
			cl.silence = "the state has posted nothing to the specifier that it was given: if it returns its answer, use 'ikc-conform call'"
			t, v, err := cl.request(cmd, &in, args)
			if err != nil {
				return err
			}
			defer cl.close()
			ctx, cancel := context.WithTimeout(cmd.Context(), cl.timeout)
			defer cancel()
			posted, err := cl.askByPost(ctx, t, v, told)
			if err != nil {
				return cl.failed(cmd, "respond "+args[0], err)
			}
			return out.write(cmd.OutOrStdout(), posted, nil, false)
		},
	}
	cl.flags(c)
	in.flags(c)
	out.flags(c)
	return c
}

// askByPost posts [v, specifier], and waits for what is posted to the specifier, or for an error
// report.
func (c *client) askByPost(ctx context.Context, t target, v *perl.Value, told <-chan struct{}) (*perl.Value, error) {
	const alias, state = "respond", "answer"
	posted := make(chan *perl.Value, 1)
	s, err := c.kernel.NewSession(alias, map[string]ikc.State{state: func(_ context.Context, r *ikc.Request) (any, error) {
		select {
		case posted <- r.Arg(0):
		default: // it is over already
		}
		return nil, nil
	}})
	if err != nil {
		return nil, err
	}
	s.Publish(state)
	back := wire.At(specifier.Specifier{Kernel: c.kernel.ID(), Session: alias, State: state})
	if _, err := s.Post(ctx, c.at(t), perl.ArrayRef(v, back.ToValue())); err != nil {
		return nil, err
	}
	for {
		select {
		case answer := <-posted:
			return answer, nil
		case <-told:
			if err := c.firstTrouble(); err != nil {
				return nil, err
			}
		case <-c.channel.Done():
			return nil, ikc.ErrDisconnected
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// firstTrouble is the first error report that came, nil if none did.
func (c *client) firstTrouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.trouble) == 0 {
		return nil
	}
	return c.trouble[0]
}
