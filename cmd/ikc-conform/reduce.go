package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/reduce"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// reducing is what reduce was asked for.
type reducing struct {
	outputs[*reduce.Result]
	site                siteFlag
	check, notice, side string
	out, script         string
	force               bool
}

func reduceCommand() *cobra.Command {
	var r reducing
	c := &cobra.Command{
		Use:   "reduce CAPTURE -o OUT",
		Short: "Find the smallest capture that still fails a check, or shows a notice",
		Long: `Reduce leaves out of a capture what is not needed for a check to fail (--check), or for a notice of 'ikc-conform diagnose'
to show (--notice): connections, then messages, then parts of params, by judging what is left, again and again.
Negotiations stay, unless they are what fails.

OUT is a new capture of what was sent, octet by octet, at its times; images of which params were made smaller are frozen
again. Segments, gaps and retransmissions of the original are not in it: what rests on these cannot be reduced, which is
said. Comments on what is left stay, with the octets that they count. Nothing says that what is left fails for the same
reason: look at it.

--script writes a shell script that sends what is left to a server, by 'ikc-conform replay', and judges what it does. If it
is the client that fails there is none: its program decides what it says. Nor is there one if no request is left, such as
of an error report that shows something by itself. Then that is said.

CAPTURE is a file, pcapng or pcap, also compressed, of at most 32 MiB of connections; it is read several times.

Exit status: 0 OUT is written, 3 CAPTURE cannot be read or cannot be reduced, 5 it does not show what is asked for, 130 an
interrupt ended it, and nothing is written. 'ikc-conform reduce schema' prints the schema of --json.`,
		Example: "  ikc-conform reduce worker.pcapng --check CALL-003 -o small.pcapng\n  ikc-conform reduce worker.pcapng --notice NOTE-012 -o small.pcapng --script again.sh",
		Args:    cobra.ExactArgs(1),
		RunE:    r.run,
	}
	f := c.Flags()
	f.StringVarP(&r.out, "output", "o", "", "the `FILE` for the new capture")
	f.StringVar(&r.check, "check", "", "the `ID` of the check that is to fail still")
	f.StringVar(&r.notice, "notice", "", "the `ID` of the notice that is to show still")
	f.StringVar(&r.side, "side", "both", "the side that is to fail the check: server, client or both, which is either")
	f.StringVar(&r.script, "script", "", "write to this `FILE` a script that provokes it once more")
	f.BoolVar(&r.force, "force", false, "overwrite OUT and the script if they are there")
	_ = c.MarkFlagRequired("output")
	r.flag(c, "json", "how far it was reduced, for programs", func(w io.Writer, d *reduce.Result) error { return d.WriteJSON(w) })
	r.flag(c, "html", "how far it was reduced, as one page", func(w io.Writer, d *reduce.Result) error { return d.WriteHTML(w, r.site.pages) })
	r.site.flag(c)
	c.AddCommand(schemaCommand("Print the JSON Schema of how far a capture was reduced", reduce.Schema))
	return c
}

// wanted reads what the capture is to show.
func (r *reducing) wanted() (w reduce.Wanted, err error) {
	sides, err := parseSides(r.side)
	switch {
	case err != nil:
		return w, err
	case (r.check == "") == (r.notice == ""):
		return w, errors.New("expected either --check ID or --notice ID: 'ikc-conform check' and 'ikc-conform diagnose' print them")
	case r.notice != "" && len(sides) == 1:
		return w, together("--side", "--notice", "a notice is of the capture")
	case r.notice != "":
		k := diagnosis.Find(r.notice)
		if k == nil {
			return w, fmt.Errorf("--notice %q: expected the id of a notice, such as NOTE-012: 'ikc-conform list' names them", r.notice)
		}
		return reduce.Wanted{Notice: k.ID}, nil
	}
	list, err := checks.Select(r.check)
	if err != nil {
		return w, err
	}
	if len(list) != 1 {
		return w, fmt.Errorf("--check %q: expected the id of one check, got %d", r.check, len(list))
	}
	w.Check = list[0]
	if len(sides) == 1 {
		w.Side = &sides[0]
	}
	return w, nil
}

func (r *reducing) run(cmd *cobra.Command, args []string) error {
	open, err := reopening(cmd, args[0])
	if err != nil {
		return err
	}
	w, err := r.wanted()
	if err != nil {
		return err
	}
	if err := cmp.Or(r.site.parse(cmd, r.linked()), r.outputs.check()); err != nil {
		return err
	}
	file, result, err := reduce.Capture(cmd.Context(), open, w)
	if errors.Is(err, reduce.ErrNotShown) {
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s does not show %v: there is nothing to reduce\n", visible.Text(args[0]), w)
		return exitStatus(report.ExitNothing)
	}
	if err := nothingWritten(cmd, args[0], err); err != nil {
		return err
	}
	if err := writeCapture(r.out, r.force, file); err != nil {
		return err
	}
	if r.text() {
		if err := result.WriteText(cmd.OutOrStdout()); err != nil {
			return broken(err)
		}
	}
	if err := r.save(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	return r.writeScript(cmd, file, result)
}

// writeScript writes the script that was asked for, or says why there is none.
func (r *reducing) writeScript(cmd *cobra.Command, file []byte, result *reduce.Result) error {
	if r.script == "" {
		return nil
	}
	why, err := provokesNothing(file, result)
	if err != nil {
		return broken(fmt.Errorf("--script: %w", err))
	}
	if why != "" {
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: no script is written:", why)
		return nil
	}
	judged := "diagnose again.pcapng"
	if result.Check != "" {
		judged = "check again.pcapng --side server --checks " + result.Check
	}
	text := fmt.Sprintf(`#!/bin/sh
# Provokes %s once more: sh %s tcp:HOST:PORT
# It sends the requests of %s to the server, keeps what is said in again.pcapng, and judges that.
ikc-conform replay %s --to "${1:?expected the server, tcp:HOST:PORT}" --yes --record again.pcapng --force
ikc-conform %s
`, result.Wanted, quoted(r.script), quoted(r.out), quoted(r.out), judged)
	if err := outfile.Put(r.script, mayOverwrite(r.force), []byte(text)); err != nil {
		return broken(fmt.Errorf("--script: %w", forceHint(err)))
	}
	return nil
}

// provokesNothing says why to send what is left of a capture would not show it once more, "" if it
// may.
func provokesNothing(file []byte, result *reduce.Result) (why string, err error) {
	if result.Side == wire.Client.String() {
		return "it is the client that fails, and its program decides what it says", nil
	}
	in, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		return "", err
	}
	plan, err := replay.Survey(in.Events(capture.Limits{}), replay.Options{Side: wire.Client})
	switch {
	case err != nil:
		return "", err
	case plan.Connections == plan.Left:
		return "nothing is left that 'ikc-conform replay' could send", nil
	case result.After.Messages > 0 && len(plan.States()) == 0:
		return "what is left shows it without a request of a client, so none would be sent; 'ikc-conform replay' of the whole capture sends all", nil
	}
	return "", nil
}

// quoted is a file name as a word of a shell, on one line.
func quoted(name string) string {
	plain := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._/+,:@%", r))
	}
	if strings.IndexFunc(name, plain) < 0 {
		return name
	}
	return "'" + strings.ReplaceAll(strings.ReplaceAll(name, "\n", "?"), "'", `'\''`) + "'"
}
