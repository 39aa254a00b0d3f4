package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

// tellArguments has all commands below one say which arguments they take, when they get others.
func tellArguments(of *cobra.Command) {
	for _, c := range descendants(of) {
		c.Args = told(c.Args)
	}
}

// told has an error of a check of arguments say what was expected and what came; cobra says how
// many.
func told(check cobra.PositionalArgs) cobra.PositionalArgs {
	if check == nil {
		return nil
	}
	return func(c *cobra.Command, args []string) error {
		if check(c, args) == nil {
			return nil
		}
		got := "nothing"
		if len(args) > 0 {
			got = fmt.Sprintf("%q", args[:min(len(args), mostTold)])
		}
		if more := len(args) - mostTold; more > 0 {
			got += fmt.Sprintf(" and %d more", more)
		}
		return fmt.Errorf("%s: expected %s, got %s", strings.TrimPrefix(c.CommandPath(), c.Root().Name()+" "), takes(c), got)
	}
}

// mostTold is how many of the arguments that came are told.
const mostTold = 4

// flagsOf is where the flags begin in the line that says how a command is used.
var flagsOf = regexp.MustCompile(` \(?-.*`)

// takes names the arguments of a command, as the line does that says how it is used, and the
// commands below it.
func takes(c *cobra.Command) string {
	_, names, _ := strings.Cut(flagsOf.ReplaceAllString(c.Use, ""), " ")
	if names == "" {
		names = "no arguments"
	}
	var below []string
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			below = append(below, child.Name())
		}
	}
	if len(below) > 0 {
		names += ", or a command (" + strings.Join(below, ", ") + ")"
	}
	return names
}
