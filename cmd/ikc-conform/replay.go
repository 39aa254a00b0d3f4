package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// replaying is what replay was asked for.
type replaying struct {
	outputs[*replay.Report]
	opts      replay.Options
	filter    dialogue.Filter
	opponent  opponent
	from, end string
	noise     string
	safe      []string
	yes, dry  bool
}

func replayCommand() *cobra.Command {
	var r replaying
	c := &cobra.Command{
		Use:   "replay CAPTURE (--to TARGET | --listen ADDRESS)",
		Short: "Send the recorded requests to another server or worker, and compare what comes back",
		Long: `Replay sends what the clients in a capture asked to another server, and compares answers, error reports and posts back
with those recorded: types and values with the path to where they differ, silence, lateness. Each connection is made
again, with its dialect, serializer and names, as a kernel or a ClientLite; requests are sent in their order, and each
once what had come before it in the recording has come again. Without --speed, that is as fast as answers come; --speed 1
keeps the recorded times as well.

TARGET is tcp:HOST:PORT or unix:PATH, a server that is running; --run COMMAND starts it, and ends it afterwards. Any other
target of 'ikc-conform run' has a driver, and is given the session ikc-conform: that is for recordings of it.

With --listen it is the other way round: workers connect to ADDRESS, HOST:PORT or unix:PATH, and are called and posted to
as the recorded server did; their own requests are answered as it answered. A worker that has the name of a recorded one
is taken for that. --run COMMAND starts the worker, and --to may name a target with a driver to be it.

In COMMAND, {port}, {host} and {address} stand for the address; port 0 is one that is free. It is no shell, but its words
may be quoted. What it prints goes to standard error, with | before each line.

What differs in the recording itself, in answers to requests that are alike, may differ: the report lists it. So may
seconds since 1970 that are those of now. --noise names more, see 'ikc-conform diff'. Which of several calls with one rsvp
an answer was for is not always known: such answers are waited for, and not compared.

It does what was recorded once more. So --yes is needed, unless all states are named by --safe; pings and subscriptions are
safe, and so is a target with a driver. --dry-run says what would be sent. Unless --yes is given, the capture is read twice,
and has to be a file.

Exit status: 0 no difference, 1 there are some, 3 the capture cannot be read or the other side was lost, 5 nothing was
compared, 7 no difference as far as an incomplete capture shows, 130 an interrupt ended it: what is said is of what was compared by then.`,
		Example: "  ikc-conform replay worker.pcapng --to tcp:127.0.0.1:6031 --dry-run\n" +
			"  ikc-conform replay worker.pcapng --to tcp:127.0.0.1:6031 --safe 'svc/get,svc/list' --slower 5\n" +
			"  ikc-conform replay worker.pcapng --to tcp:127.0.0.1:0 --run 'perl worker.pl {port}' --yes --html replay.html\n" +
			"  ikc-conform replay board.pcapng --listen 127.0.0.1:6031 --run './worker {address}' --yes",
		Args: cobra.ExactArgs(1),
		RunE: r.run,
	}
	f := c.Flags()
	r.opponent.flags(c)
	f.Float64Var(&r.opts.Speed, "speed", 0, "how many times as fast as recorded; 0 is as fast as answers come")
	f.DurationVar(&r.opts.Patience, "patience", 5*time.Second, "how long to wait for each answer")
	f.Float64Var(&r.opts.Slower, "slower", 0, "an answer is late if it takes so many times as long, and 100 ms more; 0 is never")
	f.StringVar(&r.noise, "noise", "", "what may differ: a `FILE` of lines")
	f.StringVar(&r.filter.Session, "session", "", "only requests to this session")
	f.StringVar(&r.filter.State, "state", "", "only requests to this state")
	f.StringVar(&r.from, "from-time", "", "only from this time on: as --from of 'ikc-conform inspect'")
	f.StringVar(&r.end, "to-time", "", "only before this time: as --to of 'ikc-conform inspect'")
	f.IntSliceVar(&r.filter.Connections, "connection", nil, "only the connections of these numbers")
	f.StringSliceVar(&r.safe, "safe", nil, "states that may be asked again, SESSION/STATE, with * for all of a session")
	f.BoolVar(&r.yes, "yes", false, "ask all states again, whatever they change")
	f.BoolVar(&r.dry, "dry-run", false, "say what would be sent, and send nothing")
	c.MarkFlagsOneRequired("to", "listen")
	r.flag(c, "json", "what differs, for programs", func(w io.Writer, d *replay.Report) error { return d.WriteJSON(w) })
	r.flag(c, "html", "what differs, as one page", func(w io.Writer, d *replay.Report) error { return d.WriteHTML(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what a replay found", replay.Schema))
	return c
}

func (r *replaying) run(cmd *cobra.Command, args []string) error {
	if err := r.parse(args[0]); err != nil {
		return err
	}
	tuneForCheck()
	plan, err := r.survey(cmd, args[0])
	if err != nil {
		return r.ended(cmd, err)
	}
	if r.dry {
		for _, s := range plan.States() {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: calls %d, posts %d%s\n", visible.Text(s.State), s.Calls, s.Posts, map[bool]string{true: "", false: "; not named by --safe"}[r.isSafe(s.State)])
		}
		return nil
	}
	if err := r.mayBeSent(plan); err != nil {
		return err
	}
	leave, err := r.opponent.meet(cmd, &r.opts)
	if err != nil {
		return err
	}
	var d *replay.Report
	keeping(cmd.Context())
	err = r.read(cmd, args[0], func(events dialogue.Source) (err error) {
		d, err = replay.Play(cmd.Context(), events, plan, r.opts)
		return err
	})
	err = errors.Join(err, leave())
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

// survey reads what would be sent, nil if nobody needs to know before.
func (r *replaying) survey(cmd *cobra.Command, path string) (plan *replay.Plan, err error) {
	if r.yes && !r.dry && r.opts.Side == wire.Client && !r.opponent.driven() {
		return nil, nil
	}
	err = r.read(cmd, path, func(events dialogue.Source) (err error) {
		plan, err = replay.Survey(events, r.opts)
		return err
	})
	return plan, err
}

// mayBeSent refuses to send what nobody has said is safe, and what the other side cannot have.
func (r *replaying) mayBeSent(plan *replay.Plan) error {
	if plan == nil {
		return nil
	}
	has := false
	for _, s := range plan.States() {
		if !r.isSafe(s.State) {
			return fmt.Errorf("%s would be asked again (calls %d, posts %d): expected it in --safe, or --yes; --dry-run shows all", s.State, s.Calls, s.Posts)
		}
		has = has || strings.HasPrefix(s.State, contract.SessionAlias+"/")
	}
	if r.opponent.driven() && !has {
		return fmt.Errorf("--to %s: expected a recording of requests to the session %s, all that a target with a driver has; for a program of yours, --to tcp:HOST:PORT with --run COMMAND",
			r.opponent.to, contract.SessionAlias)
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
func (r *replaying) parse(path string) (err error) {
	switch {
	case path == "-" && !(r.yes && r.opponent.listen == "" && !r.dry):
		return errors.New("the capture is read twice: expected a file, got standard input")
	case r.opts.Speed < 0 || r.opts.Speed > 1e6 || r.opts.Speed != r.opts.Speed:
		return fmt.Errorf("--speed %v: expected how many times as fast, or 0", r.opts.Speed)
	case r.opts.Slower != 0 && !(r.opts.Slower > 1 && r.opts.Slower <= 1e6):
		return fmt.Errorf("--slower %v: expected how many times as long, more than 1", r.opts.Slower)
	case r.opts.Patience <= 0:
		return fmt.Errorf("--patience %v: expected a duration such as 5s", r.opts.Patience)
	}
	if r.opts.Side, err = r.opponent.parse(); err != nil {
		return err
	}
	if r.filter.From, r.filter.FromStart, err = parseWhen("--from-time", r.from); err != nil {
		return err
	}
	if r.filter.To, r.filter.ToStart, err = parseWhen("--to-time", r.end); err != nil {
		return err
	}
	for _, s := range r.safe {
		if session, state, ok := strings.Cut(s, "/"); !ok || session == "" || state == "" {
			return fmt.Errorf("--safe %q: expected SESSION/STATE", s)
		}
	}
	r.opts.Keep = r.filter.Keep
	if r.opts.Noise, err = readNoise(r.noise); err != nil {
		return err
	}
	return r.check()
}

// isSafe tells whether a state may be asked again.
func (r *replaying) isSafe(state string) bool {
	session, _, _ := strings.Cut(state, "/")
	return r.yes || r.opponent.driven() || state == "IKC/ping" || state == "IKC/do_you_have" || slices.Contains(r.safe, state) || slices.Contains(r.safe, session+"/*")
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
