package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func recordCommand() *cobra.Command {
	var listen, to, output string
	var force bool
	var harm disturbing
	c := &cobra.Command{
		Use:   "record --listen ADDRESS --to ADDRESS -o FILE",
		Short: "Record traffic by way of a relay",
		Long: `Record listens for connections and passes everything on to another address and back, and writes what went
by as a pcapng capture that Wireshark opens and 'ikc-conform check' judges. It needs no privileges.
Point the client at --listen. It ends with an interrupt (Ctrl-C), when what is open is cut.

The capture has all parameters in it: the file is new, unless --force is given, and only you can read it. If it cannot be
written any more, since the disk is full for example, that is said at once, all connections go on, and the exit status is 3.

An address is HOST:PORT, or unix:PATH. The server is only connected to once the client has spoken.

The relay can disturb what it passes on: --latency, --jitter, --bandwidth, --split, and what ends a direction or a
connection. The capture has what each side sent, when it sent it; comments in it say what the relay did. --disturb
FILE has the same words, one with its value in each line ("latency 50ms"), on top of the flags, and is read again
whenever it changes, for all connections; a file that is not there says nothing.`,
		Example: "  ikc-conform record --listen 127.0.0.1:6031 --to 10.0.0.7:603 -o worker.pcapng\n" +
			"  ikc-conform record --listen 127.0.0.1:6031 --to 10.0.0.7:603 -o - | ikc-conform inspect --follow -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := mayBePiped(cmd, output); err != nil {
				return err
			}
			if err := cmp.Or(endpoint("listen", listen, true), endpoint("to", to, false)); err != nil {
				return err
			}
			if err := harm.begin(cmd); err != nil {
				return err
			}
			meta := capture.Meta{Comments: []string{fmt.Sprintf("ikc-conform record --listen %s --to %s", listen, to)}}
			w, told, err := create(cmd, output, meta, force)
			if err != nil {
				return broken(err)
			}
			opts := relay.Options{Writer: w, Logger: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}
			opts.ListenNetwork, opts.ListenAddress = network(listen)
			opts.TargetNetwork, opts.TargetAddress = network(to)
			r, err := relay.Start(opts)
			if err != nil {
				return errors.Join(cannotListen(listen+" --to "+to, err), w.Close())
			}
			harm.disturb(r, told)
			fmt.Fprintf(told, "recording %v -> %s to %s\n", r.Addr(), visible.Text(to), visible.Text(output))
			// What is recorded is there for who follows it.
			for tick := time.NewTicker(100 * time.Millisecond); cmd.Context().Err() == nil; {
				select {
				case <-tick.C:
					r.Flush()
					harm.again(r, told, cmd.ErrOrStderr())
				case <-cmd.Context().Done():
					tick.Stop()
				}
			}
			limit, cancel := context.WithTimeout(context.Background(), endTime)
			defer cancel()
			if err := r.Close(limit); err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(err))
			}
			return broken(w.Close())
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "where clients connect")
	c.Flags().StringVar(&to, "to", "", "where the server is")
	c.Flags().StringVarP(&output, "output", "o", "", "the capture to write; - for standard output")
	harm.flags(c)
	c.Flags().BoolVar(&force, "force", false, "overwrite the file of --output if it is there")
	_ = c.MarkFlagRequired("to")
	_ = c.MarkFlagRequired("output")
	return c
}

// mayBePiped refuses a capture on a terminal. Whoever reads one from a pipe may end: connections go
// on.
func mayBePiped(cmd *cobra.Command, output string) error {
	if output != "-" {
		return nil
	}
	if isTerminal(cmd.OutOrStdout()) {
		return errors.New("--output -: expected a file or a pipe for the capture, standard output is a terminal")
	}
	signal.Ignore(syscall.SIGPIPE)
	return nil
}

// create opens the capture, and says where to tell of what is done.
func create(cmd *cobra.Command, output string, meta capture.Meta, force bool) (w *capture.Writer, told io.Writer, err error) {
	if output == "-" {
		w, err = capture.NewWriter(visible.Raw(cmd.OutOrStdout()), meta)
		return w, cmd.ErrOrStderr(), err
	}
	w, err = capture.CreateNew(output, meta, mayOverwrite(force))
	return w, cmd.OutOrStdout(), forceHint(err)
}

// mayOverwrite is what --force says of a file that is there.
func mayOverwrite(force bool) outfile.May {
	if force {
		return outfile.Any
	}
	return nil
}

// forceHint says what to do about a file that is there.
func forceHint(err error) error {
	if errors.Is(err, outfile.ErrExists) {
		return fmt.Errorf("%w; name another, or add --force", err)
	}
	return err
}

// endpoint refuses an address, HOST:PORT or unix:PATH, that makes no sense.
func endpoint(flag, address string, listen bool) error {
	if err := targets.CheckEndpoint(address, listen); err != nil {
		return fmt.Errorf("--%s %w", flag, err)
	}
	return nil
}

// cannotListen says that an address cannot be had.
func cannotListen(address string, err error) error {
	return broken(fmt.Errorf("--listen %s: %w\n  expected an address of this machine with a port that is free, such as 127.0.0.1:6031", address, err))
}

// network splits an address of a user into those of package net.
func network(address string) (network, rest string) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", strings.TrimPrefix(address, "tcp:")
}
