package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/release"
)

// baselineFlag defines the flag for files of known deviations.
func baselineFlag(f *pflag.FlagSet, files *[]string) {
	const name = "baseline"
	f.StringSliceVar(files, name, nil, "files with more known deviations, in the form of conformance/known/deviations.json")
	flag := f.Lookup(name)
	flag.Value = named{flag.Value, flag.Value.(pflag.SliceValue)}
	flag.DefValue = "" // as is shown of an empty list
}

// named is a list of files. A value without a name is none: it comes of a variable of a shell that
// is not set.
type named struct {
	pflag.Value
	pflag.SliceValue
}

// Set implements pflag.Value.
func (n named) Set(s string) error {
	if strings.TrimSpace(s) == "" {
		return errors.New("expected the name of a file, got none")
	}
	return n.Value.Set(s)
}

// knownOf is what is known of who speaks in captures.
type knownOf struct {
	all known.Deviations
	own known.Deviations // those of --baseline
	as  string           // a release of POE::Component::IKC to insist on, "" if there is none
	// who is the implementation that kernels without a driver are, nil if nobody says so.
	who *driver.Hello
}

// readKnown reads the files of --baseline, and what --as insists on: perl@0.2302, or an
// implementation that the files name.
func readKnown(files []string, as string) (k knownOf, err error) {
	shipped, err := known.Load()
	if err != nil {
		return k, broken(err)
	}
	if k.all, err = known.Load(files...); err != nil {
		return k, err
	}
	k.own = k.all[len(shipped):]
	name, number, ok := strings.Cut(as, "@")
	if ok && number != "" && slices.ContainsFunc(k.own, func(d known.Deviation) bool { return d.Implementation == name }) {
		k.who = &driver.Hello{Implementation: name, Release: number}
		return k, nil
	}
	if k.as, err = parseAs(as); err != nil && !strings.HasPrefix(as, "perl@") {
		err = fmt.Errorf("%w; or IMPLEMENTATION@RELEASE, of an implementation in a file of --baseline", err)
	}
	return k, err
}

// settle finds out which failures in a capture are known.
func (k *knownOf) settle(f *judge.Judgement) {
	for side := range f.Told {
		if f.Told[side] == nil {
			f.Told[side] = k.who
		}
	}
	k.all.Settle(f, k.as)
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
