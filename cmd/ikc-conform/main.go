// Command ikc-conform tests implementations of IKC, the protocol of Perl's POE::Component::IKC, and
// judges recorded traffic. See 'ikc-conform help'.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the command without the process around it. What it prints cannot do anything to a terminal
// or to the log of a CI service; see package visible.
func run(args []string, in io.Reader, out, errs io.Writer) (code int) {
	defer contain(errs, &code)
	ctx, stop := interruptible(errs)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	shown, told := visible.NewWriter(out), visible.NewWriter(errs)
	defer func() { _ = errors.Join(shown.Flush(), told.Flush()) }() // nobody is left to be told that this fails
	root.SetOut(shown)
	root.SetErr(told)
	completionCommand(root)
	cmd, err := root.ExecuteContextC(ctx)
	_ = shown.Flush()
	if failed := shown.Err(); failed != nil && (err == nil || errors.Is(err, failed)) {
		err = broken(failed) // a disk that is full is no wrong usage, and not all is well
	}
	var status exitStatus
	switch {
	case err == nil:
		return report.ExitConformant
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintln(told, "ikc-conform:", visible.Error(err))
	switch {
	case errors.Is(err, targets.ErrUnusable), errors.Is(err, errBroken):
		return report.ExitBroken
	case ctx.Err() != nil:
		return report.ExitBroken
	}
	fmt.Fprintf(told, "  '%s --help' says how it is used\n", cmd.CommandPath())
	return report.ExitUsage
}

// exitStatus ends the command with a status; what there is to say has been said.
type exitStatus int

func (s exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// errBroken marks errors that are nobody's usage: a file that cannot be read, a port that is taken.
var errBroken = errors.New("")

// broken marks an error as such, but for what is wrong with the command line.
func broken(err error) error {
	if err == nil || errors.As(err, new(*usageError)) {
		return err
	}
	return fmt.Errorf("%w%w", errBroken, err)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ikc-conform",
		Short: "Test implementations of IKC, and judge recorded traffic",
		Long: `ikc-conform tests implementations of IKC, the protocol of Perl's POE::Component::IKC, against
what the original does, and judges captures of traffic by the same checks.

Exit status: 0 conformant, 1 not conformant, 2 usage, 3 target or harness broke, 4 a known
deviation no longer deviates, 5 nothing was checked, 6 no answer in time, 7 conformant as far as an
incomplete capture shows, 8 something was noticed (diagnose), 130 interrupted with a partial report.

An interrupt (Ctrl-C, SIGTERM) ends any command at once. Only a negotiation with a server that is running is
finished first, since a Perl server ends if it breaks off: that is said, bounded by --timeout, and over at once
with another interrupt.`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          commandName,
		Version:       versionText(),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(configurable(runCommand()), configurable(matrixCommand()), modelCommand(), oracleCommand(), upgradeCommand(),
		configurable(checkCommand()), inspectCommand(), diagnoseCommand(), diffCommand(), replayCommand(), anonymiseCommand(), reduceCommand(),
		genCommand(), listCommand(), explainCommand(), specCommand(), siteCommand(), mutantsCommand(),
		recordCommand(), shadowCommand(), serveCommand(), driverCommand(), driverCheckCommand(), reportCommand(), versionCommand(), manCommand(),
		callCommand(), respondCommand(), postCommand(), pingCommand(), subscribeCommand(), monitorCommand(),
		wiresharkCommand(), doctorCommand(), perlsCommand(), configCommand())
	tellArguments(root)
	completions(root)
	return root
}

// commandName refuses what is no command, and says which it may have been meant for.
func commandName(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("unknown command %q: did you mean %s?", args[0], strings.Join(near, ", "))
	}
	return fmt.Errorf("unknown command %q", args[0])
}
