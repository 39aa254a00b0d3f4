package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/gen"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// generating is what gen go was asked for.
type generating struct {
	filter  dialogue.Filter
	writing gen.Writing
	kernel  string
	out     string
	force   bool
}

func genCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "gen",
		Short: "Write code from what a capture shows",
		Long:  "Gen writes code from what a capture shows of sessions: 'ikc-conform gen go' a Go package.",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	c.AddCommand(genGoCommand())
	return c
}

func genGoCommand() *cobra.Command {
	var g generating
	c := &cobra.Command{
		Use:   "go CAPTURE... -o DIR",
		Short: "Write a Go package for the sessions and states in a capture",
		Long: `Gen go writes a Go package from what was asked in CAPTURE: structs for what states were sent and answered, for each
session a client, an interface for who has the session, with what publishes it, and tests. For a session of a Perl program
it is where a port begins: embed Unimplemented..., and write one method after the other. Of several captures
the package has what all of them show together.

The types take what was seen, no less: integers that are strings now and then, keys that are not always there, undef. Behind
each field stands what came. What no type takes without a loss is a *perl.Value: values of several kinds, shared variables,
circles, objects of several classes. Objects of one class that are hashes become structs named for it, which RegisterTypes
tells a perl.Types, and keep their class. Arrays whose elements are of several kinds become structs whose fields are V0, V1
and on, or Params and RSVP of what came by post_respond, the name of the class of objects, the words of their key in a hash
(lat_lon), or Kernel where the name of the sender stood each time. Hashes become structs, or maps if their keys are numbers,
many, or seldom the same; --map names more of them:

  --map 'svc/total params' --map "svc/list answer [*]{'prices'}"

Sessions of one name are one, on whichever kernels: --kernel chooses one by a name or its id. Without it, what differs
between kernels is told, and in the comment of the package.

Tests take what was recorded through the types and back, and have a session that answers as was recorded be asked. So they
hold values of the capture, up to 16 a state and 1 MiB in all, secrets too, if it has any: --no-examples leaves them out, and
'ikc-conform anonymise' makes a capture that can be given away. Names of sessions, states and keys are in the code anyhow.

It has up to 500 states, and 50,000 places in values; what is beyond that is told. The same captures give the same files:
ikc_types.go, ikc_client.go, ikc_server.go and ikc_test.go. Those in DIR are replaced if gen go wrote them; --force replaces
others. The package needs github.com/perl-ikc/ikc-conform in its module.

Of an incomplete capture, one that is cut or joined late or lacks octets, the package has what is whole. What is not is
told, and in the comment of the package.

Exit status: 0 it is written, 3 a capture cannot be read to its end or the package cannot be written, 5 nothing was asked in
it, 7 it is written as far as an incomplete capture shows, 130 an interrupt ended it, and nothing is written.`,
		Example: "  ikc-conform gen go worker.pcapng -o internal/board\n  ikc-conform gen go worker.pcapng -o board --session board --no-examples",
		Args:    cobra.MinimumNArgs(1),
		RunE:    g.run,
	}
	f := c.Flags()
	f.StringVarP(&g.out, "output", "o", "", "the `DIR` of the package; it is made if it is not there")
	f.StringVar(&g.writing.Package, "package", "", "the `NAME` of the package (default that of DIR)")
	f.StringVar(&g.kernel, "kernel", "", "only sessions of a kernel of this name or id")
	f.StringVar(&g.filter.Session, "session", "", "only this session")
	f.StringVar(&g.filter.State, "state", "", "only this state")
	f.StringArrayVar(&g.writing.Maps, "map", nil, "a hash whose keys are data: `PLACE` is SESSION/STATE, params or answer, and a path")
	f.BoolVar(&g.writing.NoExamples, "no-examples", false, "leave out of the tests what was recorded")
	f.BoolVar(&g.force, "force", false, "overwrite files of DIR that gen go has not written")
	_ = c.MarkFlagRequired("output")
	return c
}

