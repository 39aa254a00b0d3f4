package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// output is a form that something can be written in, and where to.
type output[T any] struct {
	name  string
	path  string
	write func(io.Writer, T) error
}

// outputs are the flags that say in which forms to write something, and where to. Text goes to
// standard output unless one of them takes that.
type outputs[T any] struct {
	command *cobra.Command
	list    []*output[T]
}

func (o *outputs[T]) flag(c *cobra.Command, name, about string, write func(io.Writer, T) error) {
	if len(o.list) == 0 {
		c.Long += "\n" + reportFiles
	}
	f := &output[T]{name: name, write: write}
	o.command = c
	o.list = append(o.list, f)
	c.Flags().StringVar(&f.path, name, "", "write to this `FILE` "+about+"; - is standard output, in place of the text")
}

// check finds out, before any work is done, whether the files can be written as far as that can be
// known, that no two forms go to the same place, and none in place of a file that is an argument.
func (o *outputs[T]) check() error {
	taken := map[string]string{}
	for _, f := range o.list {
		if f.path == "" {
			continue
		}
		path := filepath.Clean(f.path)
		info, err := os.Stat(path)
		if by := taken[path]; by != "" && (err != nil || info.Mode().IsRegular()) { // a device takes more than one
			where := path
			if path == "-" {
				where = "standard output"
			}
			return fmt.Errorf("--%s %s: %s is taken by --%s; expected another file", f.name, f.path, where, by)
		}
		taken[path] = f.name
		if path == "-" {
			continue
		}
		if err == nil && info.IsDir() {
			return fmt.Errorf("--%s %s: expected a file, it is a directory", f.name, f.path)
		}
		if err == nil && slices.ContainsFunc(o.command.Flags().Args(), func(arg string) bool { return isFile(arg, info) }) {
			return fmt.Errorf("--%s %s: that is what is read; expected another file", f.name, f.path)
		}
		dir := filepath.Dir(path)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("--%s %s: there is no directory %s", f.name, f.path, dir)
		}
	}
	return nil
}

// isFile tells whether a regular file is at path.
func isFile(path string, file fs.FileInfo) bool {
	info, err := os.Stat(path)
	return err == nil && file.Mode().IsRegular() && os.SameFile(info, file)
}

// text tells whether standard output is left for text.
func (o *outputs[T]) text() bool { return o.printed() == "" }

// printed is the form that takes standard output, "" if none does.
func (o *outputs[T]) printed() string {
	for _, f := range o.list {
		if f.path == "-" {
			return f.name
		}
	}
	return ""
}

// save writes all that was asked for.
func (o *outputs[T]) save(out io.Writer, v T) error {
	for _, f := range o.list {
		var err error
		switch f.path {
		case "":
			continue
		case "-":
			err = f.write(out, v)
		default:
			err = outfile.Write(f.path, reportMode, func(w io.Writer) error { return f.write(w, v) })
		}
		if err != nil {
			return broken(fmt.Errorf("--%s: %w", f.name, err))
		}
	}
	return nil
}

// reportMode is the mode of a new report: it quotes parameters, which are not everybody's business.
const reportMode = 0o600

// reportFiles says what becomes of files that reports are written to.
const reportFiles = `
A report is written as a whole: a FILE that is there is replaced, and keeps its mode; a new one is for you alone to
read, since reports quote parameters. A symbolic link is refused.`

// reporting are the flags of commands that report on runs.
type reporting struct {
	outputs[*report.Document]
	github  bool
	verbose bool
	site    siteFlag
}

func (r *reporting) flags(c *cobra.Command) {
	for _, f := range report.Formats() {
		r.flag(c, f.Name, f.About, f.Write)
	}
	r.site.flag(c)
	c.Flags().BoolVar(&r.github, "github", false, "in GitHub Actions: append the summary to $GITHUB_STEP_SUMMARY, and annotate failures in the log")
	c.Flags().BoolVarP(&r.verbose, "verbose", "v", false, "list the checks that passed as well")
}

// siteFlag is the flag that says where the site of 'ikc-conform site' lives, for links to it.
type siteFlag struct {
	url   string
	pages page.Pages
}

