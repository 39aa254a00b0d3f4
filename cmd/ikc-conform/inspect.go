package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// inspecting is what inspect was asked for.
type inspecting struct {
	opts     dialogue.WriteOptions
	filter   dialogue.Filter
	from, to string
	color    string
	asJSON   bool
	stats    bool
	follow   bool
	every    time.Duration
	terminal bool
	// metricsAt is where metrics are served, by metrics: none if that is nil.
	metricsAt string
	metrics   net.Listener
	frame     frameChoice
	only      chosen
	opened    int      // connections that the capture was seen to have
	remarks   []string // on what it has besides TCP, and on its order
}

func inspectCommand() *cobra.Command {
	var i inspecting
	c := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show the conversations in a capture",
		Long: `Inspect prints the conversations of a capture: for each connection who talks to whom and what was
negotiated, then a line for each line of negotiation and each message, with the seconds since the
connection opened and its direction (C>S from the client, C<S from the server). Messages are numbered
by direction; an answer names the call that it answers. Specifiers lack their kernel where that is the
one spoken to (or the sender's own). What is off is marked with "!".
Below a connection stands which releases of POE::Component::IKC its sides can be, and what says so.

FILE is a pcapng or pcap file, also one compressed by gzip, zstd or xz, or - for standard input. Several files
are shown as one capture, in the order of time. Captures of any size are read in bounded memory; of long
connections that were open at the same time, pieces alternate. On a terminal, parameters are cut so that lines fit, and lines are
coloured (not with NO_COLOR, or --color=never).

The filters --kernel, --session, --state, --errors, --unanswered, --slower, --from, --to, --connection, --host,
--port and --ikc must all hold.
A request brings its answers and errors with it. What is asked for is only what is sure: of calls with one rsvp, an
answer may be for one of several. --from and --to are durations since the connection opened (1.5s),
or times in UTC (2006-01-02T15:04:05Z).

--follow goes on as the file grows, until interrupted or it is another file: each message is shown as soon as it is there. With
--stats, the counts are shown anew --every so often if something came; of what got nothing by then it says "open". --metrics serves them for Prometheus:
behind 'ikc-conform record -o -', those of a relay.`,
		Example: `  ikc-conform inspect worker.pcapng --session worker --slower 100ms
  ikc-conform inspect worker.pcapng --sequence | less -R
  ikc-conform inspect worker.pcapng --stats
  ikc-conform record --listen :6031 --to db:603 -o - | ikc-conform inspect --follow -
  ikc-conform record --listen :6031 --to db:603 -o - | ikc-conform inspect --follow --stats --metrics 127.0.0.1:9603 -
  ikc-conform inspect worker.pcapng --frame 17 --side server --dump
  ikc-conform inspect worker.pcapng --frame 17 --side server --extract image.sto`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := i.check(cmd); err != nil {
				return err
			}
			if cmd.Flags().Changed("metrics") {
				if err := i.listenForMetrics(cmd); err != nil {
					return err
				}
				defer i.metrics.Close()
			}
			r, name, done, err := i.open(cmd, args)
			if err != nil && i.follow && cmd.Context().Err() != nil {
				return nil // it was interrupted before anything came
			}
			if errors.As(err, new(*usageError)) {
				return err
			}
			if err != nil {
				return broken(err)
			}
			defer done()
			shown := cmd.OutOrStdout()
			if i.opts.Color {
				shown = visible.Colours(shown)
			}
			out := bufio.NewWriter(shown)
			err = i.read(r, out)
			if stopped := cmd.Context().Err(); i.follow && stopped != nil {
				err = nil // an interrupt is how following ends; what is cut is no news
			}
			if failed := out.Flush(); failed != nil && err == nil {
				err = failed
			}
			if errors.As(err, new(exitStatus)) || errors.As(err, new(*usageError)) {
				return err
			}
			if !i.follow && cmd.Context().Err() != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: what was read by then is shown")
				return exitStatus(report.ExitInterrupted)
			}
			if err != nil {
				return broken(fmt.Errorf("%s: %w", name, err))
			}
			for _, remark := range i.remarks {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: note:", remark)
			}
			return nil
		},
	}
	f := c.Flags()
	f.BoolVar(&i.asJSON, "json", false, "print one JSON object a line: connections, lines and messages, with typed values")
	f.BoolVarP(&i.opts.Values, "values", "v", false, "show parameters whole, over several lines")
	f.BoolVar(&i.opts.Full, "full", false, "show specifiers whole, kernels included where they are clear")
	f.BoolVar(&i.opts.Sequence, "sequence", false, "draw messages as arrows between the two kernels")
	f.IntVar(&i.opts.Width, "width", 100, "about how many octets of parameters to show on a line, long strings cut; with --sequence, columns in all")
	f.StringVar(&i.color, "color", "auto", "auto, always or never")
	f.BoolVar(&i.stats, "stats", false, "count instead: messages and times by state, errors by operation, octets")
	f.BoolVar(&i.follow, "follow", false, "go on as the capture grows")
	f.DurationVar(&i.every, "every", 2*time.Second, "with --follow --stats, how often to show the counts")
	f.StringVar(&i.metricsAt, "metrics", "", "with --follow --stats, an address, HOST:PORT or unix:PATH, to serve the counts at, /metrics of HTTP in Prometheus's text format")
	f.StringVar(&i.filter.Kernel, "kernel", "", "only what a kernel of this name or id takes part in")
	f.StringVar(&i.filter.Session, "session", "", "only requests to this session, and what came back")
	f.StringVar(&i.filter.State, "state", "", "only requests to this state, and what came back")
	f.BoolVar(&i.filter.Errors, "errors", false, "only error reports, their requests, and what cannot be read")
	f.BoolVar(&i.filter.Unanswered, "unanswered", false, "only calls without an answer")
	f.DurationVar(&i.filter.Slower, "slower", 0, "only calls that took at least so long, their answers, and the end of such negotiations")
	f.StringVar(&i.from, "from", "", "only from this time on")
	f.StringVar(&i.to, "to", "", "only before this time")
	f.IntSliceVar(&i.filter.Connections, "connection", nil, "only the connections of these numbers")
	f.BoolVar(&i.filter.IKC, "ikc", false, "only connections that are IKC")
	i.only.flags(c)
	i.frame.flags(c)
	return c
}

