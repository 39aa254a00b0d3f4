package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func checkCommand() *cobra.Command {
	var (
		j    judging
		side string
		as   string
	)
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Judge captures",
		Long: `Check judges captures (pcapng or pcap, from anybody's network) by the checks of 'ikc-conform list':
every connection of IKC in them, both sides unless --side says otherwise. Connections that are not
IKC are left alone, with a note. What a capture does not show is inconclusive. A capture that is cut
short or damaged is never conformant: what is missing might say otherwise.

Which releases of POE::Component::IKC the kernels can be is told by what they say, with the evidence. A failure
that all of those are known to have is a known deviation, and does not count; --as insists on one of them.

FILE is a pcapng or pcap file, or - for standard input. Captures of any size are read in bounded memory.

A sidecar (FILE.json, see captures/ in the repository) among the files says what each check must come to for
its capture: then that is what counts.`,
		Example: "  ikc-conform check production.pcapng\n  tcpdump -i eth0 -w ikc.pcap port 603; ikc-conform check --side server ikc.pcap",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := j.parse(cmd); err != nil {
				return err
			}
			sides, err := parseSides(side)
			if err != nil {
				return err
			}
			deviations, err := known.Load()
			if err != nil {
				return broken(err)
			}
			if as, err = parseAs(as); err != nil {
				return err
			}
			tuneForCheck()
			var files []*judge.Judgement
			expected := map[string]*recordings.Sidecar{} // by the path of the capture
			for _, path := range args {
				if strings.HasSuffix(path, ".json") {
					if given(cmd, "checks") {
						return together("--checks", "the sidecar "+path, "there are no verdicts on others, which the sidecar expects")
					}
					s, err := recordings.Read(path)
					if err != nil {
						return broken(err)
					}
					expected[filepath.Join(filepath.Dir(path), s.Capture)] = s
					continue
				}
				f, err := judgeFile(cmd, path, j.selected, sides)
				if err != nil {
					return broken(err)
				}
				deviations.Settle(f, as)
				files = append(files, f)
			}
			for path := range expected {
				if !slices.ContainsFunc(files, func(f *judge.Judgement) bool { return filepath.Clean(f.File) == path }) {
					return fmt.Errorf("a sidecar is about %s: expected this among the files as well", path)
				}
			}
			shown := j.show(cmd, report.NewDocument(version(), report.FromFiles(files, j.level)))
			if len(expected) == 0 {
				return shown
			}
			out := cmd.OutOrStdout()
			if !j.text() {
				out = cmd.ErrOrStderr()
			}
			return compare(out, files, expected, sides, shown)
		},
	}
	j.flags(c)
	c.Flags().StringVar(&side, "side", "both", "judge the server, the client, or both")
	c.Flags().StringVar(&as, "as", "", "take kernels for a release, perl@0.2302, unless what they say contradicts it")
	return c
}

// judgeFile judges a capture: a file, or standard input if it is "-".
func judgeFile(cmd *cobra.Command, path string, checks []*judge.Check, sides []wire.Role) (*judge.Judgement, error) {
	if path == "-" {
		r, err := capture.NewReader(cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
		f := judge.Capture(r, checks, dialogue.Options{}, sides...)
		f.File = "standard input"
		return f, nil
	}
	tell, done := readProgress(cmd.ErrOrStderr(), path)
	defer done()
	return judge.File(path, checks, dialogue.Options{Progress: tell}, sides...)
}

// compare holds verdicts on the sides against those that sidecars expect. What they expect is
// right, failures included; shown is what the verdicts alone amount to.
func compare(out io.Writer, files []*judge.Judgement, expected map[string]*recordings.Sidecar, sides []wire.Role, shown error) error {
	var names []string
	for _, side := range sides {
		names = append(names, side.String())
	}
	compared, different := 0, 0
	for _, f := range files {
		s := expected[filepath.Clean(f.File)]
		if s == nil {
			continue
		}
		compared++
		for _, d := range s.Differences(f, names...) {
			different++
			fmt.Fprintf(out, "%s: %s\n", visible.Text(f.File), visible.Text(d))
		}
	}
	if different > 0 {
		fmt.Fprintf(out, "%d verdicts are not those that the sidecars expect.\n", different)
		return exitStatus(report.ExitNotConformant)
	}
	if compared > 0 {
		fmt.Fprintf(out, "The verdicts on %d captures are those that their sidecars expect.\n", compared)
	}
	if compared == len(files) && compared > 0 {
		return nil
	}
	return shown
}

// parseAs reads a release to insist on, as targets name it: perl@0.2302.
func parseAs(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	name, ok := strings.CutPrefix(s, "perl@")
	if all := release.AllReleases(); !ok || !all.Has(name) {
		return "", fmt.Errorf("--as %q: expected perl@ and a release of %s: %s", s, release.Implementation, strings.Join(all.Names(), ", "))
	}
	return name, nil
}

func parseSides(s string) ([]wire.Role, error) {
	switch s {
	case "both":
		return []wire.Role{wire.Server, wire.Client}, nil
	case "server":
		return []wire.Role{wire.Server}, nil
	case "client":
		return []wire.Role{wire.Client}, nil
	}
	return nil, fmt.Errorf("--side %q: expected server, client or both", s)
}
