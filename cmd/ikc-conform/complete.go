package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/release"
)

// completions teaches commands what their arguments and flags may be, for shell completion.
func completions(root *cobra.Command) {
	words := func(list ...string) cobra.CompletionFunc {
		return cobra.FixedCompletions(list, cobra.ShellCompDirectiveNoFileComp)
	}
	folders := cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	flags := map[string]cobra.CompletionFunc{
		"gate":        words("must", "should", "may"),
		"side":        words("server", "client", "both"),
		"level":       listed(func() []string { return []string{"must", "should", "may"} }),
		"party":       listed(func() []string { return []string{"server", "client", "sender", "responder", "requester", "kernel"} }),
		"as":          words(releaseTargets()...),
		"checks":      listed(checkIDs),
		"check":       listed(checkIDs),
		"cells":       listed(cellNames),
		"serializers": listed(func() []string { return []string{"Storable", "FreezeThaw", "Freezer", "all"} }),
		"html":        suffix("html"), "json": suffix("json"), "junit": suffix("xml"), "tap": suffix("tap"), "sarif": suffix("sarif"),
		"markdown": suffix("md"), "codequality": suffix("json"), "badge": suffix("svg"), "baseline": suffix("json"), "config": suffix("yaml", "yml"),
	}
	arguments := map[string]cobra.CompletionFunc{
		"run": completeTargets, "matrix": completeTargets, "oracle": completeTargets, "upgrade": completeTargets, "model": completeTargets, "driver-check": completeTargets,
		"check": suffix("pcapng", "pcap", "json"), "inspect": suffix("pcapng", "pcap"), "go": suffix("pcapng", "pcap"),
		"compare": suffix("json"), // report, diagnose, diff, replay, anonymise, reduce and shadow have subcommands, beside which there can be no suffix
		"site":    folders, "man": folders,
		"list": checkArguments, "explain": checkArguments,
	}
	for _, c := range descendants(root) {
		if f := arguments[c.Name()]; f != nil && c.ValidArgsFunction == nil {
			c.ValidArgsFunction = f
		}
		for name, f := range flags {
			if flag := c.Flags().Lookup(name); flag != nil && flag.Value.Type() != "bool" {
				_ = c.RegisterFlagCompletionFunc(name, f) // fails only for a flag that does not exist, or has a completion already
			}
		}
	}
}

// completionCommand adds cobra's own command, which keeps root's standard output of now. Of itself
// it takes any word for a shell, and prints its help.
func completionCommand(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Args, c.RunE = told(cobra.NoArgs), func(c *cobra.Command, _ []string) error { return c.Help() }
		}
	}
}

func descendants(c *cobra.Command) (all []*cobra.Command) {
	for _, child := range c.Commands() {
		all = append(append(all, child), descendants(child)...)
	}
	return all
}

func suffix(list ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(list, cobra.ShellCompDirectiveFilterFileExt)
}

// listed completes the last word of a list with commas.
func listed(words func() []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, have string) ([]cobra.Completion, cobra.ShellCompDirective) {
		before := have[:strings.LastIndexByte(have, ',')+1]
		var out []cobra.Completion
		for _, w := range words() {
			out = append(out, before+w)
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

func checkIDs() (ids []string) {
	for _, c := range checks.Catalogue() {
		ids = append(ids, c.ID)
	}
	return ids
}

func checkArguments(*cobra.Command, []string, string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
	for _, c := range checks.Catalogue() {
		out = append(out, cobra.CompletionWithDesc(c.ID, c.Requirement))
	}
	for _, k := range diagnosis.Kinds() {
		out = append(out, cobra.CompletionWithDesc(k.ID, k.Title))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

func cellNames() (names []string) {
	for _, c := range cell.Cells() {
		name := fmt.Sprintf("%s/%s", c.Role, c.Dialect)
		if c.Dialect == cell.IKC0 {
			names = append(names, string(c.Role))
		}
		names = append(names, name)
	}
	return names
}

// releaseTargets are the releases of POE::Component::IKC as targets name them.
func releaseTargets() (names []string) {
	for _, name := range release.AllReleases().Names() {
		names = append(names, "perl@"+name)
	}
	return names
}

// completeTargets completes the kinds of target.
func completeTargets(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return []cobra.Completion{
		cobra.CompletionWithDesc("reference", "the Go reference kernel"),
		cobra.CompletionWithDesc("tcp:", "a server that is running: tcp:HOST:PORT"),
		cobra.CompletionWithDesc("unix:", "a server that is running, on a Unix socket"),
		cobra.CompletionWithDesc("cmd:", "a driver: cmd:PROGRAM ARGS"),
		cobra.CompletionWithDesc("image:", "a container of an image that is a driver"),
		cobra.CompletionWithDesc("container:", "a driver in a container that is running"),
		cobra.CompletionWithDesc("perl", "the POE::Component::IKC that the local perl finds"),
		cobra.CompletionWithDesc("perl@", "an unpacked release, or a container of one"),
	}, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
