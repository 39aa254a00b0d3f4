// Command record makes the captures of this repository again: every combination of who is the server
// and who the client, in every dialect, with the real POE::Component::IKC that the local perl finds.
// With -rejudge it leaves the captures alone and only writes down anew what the checks say of them.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
)

func main() {
	dir := flag.String("dir", "captures", "where the captures are")
	rejudge := flag.Bool("rejudge", false, "only judge the captures there are")
	flag.Parse()
	do := record
	if *rejudge {
		do = judgeAgain
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := do(ctx, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func record(ctx context.Context, dir string) error {
	for _, who := range []struct {
		server, client string
		role           harness.Role
	}{
		{"perl", "perl", harness.AsClient},
		{"perl", "reference", harness.AsClient},
		{"reference", "perl", harness.AsClient},
		{"perl", "perl", harness.AsClientLite},
	} {
		for _, d := range []harness.Dialect{harness.IKC0, harness.IKC, harness.Fallback} {
			name := fmt.Sprintf("%s-server-%s-%s-%s.pcapng", label(who.server), label(who.client), who.role, strings.ToLower(string(d)))
			path := filepath.Join(dir, name)
			server, err := harness.ParseTarget(who.server)
			if err != nil {
				return err
			}
			client, err := harness.ParseTarget(who.client)
			if err != nil {
				return err
			}
			pair := harness.Pair{Server: server, Client: client, Role: who.role, Dialect: d, Path: path}
			s, c, err := pair.Record(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			sidecar := &recordings.Sidecar{
				Capture: name, Recorded: time.Now().UTC().Format(time.DateOnly), Dialect: string(d), Serializer: "Storable",
				Server: recordings.NewSide("server", s), Client: recordings.NewSide(string(who.role), c),
			}
			if err := judge(dir, sidecar); err != nil {
				return err
			}
		}
	}
	return nil
}

func judgeAgain(_ context.Context, dir string) error {
	all, err := recordings.Load(dir)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := judge(dir, s); err != nil {
			return err
		}
	}
	return nil
}

// judge writes down what the checks say of a capture. What fails is printed, for somebody to explain.
func judge(dir string, s *recordings.Sidecar) error {
	f, err := conformance.JudgeFile(filepath.Join(dir, s.Capture), conformance.Catalogue(), dialogue.Options{})
	if err != nil {
		return err
	}
	if f.Err != nil {
		return fmt.Errorf("%s: %w", s.Capture, f.Err)
	}
	n := map[conformance.Outcome]int{}
	for _, v := range f.Verdicts {
		n[v.Outcome]++
		if v.Outcome == conformance.Fail {
			fmt.Printf("%s: %s fails for the %s: expected %s, got %s\n", s.Capture, v.Check.ID, v.Side, v.Findings[0].Expected, v.Findings[0].Actual)
		}
	}
	fmt.Printf("%s: %d pass, %d fail, %d inconclusive\n", s.Capture, n[conformance.Pass], n[conformance.Fail], n[conformance.Inconclusive])
	s.Expected = recordings.Outcomes(f)
	return s.Write(dir)
}

func label(target string) string {
	if target == "reference" {
		return "go"
	}
	return target
}