// usageError is what is wrong with the command line, also if that shows only with the capture at
// hand.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// check sees whether the flags make sense, and finishes them.
func (i *inspecting) check(cmd *cobra.Command) error {
	if err := i.only.parse(); err != nil {
		return err
	}
	filtered := false
	for _, name := range []string{"kernel", "session", "state", "errors", "unanswered", "slower", "from", "to", "connection", "ikc"} {
		filtered = filtered || cmd.Flags().Changed(name)
	}
	switch {
	case i.opts.Width < 1:
		return fmt.Errorf("--width %d: expected 1 or more", i.opts.Width)
	case i.every <= 0:
		return fmt.Errorf("--every %v: expected a duration such as 2s", i.every)
	case cmd.Flags().Changed("every") && !(i.follow && i.stats):
		return errors.New("--every: expected --follow and --stats with it: without, counts are shown once")
	case cmd.Flags().Changed("metrics") && !(i.follow && i.stats):
		return errors.New("--metrics: expected --follow and --stats with it: what is served are counts of a capture that grows")
	case i.filter.Slower < 0:
		return fmt.Errorf("--slower %v: expected a duration such as 100ms", i.filter.Slower)
	}
	if err := i.frame.check(cmd); err != nil {
		return err
	}
	err := i.apart(cmd)
	if err != nil {
		return err
	}
	if i.filter.From, i.filter.FromStart, err = parseWhen("--from", i.from); err != nil {
		return err
	}
	if i.filter.To, i.filter.ToStart, err = parseWhen("--to", i.to); err != nil {
		return err
	}
	f := &i.filter
	if f.FromStart > 0 && f.ToStart > 0 && f.FromStart >= f.ToStart || !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return fmt.Errorf("--from %s --to %s: expected a time and a later one", i.from, i.to)
	}
	if filtered {
		i.opts.Filter = &i.filter
	}
	columns, isTerminal := terminal(cmd.OutOrStdout())
	i.terminal = isTerminal
	switch i.color {
	case "always":
		i.opts.Color = true
	case "never":
	case "auto":
		i.opts.Color = isTerminal && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	default:
		return fmt.Errorf("--color %q: expected auto, always or never", i.color)
	}
	switch {
	case i.opts.Sequence && cmd.Flags().Changed("width"):
		i.opts.Columns = i.opts.Width
	case isTerminal && !cmd.Flags().Changed("width"):
		i.opts.Columns = columns
	}
	return nil
}

