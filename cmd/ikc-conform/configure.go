package main

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/config"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

const configHelp = `

Flags and targets can stand in a file, ` + config.Name + `, which is read from the working directory, or --config FILE:
baseline, gate, cells, checks, serializers and targets, and flags of one command below its name (run: {patience: 10s}).
The command line wins. 'ikc-conform config' says more, and 'ikc-conform config schema' prints its schema.`

// configurable has a command read a file of flags and targets first.
func configurable(c *cobra.Command) *cobra.Command {
	var path string
	c.Long += configHelp
	c.Flags().StringVar(&path, "config", "", "read flags and targets from this `FILE` (default "+config.Name+", if it is there); '' for none")
	run, check := c.RunE, told(c.Args)
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(cmd *cobra.Command, args []string) error {
		args, err := configure(cmd, path, args)
		if err != nil {
			return err
		}
		if check != nil {
			if err := check(cmd, args); err != nil {
				return err
			}
		}
		return run(cmd, args)
	}
	return c
}

// fromFile is the annotation of flags that a file has set.
const fromFile = "ikc-conform: from a file"

// commanded tells whether a flag was given on the command line.
func commanded(c *cobra.Command, name string) bool {
	f := c.Flags().Lookup(name)
	if f == nil || !f.Changed {
		return false
	}
	_, filed := f.Annotations[fromFile]
	return !filed
}

// configure sets the flags of a file that the command line has not, and returns the arguments, or
// the targets of the file if there are none.
func configure(cmd *cobra.Command, path string, args []string) ([]string, error) {
	named := cmd.Flags().Changed("config")
	if named && path == "" {
		return args, nil
	}
	if !named {
		path = config.Name
	}
	f, err := config.Read(path)
	switch {
	case !named && errors.Is(err, fs.ErrNotExist):
		return args, nil
	case err != nil:
		return nil, fmt.Errorf("--config: %w", err)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: flags from %s\n", visible.Text(path))
	changed := map[string]bool{}
	for _, flag := range f.Flags(cmd.Name()) {
		known := cmd.Flags().Lookup(flag.Name)
		switch {
		case known == nil && flag.Shared:
			continue
		case known == nil || flag.Name == "config" || flag.Name == "help":
			return nil, fmt.Errorf("%s:%d: %q: expected a flag of '%s'", path, flag.Line, flag.Name, cmd.CommandPath())
		}
		if _, again := changed[flag.Name]; !again {
			changed[flag.Name] = known.Changed
		}
		if changed[flag.Name] {
			continue
		}
		if err := setFiled(cmd.Flags(), known, flag); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, flag.Line, err)
		}
		if err := cmd.Flags().SetAnnotation(flag.Name, fromFile, nil); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, flag.Line, err)
		}
	}
	if len(args) == 0 && cmd.Name() != "check" && !given(cmd, "all") {
		args = f.Targets
	}
	return args, nil
}
