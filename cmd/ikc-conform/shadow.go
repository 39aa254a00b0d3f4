package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/shadow"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// shadowing is what shadow was asked for.
type shadowing struct {
	outputs[*shadow.Report]
	opts             shadow.Options
	listen, to, also string
	noise, output    string
	every            time.Duration
	force            bool
}

func shadowCommand() *cobra.Command {
	var s shadowing
	c := &cobra.Command{
		Use:   "shadow --listen ADDRESS --to ADDRESS --also ADDRESS",
		Short: "Pass traffic on, and compare another server with the real one by a copy of it",
		Long: `Shadow listens for connections and passes everything on to the real server (--to) and back, as 'ikc-conform record'
does. What clients say is sent to another server (--also) as well, in their names; what that one says is compared with
what the real one says, values by type with the path to where they differ, silence, lateness, and thrown away. Nothing
that it does reaches a client: not its answers, delays, errors, or end.

The copy does what clients ask for once more: the other server must not be connected to what may be changed once only.

The real traffic comes first. While something passes, the shadow works a tenth of the time, and what has to wait waits, up
to 32 MiB; a connection of which that does not hold all, or whose copy the other server does not read or ends, has no
copy from there on: that is said, counted, and goes on being passed on. The requests of a connection are copied in
their order; those of several may come in another.

How it stands is said every --every. It ends with an interrupt (Ctrl-C), with a report. --noise names what may differ,
see 'ikc-conform diff'; seconds since 1970 that are those of now may.

-o FILE is one capture of all, the copies by an interface "also". With -o - it goes to standard output, and what is said to
standard error; when whoever reads it has ended, traffic is passed on and compared as before, and the exit status is 3.

Exit status: 0 no difference, 1 there are some, 3 the other server was lost, 5 nothing was compared, 7 no difference in
what was compared, and not all was. 'ikc-conform shadow schema' prints the schema of --json.`,
		Example: "  ikc-conform shadow --listen 127.0.0.1:6031 --to 10.0.0.7:603 --also 127.0.0.1:6032 -o both.pcapng\n" +
			"  ikc-conform shadow --listen 127.0.0.1:6031 --to 10.0.0.7:603 --also 127.0.0.1:6032 --noise noise.txt --html shadow.html\n" +
			"  ikc-conform shadow --listen 127.0.0.1:6031 --to 10.0.0.7:603 --also 127.0.0.1:6032 -o - | ikc-conform inspect --follow -",
		Args: cobra.NoArgs,
		RunE: s.run,
	}
	f := c.Flags()
	f.StringVar(&s.listen, "listen", "127.0.0.1:0", "where clients connect")
	f.StringVar(&s.to, "to", "", "where the real server is")
	f.StringVar(&s.also, "also", "", "where the other server is")
	f.StringVarP(&s.output, "output", "o", "", "keep all traffic in this `FILE`, a capture; - for standard output")
	f.BoolVar(&s.force, "force", false, "overwrite the file of --output if it is there")
	f.StringVar(&s.noise, "noise", "", "what may differ: a `FILE` of lines")
	f.DurationVar(&s.opts.Patience, "patience", shadow.DefaultPatience, "how long after one of the two the other may say something")
	f.Float64Var(&s.opts.Slower, "slower", 0, "an answer is late if it takes so many times as long, and 100 ms more; 0 is never")
	f.DurationVar(&s.every, "every", 10*time.Second, "how often to say how it stands; 0 is never")
	_ = c.MarkFlagRequired("to")
	_ = c.MarkFlagRequired("also")
	s.flag(c, "json", "what differs, for programs", func(w io.Writer, r *shadow.Report) error { return r.WriteJSON(w) })
	s.flag(c, "html", "what differs, for a browser", func(w io.Writer, r *shadow.Report) error { return r.WriteHTML(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what a shadow found", shadow.Schema))
	return c
}

// parse reads the flags.
func (s *shadowing) parse() (err error) {
	switch {
	case s.opts.Slower != 0 && !(s.opts.Slower > 1 && s.opts.Slower <= 1e6):
		return fmt.Errorf("--slower %v: expected how many times as long, more than 1", s.opts.Slower)
	case s.opts.Patience <= 0:
		return fmt.Errorf("--patience %v: expected a duration such as 5s", s.opts.Patience)
	case s.every < 0:
		return fmt.Errorf("--every %v: expected a duration such as 10s, or 0", s.every)
	case s.output == "-" && !s.text():
		return together("--output -", "--"+s.printed()+" -", "standard output is the capture")
	}
	if err := cmp.Or(endpoint("listen", s.listen, true), endpoint("to", s.to, false), endpoint("also", s.also, false)); err != nil {
		return err
	}
	if s.opts.Noise, err = readNoise(s.noise); err != nil {
		return err
	}
	return s.check()
}

func (s *shadowing) run(cmd *cobra.Command, _ []string) error {
	if err := s.parse(); err != nil {
		return err
	}
	if err := mayBePiped(cmd, s.output); err != nil {
		return err
	}
	w, told, err := s.capture(cmd)
	if err != nil {
		return broken(err)
	}
	log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	s.opts.Logger, s.opts.Relay = log, relay.Options{Writer: w, Logger: log}
	s.opts.Relay.ListenNetwork, s.opts.Relay.ListenAddress = network(s.listen)
	s.opts.Relay.TargetNetwork, s.opts.Relay.TargetAddress = network(s.to)
	s.opts.AlsoNetwork, s.opts.AlsoAddress = network(s.also)
	sh, err := shadow.Start(s.opts)
	if err != nil {
		return errors.Join(cannotListen(s.listen+" --to "+s.to, err), w.Close())
	}
	fmt.Fprintf(told, "passing on %v -> %s, with copies to %s\n", sh.Addr(), visible.Text(s.to), visible.Text(s.also))
	keeping(cmd.Context())
	s.wait(cmd.Context(), sh, told)
	limit, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	r, err := sh.Close(limit)
	if err != nil {
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(err))
	}
	unkept := w.Close()
	if s.text() {
		if err := r.WriteText(told); err != nil {
			return broken(err)
		}
	}
	if err := s.save(cmd.OutOrStdout(), r); err != nil {
		return err
	}
	return cmp.Or(broken(unkept), shadowStatus(r))
}

// wait waits for the end, and says now and then how it stands.
func (s *shadowing) wait(ctx context.Context, sh *shadow.Shadow, told io.Writer) {
	flush := time.NewTicker(100 * time.Millisecond)
	defer flush.Stop()
	for said := time.Now(); ctx.Err() == nil; {
		select {
		case <-flush.C:
			sh.Flush()
			if s.every > 0 && time.Since(said) >= s.every {
				said = time.Now()
				fmt.Fprintln(told, visible.Text(sh.Report().Counts()))
			}
		case <-ctx.Done():
		}
	}
}

// capture is where traffic is kept, if it is, and where to tell of what is done.
func (s *shadowing) capture(cmd *cobra.Command) (w *capture.Writer, told io.Writer, err error) {
	meta := capture.Meta{Comments: []string{fmt.Sprintf("ikc-conform shadow --listen %s --to %s --also %s", s.listen, s.to, s.also)}}
	if s.output == "" {
		told = cmd.OutOrStdout()
		w, err = capture.NewWriter(io.Discard, meta)
	} else {
		w, told, err = create(cmd, s.output, meta, s.force)
	}
	if !s.text() {
		told = cmd.ErrOrStderr()
	}
	return w, told, err
}

// shadowStatus is the exit status of what was found.
func shadowStatus(r *shadow.Report) error {
	switch {
	case r.Different > 0:
		return exitStatus(report.ExitNotConformant)
	case r.Lost() > r.Behind():
		return exitStatus(report.ExitBroken)
	case r.Compared == 0:
		return exitStatus(report.ExitNothing)
	case r.Lost() > 0 || r.Unsure > 0:
		return exitStatus(report.ExitSeen)
	}
	return nil
}
