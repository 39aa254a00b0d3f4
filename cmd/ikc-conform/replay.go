package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// replaying is what replay was asked for.
type replaying struct {
	outputs[*replay.Report]
	opts      replay.Options
	filter    dialogue.Filter
	to, noise string
	record    string
	safe      []string
	yes, dry  bool
	force     bool
}

func replayCommand() *cobra.Command {
	var r replaying
	c := &cobra.Command{
		Use:   "replay CAPTURE --to TARGET",
		Short: "Send the recorded requests to another server, and compare what comes back",
		Long: `Replay sends what the clients in a capture asked to another server, tcp:HOST:PORT or unix:PATH, and compares answers, error
reports and posts back with those recorded: types and values with the path to where they differ, silence, lateness.
Each connection is made again, with its dialect, serializer and names, as a kernel or a ClientLite; requests are sent in
their order, and each once what had come before it in the recording has come again. Without --speed, that is as fast as
answers come; --speed 1 keeps the recorded times as well.

What differs in the recording itself, in answers to requests that are alike, may differ, and so may seconds since 1970
that are those of now. --noise names more, see 'ikc-conform diff'. Which of several calls with one rsvp an answer was for
is not always known: such answers are waited for, and not compared.

It does what was recorded once more. So --yes is needed, unless all states are named by --safe; pings and subscriptions are
safe. --dry-run says what would be sent. The capture is read twice, and has to be a file.

Exit status: 0 no difference, 1 there are some, 3 the capture cannot be read or the server was lost, 5 nothing was
compared, 7 no difference as far as an incomplete capture shows, 130 an interrupt ended it: what is said is of what was compared by then.`,
		Example: "  ikc-conform replay worker.pcapng --to tcp:127.0.0.1:6031 --dry-run\n  ikc-conform replay worker.pcapng --to tcp:127.0.0.1:6031 --safe 'svc/get,svc/list' --slower 5",
		Args:    cobra.ExactArgs(1),
		RunE:    r.run,
	}
	f := c.Flags()
	f.StringVar(&r.to, "to", "", "the server: tcp:HOST:PORT or unix:PATH")
	f.Float64Var(&r.opts.Speed, "speed", 0, "how many times as fast as recorded; 0 is as fast as answers come")
	f.DurationVar(&r.opts.Patience, "patience", 5*time.Second, "how long to wait for each answer")
	f.Float64Var(&r.opts.Slower, "slower", 0, "an answer is late if it takes so many times as long, and 100 ms more; 0 is never")
	f.StringVar(&r.noise, "noise", "", "what may differ: a `FILE` of lines")
	f.StringVar(&r.filter.Session, "session", "", "only requests to this session")
	f.StringVar(&r.filter.State, "state", "", "only requests to this state")
	f.IntSliceVar(&r.filter.Connections, "connection", nil, "only the connections of these numbers")
	f.StringSliceVar(&r.safe, "safe", nil, "states that may be asked again, SESSION/STATE, with * for all of a session")
	f.BoolVar(&r.yes, "yes", false, "ask all states again, whatever they change")
	f.BoolVar(&r.dry, "dry-run", false, "say what would be sent, and send nothing")
	f.StringVar(&r.record, "record", "", "keep the new traffic in this `FILE`, a capture")
	f.BoolVar(&r.force, "force", false, "overwrite the file of --record if it is there")
	_ = c.MarkFlagRequired("to")
	r.flag(c, "json", "what differs, for programs", func(w io.Writer, d *replay.Report) error { return d.WriteJSON(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what a replay found", replay.Schema))
	return c
}

func (r *replaying) run(cmd *cobra.Command, args []string) error {
	if err := r.parse(args[0]); err != nil {
		return err
	}
	var plan *replay.Plan
	err := r.read(cmd, args[0], func(events dialogue.Source) (err error) {
		plan, err = replay.Learn(events, r.opts)
		return err
	})
	if err != nil {
		return r.ended(cmd, err)
	}
	if r.dry {
		for _, s := range plan.States() {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: calls %d, posts %d%s\n", visible.Text(s.State), s.Calls, s.Posts, map[bool]string{true: "", false: "; not named by --safe"}[r.isSafe(s.State)])
		}
		return nil
	}
	for _, s := range plan.States() {
		if !r.yes && !r.isSafe(s.State) {
			return fmt.Errorf("%s would be asked again (calls %d, posts %d): expected it in --safe, or --yes; --dry-run shows all", s.State, s.Calls, s.Posts)
		}
	}
	keep, err := r.recorded(cmd)
	if err != nil {
		return broken(err)
	}
	var d *replay.Report
	keeping(cmd.Context())
	err = r.read(cmd, args[0], func(events dialogue.Source) (err error) {
		d, err = replay.Play(cmd.Context(), events, plan, r.opts)
		return err
	})
	err = errors.Join(err, keep())
	if d == nil {
		return r.ended(cmd, err)
	}
	if r.text() {
		if err := d.WriteText(cmd.OutOrStdout()); err != nil {
			return broken(err)
		}
	}
	if err := r.save(cmd.OutOrStdout(), d); err != nil {
		return err
	}
	switch {
	case d.Partial || err != nil:
		return r.ended(cmd, err)
	case d.Different > 0:
		return exitStatus(report.ExitNotConformant)
	case len(d.Lost) > 0:
		return exitStatus(report.ExitBroken)
	case d.Compared == 0:
		return exitStatus(report.ExitNothing)
	case d.Left > 0:
		return exitStatus(report.ExitSeen)
	}
	return nil
}

// ended is how the command ends if it was not to the end.
func (r *replaying) ended(cmd *cobra.Command, err error) error {
	if cmd.Context().Err() != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: what is said is of what was compared by then")
		return exitStatus(report.ExitInterrupted)
	}
	return broken(err)
}

// parse reads the flags.
func (r *replaying) parse(path string) error {
	t, err := targets.Parse(r.to)
	switch {
	case err != nil:
		return fmt.Errorf("--to: %w", err)
	case t.Driven():
		return fmt.Errorf("--to %s: expected tcp:HOST:PORT or unix:PATH, a server that has the states of the recorded one; a driver has not", r.to)
	case path == "-":
		return errors.New("the capture is read twice: expected a file, got standard input")
	case r.opts.Speed < 0 || r.opts.Speed > 1e6 || r.opts.Speed != r.opts.Speed:
		return fmt.Errorf("--speed %v: expected how many times as fast, or 0", r.opts.Speed)
	case r.opts.Slower != 0 && !(r.opts.Slower > 1 && r.opts.Slower <= 1e6):
		return fmt.Errorf("--slower %v: expected how many times as long, more than 1", r.opts.Slower)
	case r.opts.Patience <= 0:
		return fmt.Errorf("--patience %v: expected a duration such as 5s", r.opts.Patience)
	}
	for _, s := range r.safe {
		if session, state, ok := strings.Cut(s, "/"); !ok || session == "" || state == "" {
			return fmt.Errorf("--safe %q: expected SESSION/STATE", s)
		}
	}
	r.opts.Network, r.opts.Address, r.opts.Keep = t.Network, t.Address, r.filter.Keep
	if r.opts.Noise, err = readNoise(r.noise); err != nil {
		return err
	}
	return r.check()
}

// isSafe tells whether a state may be asked again.
func (r *replaying) isSafe(state string) bool {
	session, _, _ := strings.Cut(state, "/")
	return r.yes || state == "IKC/ping" || state == "IKC/do_you_have" || slices.Contains(r.safe, state) || slices.Contains(r.safe, session+"/*")
}

// read has a capture read.
func (r *replaying) read(cmd *cobra.Command, path string, by func(dialogue.Source) error) error {
	in, name, err := openCaptures(cmd, []string{path})
	if err != nil {
		return err
	}
	defer in.Close()
	if err := by(in.Events(capture.Limits{})); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// recorded puts a relay that records before the server, if that was asked for. keep ends it.
func (r *replaying) recorded(cmd *cobra.Command) (keep func() error, err error) {
	if r.record == "" {
		return func() error { return nil }, nil
	}
	w, err := capture.CreateNew(r.record, capture.Meta{Comments: []string{"ikc-conform replay --to " + r.to}}, mayOverwrite(r.force))
	if err != nil {
		return nil, forceHint(err)
	}
	opts := relay.Options{Writer: w, ListenNetwork: "tcp", ListenAddress: "127.0.0.1:0"}
	opts.TargetNetwork, opts.TargetAddress = r.opts.Network, r.opts.Address
	between, err := relay.Start(opts)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	r.opts.Network, r.opts.Address = "tcp", between.Addr().String()
	return func() error {
		limit, cancel := context.WithTimeout(context.Background(), endTime)
		defer cancel()
		return errors.Join(between.Close(limit), w.Close())
	}, nil
}