// apart refuses flags that cannot be honoured together.
func (i *inspecting) apart(cmd *cobra.Command) error {
	look := []string{"sequence", "values", "full", "width"}
	if i.color == "always" {
		look = append(look, "color")
	}
	return cmp.Or(
		apart(cmd, "follow", "there is no end, at which that is known", "unanswered", "frame"),
		apart(cmd, "unanswered", "only calls are shown that nothing came back for", "errors", "slower"),
		apart(cmd, "frame", "that frame is shown, whole", append(look, "stats", "json", "kernel", "session", "state", "errors", "unanswered", "slower", "from", "to")...),
		apart(cmd, "stats", "messages are counted and not shown", look...),
		apart(cmd, "json", "all there is goes into an object", look...),
	)
}

// terminal tells whether w is one, and how wide.
func terminal(w io.Writer) (columns int, is bool) {
	f, ok := visible.Raw(w).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil || columns < 20 {
		return 80, true
	}
	return columns, true
}

// parseWhen reads a time of a user: a duration, or a time in UTC.
func parseWhen(flag, s string) (time.Time, time.Duration, error) {
	if s == "" {
		return time.Time{}, 0, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return time.Time{}, d, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), 0, nil
		}
	}
	return time.Time{}, 0, fmt.Errorf("%s %q: expected a duration since the connection opened such as 1.5s, or a time in UTC such as 2026-11-24T15:04:05Z", flag, s)
}

// read shows the capture.
func (i *inspecting) read(r *capture.Reader, out *bufio.Writer) error {
	if i.frame.asked() {
		err := i.frame.show(i.counted(r.Events(capture.Limits{})), out, i.filter.Connections)
		if absent := i.absent(); absent != nil && errors.As(err, new(*usageError)) {
			return absent
		}
		return err
	}
	switch {
	case i.follow && i.stats:
		return i.liveStats(r, out)
	case i.follow:
		return i.live(r, out)
	}
	var each func(*dialogue.Part) error
	var end func() error
	var shown func() bool
	switch {
	case i.stats:
		s := dialogue.NewStats(i.opts.Filter)
		each, shown = s.Part, s.Counted
		if end = func() error { return s.Write(out) }; i.asJSON {
			end = func() error { return s.WriteJSON(out) }
		}
	case i.asJSON:
		p := dialogue.NewJSONPrinter(out, i.opts.Filter)
		p.Remarks = new(diagnosis.Collector)
		each, shown, end = i.withReleases(p.Part, out), p.Shown, func() error { return nil }
	default:
		i.opts.Remarks = new(diagnosis.Collector)
		p := dialogue.NewPrinter(out, i.opts)
		each, shown, end = i.withReleases(p.Part, out), p.Shown, p.End
	}
	var writing error
	events := i.counted(r.Events(capture.Limits{}))
	err := dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{}, func(p *dialogue.Part) {
		if writing == nil {
			writing = each(p)
		}
	})
	if writing == nil {
		writing = end()
	}
	if writing == nil && err == nil {
		err = i.absent()
	}
	if writing == nil && err == nil && i.opts.Filter != nil && !shown() {
		err = &usageError{"nothing of " + i.only.of(i.opened) + " matches"}
	}
	return errors.Join(writing, err)
}

// withReleases shows each part, and behind a connection which releases its sides can be, unless
// only some of it was asked for.
func (i *inspecting) withReleases(show func(*dialogue.Part) error, out io.Writer) func(*dialogue.Part) error {
	if i.opts.Filter != nil {
		return show
	}
	releases := release.NewWatcher(out, i.opts.Columns)
	if i.asJSON {
		releases = release.NewJSONWatcher(out)
	}
	return func(p *dialogue.Part) error {
		if err := show(p); err != nil {
			return err
		}
		return releases.Part(p)
	}
}

// counted counts the connections of a capture as it is read, and leaves out those that were not
// chosen.
func (i *inspecting) counted(events dialogue.Source) dialogue.Source {
	return func(yield func(capture.Event, error) bool) {
		keep := i.only.filter()
		for ev, err := range events {
			switch ev := ev.(type) {
			case *capture.Opened:
				i.opened++
			case *capture.End:
				i.remarks = ev.Stats.Remarks()
			}
			if c := capture.ConnOf(ev); c != nil && keep != nil && !keep(c) {
				continue
			}
			if !yield(ev, err) {
				return
			}
		}
	}
}

