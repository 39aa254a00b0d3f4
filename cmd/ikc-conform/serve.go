package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	ikc "github.com/perl-ikc/ikc-conform/reference"
)

func serveCommand() *cobra.Command {
	var listen, name, protocol string
	var serializers []string
	var memory int
	var callersOnly bool
	var m mocking
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the reference kernel, or a mock of a recorded one, as a server",
		Long: `Serve runs the Go reference kernel as a server with the conformance session published (see
'ikc-conform list --session'): something to try a client on. It prints its address, and ends with
an interrupt (Ctrl-C).

The process takes about --memory MiB, whatever peers do: a quarter of that is what all of them
together can make it hold. When they want more, the one that holds the most loses its connection.
A frame may have a sixteenth of --memory.

An answer goes to whatever kernel the request names for it, as in the original; with
--answer-callers-only only to the one that asked.
` + mockHelp,
		Example: "  ikc-conform serve --listen 127.0.0.1:31337\n  ikc-conform serve --listen unix:/tmp/ikc --name Timeserver\n" +
			"  ikc-conform serve --from production.pcapng --listen 127.0.0.1:31337\n" +
			"  ikc-conform serve --from production.pcapng --connect 127.0.0.1:603 --kernel Worker --strict",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if memory < leastMemory || memory > mostMemory {
				return fmt.Errorf("--memory %d: expected %d to %d MiB", memory, leastMemory, mostMemory)
			}
			octets := memory << 20
			debug.SetMemoryLimit(int64(octets / 2)) // the rest is the program itself, and what Go is late for
			debug.SetGCPercent(400)                 // memory that is allowed is better used than collected
			held := octets / 4
			cfg := ikc.Config{Name: name, MaxMemory: held, MaxFrame: held / 4, MaxQueue: held / 4, AnswerCallersOnly: callersOnly,
				Logger: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))}
			if err := endpoint("listen", listen, true); err != nil {
				return err
			}
			var err error
			if m.from == "" || cmd.Flags().Changed("protocol") {
				if cfg.Dialect, err = parseDialect(protocol); err != nil {
					return err
				}
			}
			if m.from == "" || cmd.Flags().Changed("serializer") {
				if cfg.Serializers, err = parseSerializers(serializers); err != nil {
					return err
				}
			}
			if m.from == "" && m.asked(cmd) != "" {
				return fmt.Errorf("--%s is about a mock: add --from CAPTURE", m.asked(cmd))
			}
			if m.from != "" {
				if !cmd.Flags().Changed("name") {
					cfg.Name = ""
				}
				return m.run(cmd, cfg, listen)
			}
			k, err := ikc.New(cfg)
			if err != nil {
				return err
			}
			s, err := k.NewSession(contract.SessionAlias, nil)
			if err != nil {
				return err
			}
			for name, action := range contract.SessionStates() {
				state, err := refdriver.State(action)
				if err != nil {
					return err
				}
				s.Handle(name, state)
			}
			s.Publish(contract.PublishedStates()...)
			l, err := net.Listen(network(listen))
			if err != nil {
				return cannotListen(listen, err)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s listens on %s\n", visible.Text(name), visible.Text(l.Addr().String()))
			if err := k.Serve(cmd.Context(), l); err != nil {
				return broken(err)
			}
			shutDown(cmd, k.Shutdown)
			return nil
		},
	}
	c.Flags().StringVar(&listen, "listen", "127.0.0.1:603", "HOST:PORT or unix:PATH; port 0 takes any")
	c.Flags().StringVar(&name, "name", "Reference", "the name of the kernel")
	c.Flags().StringVar(&protocol, "protocol", "IKC0", "IKC0 (and IKC for who asks), or IKC only")
	c.Flags().StringSliceVar(&serializers, "serializer", []string{"Storable"}, "serializers to accept, the preferred first: Storable, FreezeThaw, POE::Component::IKC::Freezer")
	c.Flags().BoolVar(&callersOnly, "answer-callers-only", false, "send answers to no other kernel than the one that asked")
	c.Flags().IntVar(&memory, "memory", 128, "about what the process takes at most, in MiB; a recording takes more")
	m.flags(c)
	return c
}

// shutDown ends a kernel, and says if that cut connections.
func shutDown(cmd *cobra.Command, end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	if err := end(ctx); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: some connections were cut: %v\n", err)
	}
}

// Bounds of --memory, in MiB. What the program takes itself fits into the least.
const (
	leastMemory = 64
	mostMemory  = 1 << 20
)
