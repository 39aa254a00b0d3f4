package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/spec"
)

// examplesFile is where package spec has its examples, from the top of the repository.
const examplesFile = "conformance/spec/examples.json"

// exampleRelease is the release that examples are of.
const exampleRelease = "0.2402"

// collect takes an example of each check from a capture of real kernels, the first that there is.
func collect(examples map[string]spec.Example, dir string, s *recordings.Sidecar) error {
	if s.Server.Release != exampleRelease || s.Client.Release != exampleRelease {
		return nil
	}
	f, err := conformance.JudgeFile(filepath.Join(dir, s.Capture), conformance.Catalogue(), dialogue.Options{})
	if err != nil {
		return err
	}
	for _, v := range f.Verdicts {
		if _, have := examples[v.Check.ID]; have || v.Outcome != conformance.Pass || v.Example == nil {
			continue
		}
		e := spec.Example{Check: v.Check.ID, Capture: filepath.ToSlash(filepath.Join(filepath.Base(dir), s.Capture)), Where: v.Example.Where()}
		for _, step := range v.Example.Exchange {
			e.Lines = append(e.Lines, step.String())
		}
		examples[v.Check.ID] = e
	}
	return nil
}

// writeExamples writes them in the order of the catalogue.
func writeExamples(examples map[string]spec.Example) error {
	list := []spec.Example{}
	for _, c := range conformance.Catalogue() {
		if e, ok := examples[c.ID]; ok {
			list = append(list, e)
		}
	}
	b, err := json.MarshalIndent(list, "", " ")
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d of %d checks\n", examplesFile, len(list), len(conformance.Catalogue()))
	return os.WriteFile(examplesFile, append(b, '\n'), 0o644)
}