func (g *generating) run(cmd *cobra.Command, args []string) error {
	if err := g.parse(args); err != nil {
		return err
	}
	in, name, err := openCaptures(cmd, args)
	if err != nil {
		return nothingWritten(cmd, strings.Join(args, " "), err)
	}
	defer in.Close()
	tuneForCheck()
	found, reading := gen.Read(in.Events(capture.Limits{}), gen.Options{Kernel: g.kernel, Keep: g.filter.Keep})
	if cmd.Context().Err() != nil {
		return nothingWritten(cmd, name, reading)
	}
	files, err := found.Files(g.writing)
	if err != nil && !errors.Is(err, gen.ErrNothing) {
		return fmt.Errorf("%s: %w", name, err)
	}
	incomplete := found.Incomplete()
	for _, missing := range incomplete {
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: note: not in the package: %s\n", visible.Text(missing))
	}
	for _, s := range found.Sessions() {
		fmt.Fprintf(cmd.OutOrStdout(), "%s: states %d, calls %d, posts %d, answered %d, failed %d\n", visible.Text(s.Name), s.States, s.Calls, s.Posts, s.Answered, s.Failed)
	}
	for _, left := range found.Left() {
		fmt.Fprintf(cmd.OutOrStdout(), "! left out: %s\n", left)
	}
	if err != nil && reading != nil {
		return nothingWritten(cmd, name, reading)
	}
	if err != nil {
		chosen := ""
		if g.kernel != "" || g.filter.Session != "" || g.filter.State != "" {
			chosen = " and that --kernel, --session and --state choose"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: nothing is written: %v%s, in %s\n", err, chosen, visible.Text(name))
		return exitStatus(report.ExitNothing)
	}
	for _, unlike := range found.Unlike(g.writing.Maps) {
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: note: %s\n", visible.Text(unlike))
	}
	if err := g.write(files); err != nil {
		return broken(err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "package %s is in %s: %d files\n", g.writing.Package, visible.Text(g.out), len(files))
	switch {
	case reading != nil:
		return exitStatus(report.ExitBroken) // why is told
	case len(incomplete) > 0:
		return exitStatus(report.ExitSeen)
	}
	return nil
}

// parse reads the flags.
func (g *generating) parse(args []string) error {
	base := filepath.Base(args[0])
	if args[0] == "-" {
		base = "standard input"
	}
	if g.writing.Source = base; len(args) > 1 {
		g.writing.Source = fmt.Sprintf("%s and %d more", base, len(args)-1)
	}
	if g.writing.Package == "" {
		dir, err := filepath.Abs(g.out)
		if err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		if g.writing.Package = gen.PackageName(filepath.Base(dir)); g.writing.Package == "" {
			return fmt.Errorf("--output %s: expected a directory that a package can be called as, or --package NAME", g.out)
		}
	}
	if err := gen.CheckPackageName(g.writing.Package); err != nil {
		return fmt.Errorf("--package: %w", err)
	}
	for _, place := range g.writing.Maps {
		if err := gen.CheckPlace(place); err != nil {
			return fmt.Errorf("--map: %w", err)
		}
	}
	return nil
}

// write writes the files, or none if one is somebody else's.
func (g *generating) write(files []gen.File) error {
	may := func(head []byte) bool { return g.force || strings.HasPrefix(string(head), gen.Header) }
	if err := os.MkdirAll(g.out, 0o755); err != nil {
		return err
	}
	for _, f := range files {
		if err := mayReplace(filepath.Join(g.out, f.Name), may); err != nil {
			return forceHint(err)
		}
	}
	for _, f := range files {
		if err := outfile.Put(filepath.Join(g.out, f.Name), may, f.Text); err != nil {
			return forceHint(err)
		}
	}
	return nil
}

// mayReplace refuses a file that may not be overwritten.
func mayReplace(path string, may outfile.May) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, len(gen.Header))
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !may(head[:n]) {
		return fmt.Errorf("%s: %w", path, outfile.ErrExists)
	}
	return nil
}
