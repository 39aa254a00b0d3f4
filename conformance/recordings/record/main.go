// Command record makes the captures of this repository again: every combination of who is the
// server and who the client, in every dialect, with the real POE::Component::IKC that the local
// perl finds. With -releases it records every release that is unpacked in that directory, into the
// folder releases; with -perls the newest release on each Perl beside that in PATH, into the folder
// perls. With -broken it records kernels with defects against the real module, into the folder
// broken. With -rejudge it leaves the captures alone and only writes down anew what the
// checks say of them, with -examples it takes the examples of 'ikc-conform explain' that they do
// not show from runs of the real module and of the reference.
package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

func main() {
	dir := flag.String("dir", "captures", "where the captures are")
	rejudge := flag.Bool("rejudge", false, "only judge the captures there are")
	releases := flag.String("releases", "", "record the releases of POE::Component::IKC that are unpacked in this `directory`")
	perls := flag.Bool("perls", false, "record the newest release on the Perls that stand beside the one in PATH, into the folder perls")
	examples := flag.Bool("examples", false, "take the examples that no capture shows from runs")
	driven := flag.Bool("driven", false, "record kernels of the original with what their drivers told, into the folder driven")
	broken := flag.Bool("broken", false, "record conversations that go wrong, into the folder broken")
	flag.Parse()
	do := record
	switch {
	case *rejudge:
		do = judgeAgain
	case *driven:
		do = func(ctx context.Context, dir string) error { return recordDriven(ctx, filepath.Join(dir, "driven")) }
	case *broken:
		do = func(ctx context.Context, dir string) error { return recordBroken(ctx, filepath.Join(dir, "broken")) }
	case *examples:
		do = fromRuns
	case *perls:
		do = func(ctx context.Context, dir string) error { return recordPerls(ctx, filepath.Join(dir, "perls")) }
	case *releases != "":
		do = func(ctx context.Context, dir string) error {
			return recordReleases(ctx, filepath.Join(dir, "releases"), *releases)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := do(ctx, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context, dir string) error {
	return recordPairs(ctx, dir, false, []pairing{
		{"perl", "perl", cell.AsClient},
		{"perl", "reference", cell.AsClient},
		{"reference", "perl", cell.AsClient},
		{"perl", "perl", cell.AsClientLite},
	})
}

// recordDriven records the original with what its drivers told.
func recordDriven(ctx context.Context, dir string) error {
	return recordPairs(ctx, dir, true, []pairing{{"perl", "perl", cell.AsClient}, {"perl", "perl", cell.AsClientLite}})
}

// pairing is who talks to whom.
type pairing struct {
	server, client string
	role           cell.Role
}

// recordPairs records pairings in every dialect.
func recordPairs(ctx context.Context, dir string, told bool, pairings []pairing) error {
	for _, who := range pairings {
		for _, d := range []cell.Dialect{cell.IKC0, cell.IKC, cell.Fallback} {
			name := fmt.Sprintf("%s-server-%s-%s-%s.pcapng", label(who.server), label(who.client), who.role, strings.ToLower(string(d)))
			path := filepath.Join(dir, name)
			server, err := targets.Parse(who.server)
			if err != nil {
				return err
			}
			client, err := targets.Parse(who.client)
			if err != nil {
				return err
			}
			pair := harness.Pair{Server: server, Client: client, Role: who.role, Dialect: d, Path: path, Told: told}
			if err := recordPair(ctx, pair); err != nil {
				return err
			}
		}
	}
	return nil
}

// recordPair makes one capture and its sidecar.
func recordPair(ctx context.Context, p harness.Pair) error {
	s, c, err := p.Record(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.Path, err)
	}
	serializer := p.Serializer
	if serializer == "" {
		serializer = cell.Storable
	}
	return judgeFile(filepath.Dir(p.Path), &recordings.Sidecar{
		Capture: filepath.Base(p.Path), Recorded: time.Now().UTC().Format(time.DateOnly),
		Dialect: string(p.Dialect), Serializer: string(serializer),
		Server: recordings.NewSide("server", s), Client: recordings.NewSide(string(p.Role), c),
	})
}

func judgeAgain(_ context.Context, dir string) error {
	examples, err := spec.Examples()
	if err != nil {
		return err
	}
	maps.DeleteFunc(examples, func(_ string, e spec.Example) bool { return !strings.HasPrefix(e.Capture, runMark) })
	for _, below := range recordings.Dirs {
		dir := filepath.Join(dir, below)
		all, err := recordings.Load(dir)
		if err != nil {
			return err
		}
		for _, s := range all {
			if err := judgeFile(dir, s); err != nil {
				return err
			}
			if err := collect(examples, dir, s); err != nil {
				return err
			}
		}
	}
	if err := collectFrom(examples, dir, severalClients); err != nil {
		return err
	}
	table, err := recordings.Outcomes(dir)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, recordings.OutcomesFile), []byte(table), 0o644); err != nil {
		return err
	}
	return writeExamples(examples)
}

// judgeFile writes down what the checks say of a capture. What fails is printed, for somebody to
// explain.
func judgeFile(dir string, s *recordings.Sidecar) error {
	f, err := judge.File(filepath.Join(dir, s.Capture), checks.Catalogue(), dialogue.Options{})
	if err != nil {
		return err
	}
	if err := f.Failed(); err != nil {
		return fmt.Errorf("%s: %w", s.Capture, err)
	}
	list, err := known.Load()
	if err != nil {
		return err
	}
	outcomes := s.Outcomes(f, list)
	s.Expect(outcomes)
	n := map[judge.Outcome]int{}
	for _, v := range f.Verdicts {
		outcome := outcomes[v.Side.String()][v.Check.ID]
		n[outcome]++
		if outcome == judge.Fail {
			fmt.Printf("%s: %s fails for the %s: expected %s, got %s\n", s.Capture, v.Check.ID, v.Side, v.Findings[0].Expected, v.Findings[0].Actual)
		}
	}
	fmt.Printf("%s: %v\n", s.Capture, n)
	return s.Write(dir)
}

func label(target string) string {
	if target == "reference" {
		return "go"
	}
	return target
}