// absent says which of the connections asked for the capture does not have, so far as it was read;
// nil if it has them.
func (i *inspecting) absent() error {
	if i.only.asked() && !i.only.found() {
		return i.only.nothing()
	}
	for _, n := range i.filter.Connections {
		switch {
		case n >= 0 && n < i.opened:
		case i.opened == 0:
			return &usageError{fmt.Sprintf("--connection %d: the capture has no TCP connection", n)}
		default:
			return &usageError{fmt.Sprintf("--connection %d: expected a connection of the capture, which has %d: 0 to %d", n, i.opened, i.opened-1)}
		}
	}
	return nil
}

// live shows each message when it is there. What is no longer needed is forgotten.
func (i *inspecting) live(r *capture.Reader, out *bufio.Writer) error {
	printer := dialogue.NewPrinter(out, i.opts)
	asJSON := dialogue.NewJSONPrinter(out, i.opts.Filter)
	show := printer.Item
	if i.asJSON {
		show = asJSON.Item
	}
	var writing error
	err := i.observe(r, func(c *dialogue.Connection, item dialogue.Item) {
		if writing == nil {
			if writing = show(c, item); writing == nil {
				writing = out.Flush()
			}
		}
	})
	return errors.Join(writing, err)
}

// observe reads a capture that grows.
func (i *inspecting) observe(r *capture.Reader, each func(*dialogue.Connection, dialogue.Item)) error {
	opts := dialogue.Options{Related: true, Observe: each}
	// Data waits in the reader for what it acknowledges; live, that has been seen already.
	err := dialogue.ReadParts(i.counted(r.Events(capture.Limits{HeldPackets: -1})), opts, dialogue.Window{Items: 64}, func(*dialogue.Part) {})
	if err == nil {
		err = i.absent()
	}
	return err
}

// open opens the captures for reading. done must be called at the end.
func (i *inspecting) open(cmd *cobra.Command, paths []string) (r *capture.Reader, name string, done func(), err error) {
	if !i.follow {
		if r, name, err = openCaptures(cmd, paths); err != nil {
			return nil, name, nil, err
		}
		return r, name, func() { _ = r.Close() }, nil
	}
	if len(paths) > 1 {
		return nil, "", nil, &usageError{"--follow: expected one file, which grows"}
	}
	name = paths[0]
	in, err := i.openGrowing(cmd, name, waitingFor(cmd.ErrOrStderr(), name, &r))
	if err != nil {
		return nil, name, nil, err
	}
	if r, err = capture.NewReader(in); err != nil {
		return nil, name, nil, errors.Join(fmt.Errorf("%s: %w", name, err), in.Close())
	}
	return r, name, func() { _ = in.Close() }, nil
}

// maxOfPacket is how many octets of a capture belong together at most, if all is well: those of a
// packet.
const maxOfPacket = 256 << 10

// waitingFor tells of octets that do not come though those before them say that they will: of what
// is no capture there may be many, and whoever writes one may hold back the rest of a packet.
func waitingFor(w io.Writer, name string, r **capture.Reader) (stuck func()) {
	told := int64(-1)
	return func() {
		if *r == nil {
			return
		}
		at, needs, has := (*r).Awaits()
		if needs == 0 || at == told || told >= 0 && needs <= maxOfPacket {
			return
		}
		told = at
		fmt.Fprintf(w, "ikc-conform: note: %s: from octet %d on expected at least %d octets that belong together, got %d, and no more for %v; waiting for them\n",
			visible.Text(name), at, needs, has, stuckAfter)
	}
}

// openGrowing opens what is followed.
func (i *inspecting) openGrowing(cmd *cobra.Command, path string, stuck func()) (io.ReadCloser, error) {
	done := cmd.Context().Done()
	if path == "-" {
		return io.NopCloser(&stoppable{in: cmd.InOrStdin(), done: done, stuck: stuck}), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return &stoppableFile{File: f, stoppable: stoppable{in: f, done: done, stuck: stuck}}, nil
	}
	atEnd := func() {
		if err := i.absent(); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %v; waiting for it\n", err)
		}
	}
	return &growing{f: f, done: done, atEnd: atEnd, stuck: stuck}, nil
}
