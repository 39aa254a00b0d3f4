package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func checkCommand() *cobra.Command {
	var (
		j        judging
		side     string
		separate bool
		only     = new(chosen)
		ikc      bool
		as       string
		baseline []string
	)
	var small reduced
	c := &cobra.Command{
		Use:   "check FILE...",
		Short: "Judge captures",
		Long: `Check judges captures (pcapng or pcap, from anybody's network) by the checks of 'ikc-conform list':
every connection of IKC in them, both sides unless --side says otherwise. Connections that are not
IKC are left alone, with a note. What a capture does not show is inconclusive.

Where octets are missing, or the start or the end of a connection, what is there is judged all the
same: what a message shows by itself counts, whatever is lost elsewhere; what the loss may explain does
not. If nothing fails, such a capture is conformant as far as seen, with status 7. A file that is cut
short or damaged is never conformant, with status 3.

Which releases of POE::Component::IKC the kernels can be is told by what they say, with the evidence. A failure
that all of those are known to have is a known deviation, and does not count; --as insists on one of them.
--baseline FILE has more that are known, of any implementation. A driver that was recorded, as by 'run --captures',
tells which one its kernel is; without, --as IMPLEMENTATION@RELEASE says it, of the sides of --side. One that is
listed there and no longer shows is status 4.

FILE is a pcapng or pcap file, also one compressed by gzip, zstd or xz, or - for standard input. Captures
of any size are read in bounded memory. Several files are one capture, such as the parts of a ring, or what was
captured at both ends of a link: packets come in the order of time, and are numbered so. With --apart, or beside
sidecars, each is judged on its own. Tunnels are looked into: VXLAN, Geneve, GRE, ERSPAN, IP in IP, MPLS, PPPoE.

An interrupt ends the reading; the report is of what was found so far, says so, and the status is 130.

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
			if err := only.parse(); err != nil {
				return err
			}
			k, err := readKnown(baseline, as)
			if err != nil {
				return err
			}
			if err := stdinOnce(args); err != nil {
				return err
			}
			tuneForCheck()
			keeping(cmd.Context())
			var captures []string
			expected := map[string]*recordings.Sidecar{} // by the path of the capture
			for _, path := range args {
				if !strings.HasSuffix(path, ".json") {
					captures = append(captures, path)
					continue
				}
				if given(cmd, "checks") {
					return together("--checks", "the sidecar "+path, "there are no verdicts on others, which the sidecar expects")
				}
				s, err := recordings.Read(path)
				if err != nil {
					return broken(err)
				}
				expected[filepath.Join(filepath.Dir(path), s.Capture)] = s
			}
			together := [][]string{captures}
			if separate || len(expected) > 0 {
				together = slices.Collect(slices.Chunk(captures, 1))
			}
			var files []*judge.Judgement
			unread := 0
			for _, paths := range together {
				if len(paths) == 0 {
					continue
				}
				if cmd.Context().Err() != nil {
					unread++
					continue
				}
				f, err := judgeFiles(cmd, paths, j.selected, dialogue.Options{Only: only.filter(), OnlyIKC: ikc}, sides)
				if err != nil {
					return broken(err)
				}
				k.settle(f)
				files = append(files, f)
			}
			if only.asked() && !only.found() {
				return only.nothing()
			}
			if ikc && unread == 0 {
				if err := noIKC(files); err != nil {
					return err
				}
			}
			for path := range expected {
				if !slices.ContainsFunc(files, func(f *judge.Judgement) bool { return filepath.Clean(f.File) == path }) {
					return fmt.Errorf("a sidecar is about %s: expected this among the files as well", path)
				}
			}
			r := report.FromFiles(files, j.level, k.own.Unseen(files))
			if unread > 0 {
				r.Interrupt(fmt.Sprintf("%d of %d captures were not read", unread, len(together)))
			}
			failed := small.write(cmd.Context(), cmd.ErrOrStderr(), r)
			d := report.NewDocument(version(), r)
			shown := j.show(cmd, d)
			if d.Exit == report.ExitInterrupted {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: the report is of what was read by then")
				return shown
			}
			if len(expected) == 0 || failed != nil {
				return cmp.Or(failed, shown)
			}
			out := cmd.OutOrStdout()
			if !j.text() {
				out = cmd.ErrOrStderr()
			}
			return compare(out, files, expected, sides, shown)
		},
	}
	j.flags(c)
	only.flags(c)
	small.flag(c)
	c.Flags().BoolVar(&ikc, "ikc", false, "only connections that are IKC: say nothing of others")
	c.Flags().BoolVar(&separate, "apart", false, "judge each file on its own, instead of all as one capture")
	c.Flags().StringVar(&side, "side", "both", "judge the server, the client, or both")
	c.Flags().StringVar(&as, "as", "", "take kernels for a release, perl@0.2302, unless what they say contradicts it; or for IMPLEMENTATION@RELEASE of --baseline")
	baselineFlag(c.Flags(), &baseline)
	return c
}

// judgeFiles judges captures as one: files, or standard input where it says "-".
func judgeFiles(cmd *cobra.Command, paths []string, checks []*judge.Check,
	opts dialogue.Options, sides []wire.Role) (*judge.Judgement, error) {
	r, name, err := openCaptures(cmd, paths)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	tell, done := readProgress(cmd.ErrOrStderr(), name, paths...)
	defer done()
	opts.Progress = tell
	f := judge.Capture(r, checks, opts, sides...)
	f.File = name
	if f.Connections == 0 || f.Stopped {
		return f, nil
	}
	if small, err := upTo(noticedTwice, paths); err != nil || !small {
		f.Notes = append(f.Notes, fmt.Sprintf(
			"requests by post, as ClientLite's post_respond makes, are noticed in files of at most %d MiB; 'ikc-conform diagnose' looks for them in any", noticedTwice>>20))
		return f, err
	}
	f.Noticed, err = noticeAll(cmd, paths, opts, f.Noticed)
	return f, err
}

// noticedTwice is up to how many octets of captures check reads a second time. What belongs
// together by the ways of programs is found across connections, one packet after the other, while
// connections are judged side by side.
const noticedTwice = 64 << 20

// upTo tells whether files that can be read again have at most so many octets in all.
func upTo(octets int64, paths []string) (bool, error) {
	for _, path := range paths {
		if path == "-" {
			return false, nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return false, err
		}
		if octets -= info.Size(); octets < 0 || !info.Mode().IsRegular() {
			return false, nil
		}
	}
	return true, nil
}

// noticeAll notices what diagnose does, or if that is interrupted what the judge did.
func noticeAll(cmd *cobra.Command, paths []string, opts dialogue.Options, judged []*diagnosis.Finding) ([]*diagnosis.Finding, error) {
	r, _, err := openCaptures(cmd, paths)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	d, err := diagnose(r, paths, opts, nil)
	if errors.Is(err, capture.ErrStopped) {
		return judged, nil
	}
	return d.Findings, nil // why it cannot be read to its end has been told
}

// noIKC says that no connection is IKC, if that is so and all was read.
func noIKC(files []*judge.Judgement) error {
	looked := 0
	for _, f := range files {
		if f.Connections > 0 || f.Stopped || f.Failed() != nil {
			return nil
		}
		looked += f.Looked
	}
	return &usageError{fmt.Sprintf("--ikc: nothing of %s matches", connections(looked))}
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
