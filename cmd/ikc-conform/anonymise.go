package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/anonymise"
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// anonymising is what anonymise was asked for.
type anonymising struct {
	outputs[*anonymise.Result]
	site    siteFlag
	opts    anonymise.Options
	out     string
	keyFile string
	force   bool
}

func anonymiseCommand() *cobra.Command {
	var a anonymising
	c := &cobra.Command{
		Use:   "anonymise IN -o OUT",
		Short: "Replace what a capture says, so that it can be given away",
		Long: `Anonymise replaces names, strings, numbers, keys of hashes and addresses in a capture, each by as many octets of the same
kind: a letter by a letter, an integer by one of as many digits. Equal things become equal things, so that the capture
shows what it showed: before OUT is written, both captures are judged and diagnosed, and if anything of that differs it
is said, and OUT is not written.

Tags, lengths and framing of Storable, FreezeThaw and Freezer stay, octet by octet, and so do segments and times;
--coarsen cuts times to multiples of a duration. Words of IKC itself stay wherever they stand, such as session, params
and the wording of its error reports, also if somebody's name is one: all that stayed are printed, to be looked at.
What conversations mean by their sizes, times and order stays too. Patterns of regexps become letters.

What is not understood is refused, as it may hold anything: images that cannot be thawed, long doubles, frames that are
not whole, connections that are not IKC. --blank makes letters of it x, digits 7 and octets above 127 255.
Packets that are no TCP are left out, and so are comments, link-layer addresses, and what else the file says of itself.

--key FILE decides by what things are replaced, by the octets of a file, at least 16 that nobody can guess: two captures
with the same key match. Whoever has the key can find out what was replaced. Without it, a key is made up and forgotten.

IN is a file, pcapng or pcap, also compressed, of at most 32 MiB of connections; it is read several times.

Exit status: 0 OUT is written, 1 it would be judged otherwise, 3 IN cannot be read or holds what is not understood,
130 an interrupt ended it. OUT is not written but for 0. 'ikc-conform anonymise schema' prints the schema of --json.`,
		Example: "  ikc-conform anonymise worker.pcapng -o public.pcapng\n  ikc-conform anonymise before.pcapng -o b.pcapng --key secret.key --coarsen 10ms --blank",
		Args:    cobra.ExactArgs(1),
		RunE:    a.run,
	}
	f := c.Flags()
	f.StringVarP(&a.out, "output", "o", "", "the `FILE` for the new capture")
	f.StringVar(&a.keyFile, "key", "", "a `FILE` of octets that decide by what things are replaced")
	f.BoolVar(&a.opts.Blank, "blank", false, "blank what is not understood, in place of refusing it")
	f.DurationVar(&a.opts.Coarsen, "coarsen", 0, "cut times to multiples of this")
	f.BoolVar(&a.force, "force", false, "overwrite OUT if it is there")
	_ = c.MarkFlagRequired("output")
	a.flag(c, "json", "what was replaced and what was kept, for programs", func(w io.Writer, r *anonymise.Result) error { return r.WriteJSON(w) })
	a.flag(c, "html", "what was replaced and what was kept, as one page", func(w io.Writer, r *anonymise.Result) error { return r.WriteHTML(w, a.site.pages) })
	a.site.flag(c)
	c.AddCommand(schemaCommand("Print the JSON Schema of what was replaced in a capture", anonymise.Schema))
	return c
}

func (a *anonymising) run(cmd *cobra.Command, args []string) error {
	open, err := reopening(cmd, args[0])
	if err != nil {
		return err
	}
	if a.opts.Coarsen < 0 {
		return fmt.Errorf("--coarsen %v: expected a duration, such as 10ms", a.opts.Coarsen)
	}
	if err := cmp.Or(a.site.parse(cmd, a.linked()), a.outputs.check()); err != nil {
		return err
	}
	if err := a.readKey(); err != nil {
		return err
	}
	out, result, err := a.rewrite(open)
	if err == nil {
		err = prove(open, out, result)
	}
	if err := nothingWritten(cmd, args[0], err); err != nil {
		return err
	}
	if a.text() {
		if err := result.WriteText(cmd.OutOrStdout()); err != nil {
			return broken(err)
		}
	}
	if err := a.save(cmd.OutOrStdout(), result); err != nil {
		return err
	}
	if len(result.Differences) > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s is not written, as it would not show what %s shows\n", visible.Text(a.out), visible.Text(args[0]))
		return exitStatus(report.ExitNotConformant)
	}
	return writeCapture(a.out, a.force, out)
}

// readKey reads the key, or makes one.
func (a *anonymising) readKey() error {
	if a.keyFile == "" {
		a.opts.Key = anonymise.NewKey()
		return nil
	}
	octets, err := os.ReadFile(a.keyFile)
	if err != nil {
		return broken(fmt.Errorf("--key: %w", err))
	}
	if a.opts.Key, err = anonymise.ReadKey(octets); err != nil {
		return fmt.Errorf("--key %s: %w", a.keyFile, err)
	}
	return nil
}

// rewrite makes the new capture.
func (a *anonymising) rewrite(open func() (*capture.Reader, error)) ([]byte, *anonymise.Result, error) {
	var out bytes.Buffer
	w, err := capture.NewWriter(&out, capture.Meta{})
	if err != nil {
		return nil, nil, err
	}
	result, err := anonymise.Rewrite(open, w, a.opts)
	if err != nil {
		return nil, nil, err
	}
	err = w.Close()
	return out.Bytes(), result, err
}

// prove judges both captures.
func prove(open func() (*capture.Reader, error), out []byte, result *anonymise.Result) error {
	in, err := judgedCapture(open)
	if err != nil {
		return err
	}
	of, err := judgedCapture(func() (*capture.Reader, error) { return capture.NewReader(bytes.NewReader(out)) })
	if err != nil {
		return fmt.Errorf("the new capture: %w", err)
	}
	result.Prove(in, of)
	return nil
}

func judgedCapture(open func() (*capture.Reader, error)) (*judge.Judgement, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	f := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
	return f, errors.Join(f.Failed(), r.Close())
}
