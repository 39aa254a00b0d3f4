package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func recordCommand() *cobra.Command {
	var listen, to, output string
	c := &cobra.Command{
		Use:   "record --listen ADDRESS --to ADDRESS -o FILE",
		Short: "Record traffic by way of a relay",
		Long: `Record listens for connections and passes everything on to another address and back, and writes what went
by as a pcapng capture that Wireshark opens and 'ikc-conform check' judges. It needs no privileges.
Point the client at --listen. It ends with an interrupt (Ctrl-C), when what is open is cut.

An address is HOST:PORT, or unix:PATH. The server is only connected to once the client has spoken.`,
		Example: "  ikc-conform record --listen 127.0.0.1:6031 --to 10.0.0.7:603 -o worker.pcapng\n" +
			"  ikc-conform record --listen 127.0.0.1:6031 --to 10.0.0.7:603 -o - | ikc-conform inspect --follow -",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output == "-" && isTerminal(cmd.OutOrStdout()) {
				return errors.New("--output -: expected a file or a pipe for the capture, standard output is a terminal")
			}
			meta := capture.Meta{Comments: []string{fmt.Sprintf("ikc-conform record --listen %s --to %s", listen, to)}}
			w, err := capture.Create(output, meta)
			told := cmd.OutOrStdout()
			if output == "-" {
				w, err = capture.NewWriter(visible.Raw(cmd.OutOrStdout()), meta)
				told = cmd.ErrOrStderr()
			}
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
			fmt.Fprintf(told, "recording %v -> %s to %s\n", r.Addr(), visible.Text(to), visible.Text(output))
			// What is recorded is there for who follows it.
			for tick := time.NewTicker(100 * time.Millisecond); cmd.Context().Err() == nil; {
				select {
				case <-tick.C:
					if err := w.Flush(); err != nil {
						return broken(fmt.Errorf("%s: %w", output, err))
					}
				case <-cmd.Context().Done():
					tick.Stop()
				}
			}
			limit, cancel := context.WithTimeout(context.Background(), time.Second)
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
	_ = c.MarkFlagRequired("to")
	_ = c.MarkFlagRequired("output")
	return c
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
