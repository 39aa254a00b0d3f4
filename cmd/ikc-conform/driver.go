package main

import (
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

func driverCommand() *cobra.Command {
	var listen string
	c := &cobra.Command{
		Use:   "driver",
		Short: "Drive the reference kernel by the driver protocol",
		Long: `Driver puts the Go reference kernel under the control of whoever speaks the driver protocol
(conformance/DRIVER.md) on its standard input and output. 'ikc-conform run "cmd:ikc-conform driver"' is
how it is tested as any other implementation would be.

With --listen it waits for connections and is a driver to each, so that it can be started under a debugger first:
'ikc-conform run driver:127.0.0.1:9000 --debug'.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if listen != "" {
				return listenDriver(cmd, listen)
			}
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			return broken(refdriver.Serve(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), log))
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "listen on this `ADDRESS`, host:port or the path of a Unix socket, instead of using standard input")
	return c
}

func listenDriver(cmd *cobra.Command, address string) error {
	network := "tcp"
	if strings.Contains(address, "/") {
		network = "unix"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return broken(err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "listening on driver:%s\n", l.Addr())
	return broken(refdriver.Listen(cmd.Context(), l, slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))))
}
