package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// exitNoticed is the status of diagnose if it noticed something, which is no verdict.
const exitNoticed = 8

func diagnoseCommand() *cobra.Command {
	var (
		o    outputs[*diagnosis.Document]
		all  bool
		only = new(chosen)
	)
	c := &cobra.Command{
		Use:   "diagnose FILE...",
		Short: "Say what went wrong in captures, and why",
		Long: `Diagnose says what is worth knowing of the conversations in a capture without being a violation: calls that got
no answer and why, error reports, negotiations that broke off, connections that were refused, two processes of one name.
The worst and the likeliest cause stands first, with the first place where it shows and the commands that show more;
'ikc-conform explain NOTE-012' says what a notice means. There are 20 lines at most, unless --all is given.

FILE is what 'ikc-conform check' takes: pcapng or pcap, also compressed, several files of one conversation, or - for
standard input. --json writes it for programs; 'ikc-conform diagnose schema' prints the schema of that.

Exit status: 0 nothing was noticed, 8 something was, which is no verdict: 'ikc-conform check' judges.`,
		Example: "  ikc-conform diagnose production.pcapng\n  ssh host tcpdump -w - port 603 | ikc-conform diagnose -",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := only.parse(); err != nil {
				return err
			}
			if err := o.check(); err != nil {
				return err
			}
			tuneForCheck()
			r, name, err := openCaptures(cmd, args)
			if err != nil {
				return broken(err)
			}
			defer r.Close()
			tell, done := readProgress(cmd.ErrOrStderr(), name, args...)
			d, failed := diagnose(r, args, dialogue.Options{Only: only.filter()}, tell)
			done()
			if only.asked() && !only.found() {
				return only.nothing()
			}
			if o.text() {
				if err := d.WriteText(cmd.OutOrStdout(), all); err != nil {
					return broken(err)
				}
			}
			if err := o.save(cmd.OutOrStdout(), d); err != nil {
				return err
			}
			switch {
			case cmd.Context().Err() != nil:
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: what is said is of what was read by then")
				return exitStatus(report.ExitInterrupted)
			case failed != nil:
				return broken(fmt.Errorf("%s: %w", name, failed))
			}
			for _, note := range d.Notes {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: note:", note)
			}
			if len(d.Findings) > 0 {
				return exitStatus(exitNoticed)
			}
			return nil
		},
	}
	only.flags(c)
	c.Flags().BoolVar(&all, "all", false, "all that was noticed, not only what 20 lines hold")
	o.flag(c, "json", "what was noticed, for programs", func(w io.Writer, d *diagnosis.Document) error { return d.WriteJSON(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what diagnose notices", diagnosis.Schema))
	return c
}

// diagnose reads captures, and says what is to be noticed in them. If they cannot be read to the
// end it says so of what comes before, and why.
func diagnose(r *capture.Reader, names []string, opts dialogue.Options, tell func(octets int64)) (*diagnosis.Document, error) {
	var notes []string
	events := func(yield func(capture.Event, error) bool) {
		n := 0
		for ev, err := range r.Events(capture.Limits{}) {
			if end, ok := ev.(*capture.End); ok {
				notes = end.Stats.Remarks()
			}
			if n++; tell != nil && n%progressEvents == 0 {
				tell(r.Offset())
			}
			if c := capture.ConnOf(ev); c != nil && opts.Only != nil && !opts.Only(c) {
				continue
			}
			if !yield(ev, err) {
				return
			}
		}
	}
	var collector diagnosis.Collector
	opts.Related, opts.Progress = true, nil
	err := dialogue.ReadParts(events, opts, dialogue.Window{}, func(p *dialogue.Part) {
		if p.IsIKC || !p.Last || !opts.OnlyIKC {
			collector.Part(p)
		}
	})
	d := diagnosis.NewDocument(names, &collector)
	d.Notes = notes
	if err != nil {
		d.Error = visible.Error(err)
	}
	return d, err
}

// progressEvents is after how many events the progress is told.
const progressEvents = 4096
