package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

func runCommand() *cobra.Command {
	var oracle string
	r := rounds{experiment: experiment{serializers: []string{"Storable"}}}
	c := &cobra.Command{
		Use:   "run TARGET...",
		Short: "Test implementations",
		Long: `Run puts each target through scenarios, as server and as client, in each dialect, records what
goes over the wire, and judges the recording. A target is

  reference            the Go reference kernel, in this process
  tcp:HOST:PORT        a server that is running; also HOST:PORT
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

--captures overwrites captures of before, and no other files.

While one works on an implementation: --watch DIR tries again when a file below DIR has changed and none has for 300
ms, until an interrupt; the status is that of the last report. Hidden files and what the run itself is told to write
do not count, and what changes while it is tried, such as a log, has it tried once more only. --fail-fast begins no combination after one that failed.
--repeat N tries N times, and lists the checks that flapped; a check that failed once has failed. --dry-run says
what would be tried, and tries nothing.`,
		Example: "  ikc-conform run reference\n  ikc-conform run tcp:127.0.0.1:31337 --captures out/\n  ikc-conform run perl 'cmd:./mydriver --verbose'\n" +
			"  ikc-conform run cmd:./mydriver --watch . --fail-fast\n  ikc-conform run 127.0.0.1:31337 --dry-run",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("oracle") {
				return errors.New("--oracle: this is a command of its own now: 'ikc-conform oracle ORACLE TARGET...'")
			}
			if err := r.parse(cmd, args); err != nil {
				return err
			}
			switch {
			case r.dry:
				return r.showPlan(cmd)
			case len(r.watched) > 0:
				return r.watch(cmd)
			}
			return r.round(cmd)
		},
	}
	r.judging.flags(c)
	r.experiment.flags(c, append([]string{"baseline", "as"}, tryingFlags...)...)
	r.flags(c)
	c.Flags().StringVar(&oracle, "oracle", "", "")
	_ = c.Flags().MarkHidden("oracle") // fails only for a flag that does not exist
	return c
}