func (s *siteFlag) flag(c *cobra.Command) {
	c.Flags().StringVar(&s.url, "site", "", "link checks and notices, in "+forms(c)+", to the pages of the site at this `URL` ('ikc-conform site')")
}

// forms are the names of what a command writes that has links.
func forms(c *cobra.Command) string {
	if c.Flags().Lookup("sarif") != nil {
		return "HTML, Markdown and SARIF"
	}
	if c.Flags().Lookup("markdown") != nil {
		return "HTML and Markdown"
	}
	return "HTML"
}

// parse reads the URL. linked tells whether anything is written that has links: who names a site on
// the command line expects some.
func (s *siteFlag) parse(c *cobra.Command, linked bool) (err error) {
	if s.url == "" {
		return nil
	}
	if s.pages, err = page.ParsePages(s.url); err != nil {
		return fmt.Errorf("--site: %w", err)
	}
	if !linked && commanded(c, "site") {
		var with []string
		for _, name := range linkedForms {
			if c.Flags().Lookup(name) != nil {
				with = append(with, "--"+name)
			}
		}
		return fmt.Errorf("--site %s: expected %s with it: nothing else has links", s.url, strings.Join(with, " or "))
	}
	return nil
}

// linkedForms are the flags of what has links to a site.
var linkedForms = []string{"html", "markdown", "sarif", "github"}

// linked tells whether anything is written that has links to a site.
func (o *outputs[T]) linked() bool {
	return slices.ContainsFunc(o.list, func(f *output[T]) bool { return f.path != "" && slices.Contains(linkedForms, f.name) })
}

// summaryVariable is where GitHub Actions says which file step summaries go to.
const summaryVariable = "GITHUB_STEP_SUMMARY"

func (r *reporting) check(c *cobra.Command) error {
	if r.github && os.Getenv(summaryVariable) == "" {
		return fmt.Errorf("--github: expected %s in the environment, as GitHub Actions sets it; elsewhere use --markdown and --annotations", summaryVariable)
	}
	if form := r.printed(); form != "" {
		for _, name := range []string{"verbose", "matrix"} {
			if given(c, name) {
				return together("--"+form+" -", "--"+name, "no text is printed, and --"+name+" is about that")
			}
		}
	}
	if err := r.site.parse(c, r.github || r.linked()); err != nil {
		return err
	}
	return r.outputs.check()
}

// show writes a document as asked. Its error is the exit status that the document amounts to.
func (r *reporting) show(cmd *cobra.Command, d *report.Document) error {
	if r.text() {
		if err := d.WriteText(cmd.OutOrStdout(), r.verbose); err != nil {
			return broken(err)
		}
	}
	return r.conclude(cmd, d)
}

// showMatrix is show with a table for the text.
func (r *reporting) showMatrix(cmd *cobra.Command, d *report.Document) error {
	if r.text() {
		if err := d.WriteMatrix(cmd.OutOrStdout(), r.verbose); err != nil {
			return broken(err)
		}
	}
	return r.conclude(cmd, d)
}

// conclude is show without the text.
func (r *reporting) conclude(cmd *cobra.Command, d *report.Document) error {
	d.Pages = r.site.pages
	if err := r.save(cmd.OutOrStdout(), d); err != nil {
		return err
	}
	if r.github {
		if err := appendSummary(d); err != nil {
			return broken(fmt.Errorf("--github: %w", err))
		}
		if err := report.WriteAnnotations(cmd.ErrOrStderr(), d); err != nil {
			return broken(err)
		}
	}
	if d.Exit != report.ExitConformant {
		return exitStatus(d.Exit)
	}
	return nil
}

// appendSummary adds a document to the summary of the step that runs in GitHub Actions.
func appendSummary(d *report.Document) error {
	f, err := os.OpenFile(os.Getenv(summaryVariable), os.O_CREATE|os.O_WRONLY|os.O_APPEND, reportMode)
	if err != nil {
		return err
	}
	return errors.Join(report.WriteMarkdown(f, d), f.Close())
}
