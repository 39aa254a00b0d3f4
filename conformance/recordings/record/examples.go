package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// examplesFile is where package spec has its examples, from the top of the repository.
const examplesFile = "conformance/spec/examples.json"

// exampleRelease is the release that examples are of.
const exampleRelease = "0.2402"

// collect takes an example of each check from a capture of real kernels, the first that there is.
func collect(examples map[string]spec.Example, dir string, s *recordings.Sidecar) error {
	if s.Defect != "" || s.Server.Release != exampleRelease || s.Client.Release != exampleRelease {
		return nil
	}
	return collectFrom(examples, filepath.Dir(dir), filepath.Join(filepath.Base(dir), s.Capture))
}

// severalClients is a capture of real kernels, two of them clients at the same time.
const severalClients = "field/b05-dup.pcap"

// collectFrom is collect of a file below a directory.
func collectFrom(examples map[string]spec.Example, dir, file string) error {
	f, err := judge.File(filepath.Join(dir, file), checks.Catalogue(), dialogue.Options{})
	if err != nil {
		return err
	}
	take(examples, filepath.ToSlash(file), f.Verdicts)
	return nil
}

// take keeps the examples of checks that have none yet.
func take(examples map[string]spec.Example, from string, verdicts []judge.Verdict) {
	for _, v := range verdicts {
		if _, have := examples[v.Check.ID]; have || v.Outcome != judge.Pass || v.Example == nil {
			continue
		}
		e := spec.Example{Check: v.Check.ID, Capture: from, Where: v.Example.Where()}
		for _, step := range v.Example.Exchange {
			e.Lines = append(e.Lines, step.String())
		}
		examples[v.Check.ID] = e
	}
}

// runMark begins the origin of an example that no capture shows: what breaks rules on purpose is
// not kept there.
const runMark = "run of "

// fromRuns takes examples of what the captures do not show from runs: of the real module, and of
// the reference for what the module does not survive. Examples that are there stay, so that a new
// check adds one and changes no other; to have one taken anew, delete it from the file.
func fromRuns(ctx context.Context, dir string) error {
	examples, err := spec.Examples()
	if err != nil {
		return err
	}
	for _, name := range []string{"perl", "reference"} {
		if complete(examples) {
			break
		}
		target, err := targets.Parse(name)
		if err != nil {
			return err
		}
		r, err := harness.Run(ctx, target, harness.Options{Hostile: true})
		if err != nil {
			return err
		}
		if name == "perl" && (r.Identity == nil || r.Identity.Release != exampleRelease) {
			return fmt.Errorf("expected POE::Component::IKC %s where perl looks (PERL5LIB), got %+v", exampleRelease, r.Identity)
		}
		for _, c := range r.Cells {
			take(examples, fmt.Sprintf("%s%s %s, %s", runMark, r.Identity.Implementation, r.Identity.Release, c.Cell), c.Verdicts)
		}
	}
	return writeExamples(examples)
}

// complete tells whether each check has an example.
func complete(examples map[string]spec.Example) bool {
	return !slices.ContainsFunc(checks.Catalogue(), func(c *judge.Check) bool {
		_, have := examples[c.ID]
		return !have
	})
}

// writeExamples writes them in the order of the catalogue.
func writeExamples(examples map[string]spec.Example) error {
	list := []spec.Example{}
	for _, c := range checks.Catalogue() {
		if e, ok := examples[c.ID]; ok {
			list = append(list, e)
		}
	}
	b, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d of %d checks\n", examplesFile, len(list), len(checks.Catalogue()))
	return os.WriteFile(examplesFile, append(b, '\n'), 0o644)
}
