package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/container"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// perlFound is one Perl of this machine.
type perlFound struct {
	Name     string            `json:"name"`
	Command  []string          `json:"command"`
	Versions map[string]string `json:"versions,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func perlsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "perls",
		Short: "List the Perls that targets can have",
		Long: `Perls lists the perl in PATH and those in $IKC_PERLS (default ` + driver.DefaultPerls + `), a directory for each: the root of a Debian
system of any suite and architecture, or a directory in which perl was installed, with bin/perl in it.
'ikc-conform perls add SUITE' makes one of Debian.

A target names one behind its release: perl@0.2402/trixie, or by its version: perl@0.2402/5.40.

Exit status: 0 they are listed (what is wrong with one is said), 2 usage.`,
		Example: "  ikc-conform perls\n  ikc-conform run perl@0.2402/trixie\n  ikc-conform matrix --perls all",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := lookForPerls(cmd.Context())
			if cmd.Context().Err() != nil {
				return broken(context.Cause(cmd.Context()))
			}
			out := cmd.OutOrStdout()
			if asJSON {
				e := visible.NewEncoder(out)
				e.SetIndent("", "  ")
				return broken(e.Encode(found))
			}
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "NAME\tPERL\tARCHITECTURE\tSTORABLE\tDATA::DUMPER\tPOE")
			for _, p := range visible.Copy(found) {
				if p.Error != "" {
					fmt.Fprintf(w, "%s\t%s\n", p.Name, p.Error)
					continue
				}
				v := p.Versions
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Name, v["perl"], v["arch"], v["Storable"], v["Data::Dumper"], orNone(v["POE"]))
			}
			return broken(w.Flush())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	c.AddCommand(perlsAddCommand())
	return c
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

// lookForPerls asks all Perls what they are.
func lookForPerls(ctx context.Context) []perlFound {
	found := []perlFound{} // none is [] in JSON
	local, err := driver.LocalPerl()
	local.Err = err
	for _, p := range append([]driver.Perl{local}, driver.Perls(driver.PerlsDir())...) {
		f := perlFound{Name: p.String(), Command: p.Command}
		err := p.Err
		if err == nil {
			f.Versions, err = p.About(ctx)
		}
		if err != nil {
			f.Error = err.Error()
		}
		found = append(found, f)
	}
	return found
}

func perlsAddCommand() *cobra.Command {
	var image bool
	var mirror string
	c := &cobra.Command{
		Use:   "add SUITE[-ARCHITECTURE]",
		Short: "Make a Perl of a Debian suite",
		Long: `Add makes the root of a Debian system in $IKC_PERLS (default ` + driver.DefaultPerls + `), with its Perl and what POE::Component::IKC
needs. debootstrap does it, as root, in about a minute; an architecture that this machine does not run
needs qemu-user-static. What it made is run where it is, without chroot, containers and privileges.

With --image it is made an image for containers, too: targets such as perl@0.2402/trixie start from it where the
release is not unpacked. If the Perl is there already, only the image is made.

Exit status: 0 it is there, 2 usage, 3 it could not be made.`,
		Example: "  ikc-conform perls add trixie\n  ikc-conform perls add sid-s390x\n  ikc-conform perls add bookworm --image",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name, dir := args[0], driver.PerlsDir()
			root := filepath.Join(dir, name)
			if _, err := os.Stat(root); !image || err != nil {
				err := driver.MakeRoot(cmd.Context(), dir, name, mirror, func(step string) {
					if text, ok := strings.CutPrefix(step, "I: "); ok && !strings.HasPrefix(text, "Retrieving") && !strings.HasPrefix(text, "Validating") {
						fmt.Fprintln(cmd.ErrOrStderr(), text)
					}
				})
				if err != nil {
					return broken(err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "made %s; use it as perl@RELEASE/%s\n", root, name)
			}
			if !image {
				return nil
			}
			if err := importRoot(cmd.Context(), root, name); err != nil {
				return broken(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "made the image %s\n", container.PerlBase(name))
			return nil
		},
	}
	c.Flags().BoolVar(&image, "image", false, "make it an image for containers, too")
	c.Flags().StringVar(&mirror, "mirror", driver.DefaultMirror, "where Debian's packages are fetched")
	return c
}

// importRoot makes an image of a root.
func importRoot(ctx context.Context, root, name string) error {
	engine, err := container.Connect(ctx)
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	cmd := exec.CommandContext(ctx, "tar", "-C", root, "--one-file-system", "-c", ".")
	cmd.WaitDelay = afterKill
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = w, &said
	if err := cmd.Start(); err != nil {
		return errors.Join(err, engine.Close())
	}
	go func() {
		if err := cmd.Wait(); err != nil {
			_ = w.CloseWithError(fmt.Errorf("tar: %w: %s", err, strings.TrimSpace(said.String())))
			return
		}
		_ = w.Close()
	}()
	err = engine.ImportBase(ctx, name, r)
	_ = r.Close()
	return errors.Join(err, engine.Close())
}
