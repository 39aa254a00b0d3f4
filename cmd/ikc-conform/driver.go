package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/mutants"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

func driverCommand() *cobra.Command {
	var listen, defect string
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
			serve, err := driverOf(defect, refdriver.Config{Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))})
			if err != nil {
				return err
			}
			if listen != "" {
				return listenDriver(cmd, listen, serve)
			}
			return broken(serve(cmd.Context(), cmd.InOrStdin(), visible.JSON(visible.Raw(cmd.OutOrStdout()))))
		},
	}
	c.Flags().StringVar(&listen, "listen", "", "listen on this `ADDRESS`, host:port or the path of a Unix socket, instead of using standard input")
	c.Flags().StringVar(&defect, "defect", "", "behave badly in one of the ways that 'ikc-conform mutants --list' names")
	return c
}

// driverOf is the driver of the reference kernel, or of a kernel with a defect if one is named.
func driverOf(defect string, cfg refdriver.Config) (refdriver.ServeFunc, error) {
	if defect == "" {
		return cfg.Serve, nil
	}
	d := mutants.Find(defect)
	if d == nil {
		return nil, fmt.Errorf("--defect %q: expected one of those that 'ikc-conform mutants --list' names", defect)
	}
	return func(ctx context.Context, in io.Reader, out io.Writer) error { return d.Serve(ctx, in, out, cfg) }, nil
}

func listenDriver(cmd *cobra.Command, address string, serve refdriver.ServeFunc) error {
	network := "tcp"
	if strings.Contains(address, "/") {
		network = "unix"
	} else if err := endpoint("listen", address, true); err != nil {
		return err
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return cannotListen(address, err)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "listening on driver:%s\n", visible.Text(l.Addr().String()))
	return broken(refdriver.Listen(cmd.Context(), l, serve))
}
