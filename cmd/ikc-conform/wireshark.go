package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/wireshark"
)

func wiresharkCommand() *cobra.Command {
	var install bool
	var dir string
	c := &cobra.Command{
		Use:   "wireshark",
		Short: "Install the dissector of IKC for Wireshark",
		Long: `Wireshark prints the dissector of IKC, in Lua, which shows negotiations, frames, messages and values, and leads
from an answer to its call. With --install it is written to Wireshark's folder for personal Lua plugins, which
tshark is asked for, with colouring rules beside it. IKC is then found by its content, on any port; "Decode As" has it too.

Exit status: 0 it worked, 2 usage, 3 a file cannot be written.`,
		Example: "  ikc-conform wireshark --install\n  tshark -r worker.pcapng -Y 'ikc.kind == \"error\"'\n  tshark -X lua_script:<(ikc-conform wireshark) -r worker.pcapng -Y ikc",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !install {
				if dir != "" {
					return errors.New("--dir says where to install: add --install")
				}
				_, err := cmd.OutOrStdout().Write(wireshark.Dissector)
				return broken(err)
			}
			if dir == "" {
				var err error
				if dir, err = pluginDir(cmd.Context()); err != nil {
					return broken(err)
				}
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return broken(fmt.Errorf("the folder for plugins: %w; --dir names another", err))
			}
			script, colors := filepath.Join(dir, "ikc.lua"), filepath.Join(dir, "ikc.colorfilters")
			if err := errors.Join(os.WriteFile(script, wireshark.Dissector, 0o644),
				os.WriteFile(colors, wireshark.ColorFilters, 0o644)); err != nil {
				return broken(err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "installed %s; start Wireshark anew, or Analyze > Reload Lua Plugins\n"+
				"for colours: View > Coloring Rules > Import, %s\n", script, colors)
			return nil
		},
	}
	c.Flags().BoolVar(&install, "install", false, "write it to the folder for personal Lua plugins")
	c.Flags().StringVar(&dir, "dir", "", "install to this folder instead")
	return c
}

// pluginDir is where Wireshark looks for personal Lua plugins: what tshark says, else where it is
// usually.
func pluginDir(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tshark", "-G", "folders")
	cmd.WaitDelay = afterKill
	if out, err := cmd.Output(); err == nil {
		for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
			if path, ok := strings.CutPrefix(s.Text(), "Personal Lua Plugins:"); ok {
				return strings.TrimSpace(path), nil
			}
		}
	}
	if runtime.GOOS == "windows" {
		if data := os.Getenv("APPDATA"); data != "" {
			return filepath.Join(data, "Wireshark", "plugins"), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("no tshark to ask where plugins belong, and no home directory (%w); --dir names the folder", err)
	}
	return filepath.Join(home, ".local", "lib", "wireshark", "plugins"), nil
}
