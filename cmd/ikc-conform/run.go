package main

import (
	"cmp"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

func runCommand() *cobra.Command {
	var (
		segmentation bool
		oracle       string
		reduced      string
	)
	e := experiment{serializers: []string{"Storable"}}
	c := &cobra.Command{
		Use:   "run TARGET...",
		Short: "Test implementations",
		Long: `Run puts each target through scenarios, as server and as client, in each dialect, records what
goes over the wire, and judges the recording. A target is

  reference            the Go reference kernel, in this process
  tcp:HOST:PORT        a server that is running
  unix:PATH            the same, on a Unix socket
  cmd:PROGRAM ARGS     a driver: a program that puts your implementation under the control of the
                       harness, see conformance/DRIVER.md; quotes mean what they mean to a shell
  driver:HOST:PORT     a driver that is running, under a debugger perhaps, and listens; also driver:PATH
  image:NAME           a container of an image whose entrypoint is a driver
  container:ID         a driver in a container that is running
  perl                 the POE::Component::IKC that the local perl finds (PERL5LIB), else a container
  perl@RELEASE         an unpacked release in $IKC_RELEASES/RELEASE (default ` + driver.DefaultReleases + `),
                       else a container of that release

A server that is running is safe: each connection completes its negotiation, nothing malformed is
sent, and no state is called but those that every kernel publishes itself (ping, do_you_have),
unless --session says that it has published the session of 'ikc-conform list --session'. One that
speaks another protocol is told so, with what it said, and is not judged (status 3). What all releases
of POE::Component::IKC that it can be by what it says do wrong is known, as in a capture; --as says which it is.

--captures overwrites captures of before, and no other files.`,
		Example: "  ikc-conform run reference\n  ikc-conform run tcp:127.0.0.1:31337 --captures out/\n  ikc-conform run perl 'cmd:./mydriver --verbose'",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("oracle") {
				return errors.New("--oracle: this is a command of its own now: 'ikc-conform oracle ORACLE TARGET...'")
			}
			if err := e.parse(cmd, args); err != nil {
				return err
			}
			if reduced != "" && e.options.Dir == "" {
				return errors.New("--reduce: expected --captures DIR as well: it is the captures that are reduced")
			}
			keeping(cmd.Context())
			var reports []*report.Report
			for _, t := range e.targets {
				opts := e.options
				if opts.Dir != "" && len(e.targets) > 1 {
					opts.Dir = filepath.Join(opts.Dir, harness.FileName(t.Spec))
				}
				result, err := harness.Run(cmd.Context(), t, opts)
				stopped := cmd.Context().Err() != nil
				if err != nil && (!stopped || result == nil) {
					return broken(err)
				}
				r := report.FromRun(result, e.level, e.known)
				if segmentation && !stopped {
					swept, err := harness.Sweep(cmd.Context(), result, opts, e.known)
					if cmd.Context().Err() != nil {
						r.Interrupt("it was not tried with each segmentation")
						reports = append(reports, r)
						continue
					}
					if err != nil {
						return broken(err)
					}
					r.AddSegmentation(swept)
				}
				reports = append(reports, r)
			}
			shown := e.showTried(cmd, report.NewDocument(version(), reports...), e.show)
			if reduced != "" && cmd.Context().Err() == nil {
				return cmp.Or(reduceFailures(cmd.Context(), cmd.ErrOrStderr(), reduced, reports), shown)
			}
			return shown
		},
	}
	e.judging.flags(c)
	e.flags(c, append([]string{"baseline", "as"}, tryingFlags...)...)
	c.Flags().BoolVar(&segmentation, "segmentation", false, "repeat everything with single octets, line ends cut in two, coalesced and delayed pieces, and RST for FIN; say which verdicts depend on it")
	c.Flags().StringVar(&reduced, "reduce", "", "write to this `DIR` for each check that failed the smallest capture that shows it, as 'ikc-conform reduce' does")
	c.Flags().StringVar(&oracle, "oracle", "", "")
	_ = c.Flags().MarkHidden("oracle") // fails only for a flag that does not exist
	return c
}
