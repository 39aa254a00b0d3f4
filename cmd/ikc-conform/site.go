package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	ikcconform "github.com/perl-ikc/ikc-conform"
	"github.com/perl-ikc/ikc-conform/conformance/site"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func siteCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "site DIRECTORY",
		Short: "Write the documentation as a site of static pages",
		Long: `Site writes the specification, a page for each check, the notices, the guides, what is known of releases and
Perls, and benchmarks as pages of HTML that link to each other. They need no server and load nothing from elsewhere:
open index.html, or put the directory where pages are served. Search takes a script, all else does without.

The directory is made if it is not there. It must be empty, or have such a site, which is replaced. Reports link to
the pages of checks and notices with --site URL.`,
		Example: "  ikc-conform site public\n  ikc-conform run reference --html run.html --site https://example.com/ikc/",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := site.Build(ikcconform.Pages, version())
			if err != nil {
				return broken(err)
			}
			switch err := s.Write(cmd.Context(), args[0]); {
			case errors.Is(err, site.ErrForeign):
				return err
			case err != nil:
				return broken(err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "wrote %d files; open %s\n", len(s.Files()), visible.Text(filepath.Join(args[0], "index.html")))
			return broken(err)
		},
	}
}
