package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIRECTORY",
		Short: "Write the manual pages",
		Long: `Man writes the manual pages of ikc-conform and its commands to a directory, which is made if it is not there.
Shell completion is written by 'ikc-conform completion'.`,
		Example: "  ikc-conform man ~/.local/share/man/man1\n  man ikc-conform-run",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return broken(err)
			}
			root := cmd.Root()
			root.InitDefaultCompletionCmd()
			for _, c := range append([]*cobra.Command{root}, descendants(root)...) {
				path := filepath.Join(args[0], pageName(c)+".1")
				if err := outfile.Write(path, 0o644, func(w io.Writer) error { return writeMan(w, c) }); err != nil {
					return broken(err)
				}
			}
			return nil
		},
	}
}

func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// writeMan writes the manual page of a command in the macros of man(7). cobra's own generator takes
// texts for Markdown, and so spoils tables.
func writeMan(w io.Writer, c *cobra.Command) error {
	c.InitDefaultHelpFlag()
	var b strings.Builder
	name := pageName(c)
	fmt.Fprintf(&b, ".TH %q 1 %q %q %q\n", strings.ToUpper(name), buildDate(), "ikc-conform "+version(), "IKC conformance")
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n.SH SYNOPSIS\n.nf\n\\fB%s\\fR%s\n.fi\n.SH DESCRIPTION\n", roff(name), roff(c.Short), roff(c.CommandPath()), roff(strings.TrimPrefix(c.UseLine(), c.CommandPath())))
	manText(&b, c.Long)
	manCommands(&b, c)
	manFlags(&b, "OPTIONS", c.NonInheritedFlags())
	manFlags(&b, "OPTIONS OF ALL COMMANDS", c.InheritedFlags())
	if c.Example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roff(strings.Trim(c.Example, "\n")))
	}
	if c.Runnable() {
		b.WriteString(".SH EXIT STATUS\n")
		for _, s := range exitStatuses() {
			fmt.Fprintf(&b, ".TP\n.B %d\n%s\n", s.code, roff(s.meaning))
		}
	}
	manSeeAlso(&b, c)
	_, err := io.WriteString(w, b.String())
	return err
}

// manText writes paragraphs; indented ones as they are.
func manText(b *strings.Builder, text string) {
	for i, p := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b.WriteString(".PP\n")
		}
		if strings.HasPrefix(p, " ") {
			fmt.Fprintf(b, ".nf\n%s\n.fi\n", roff(p))
		} else {
			fmt.Fprintf(b, "%s\n", roff(p))
		}
	}
}

func manCommands(b *strings.Builder, c *cobra.Command) {
	title := ".SH COMMANDS\n"
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			fmt.Fprintf(b, "%s.TP\n\\fB%s\\fR\n%s\n", title, roff(child.CommandPath()), roff(child.Short))
			title = ""
		}
	}
}

func manFlags(b *strings.Builder, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		b.WriteString(".TP\n")
		if f.Shorthand != "" {
			fmt.Fprintf(b, "\\fB\\-%s\\fR, ", f.Shorthand)
		}
		fmt.Fprintf(b, "\\fB\\-\\-%s\\fR", roff(f.Name))
		if value != "" {
			fmt.Fprintf(b, " \\fI%s\\fR", roff(value))
		}
		fmt.Fprintf(b, "\n%s", roff(usage))
		switch f.DefValue {
		case "", "false", "[]", "0", "0s":
		default:
			fmt.Fprintf(b, " (default: %s)", roff(f.DefValue))
		}
		b.WriteString("\n")
	})
}

func manSeeAlso(b *strings.Builder, c *cobra.Command) {
	var pages []string
	for p := c.Parent(); p != nil; p = p.Parent() {
		pages = append(pages, pageName(p))
	}
	for _, child := range c.Commands() {
		if child.IsAvailableCommand() {
			pages = append(pages, pageName(child))
		}
	}
	if len(pages) == 0 {
		return
	}
	b.WriteString(".SH SEE ALSO\n")
	for i, p := range pages {
		comma := ","
		if i == len(pages)-1 {
			comma = ""
		}
		fmt.Fprintf(b, ".BR %s (1)%s\n", roff(p), comma)
	}
}

// roff keeps a text from meaning something to roff: backslashes, hyphens, and dots and quotes that
// begin a line.
func roff(s string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, "\t", "    ").Replace(s), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}

// buildDate is the day of the commit that this was built from, empty if it is unknown.
func buildDate() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	for _, s := range info.Settings {
		if t, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}
