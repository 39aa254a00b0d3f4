package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/mock"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// mockHelp is what the help of serve says of mocks.
const mockHelp = `
With --from CAPTURE it is a mock of the server in the capture, with its sessions and states, and its name unless --name is
given. A request is answered as a recorded one was whose params are alike; of several, each in its turn, those of a
connection of the same name first. Params that are like none get what the next of the same shape got, or else the next of
the state; --strict refuses them. States that were not asked for are refused as by a server that does not publish them.
What the recorded server posted and called by itself comes after what it came after then. All of it comes at once, or with
--speed 1 after the recorded times. The ids of kernels in params are those of now; times are as recorded.

With --connect it is a mock of the workers in the capture, or of those that --kernel names: each connects, again and
again, and does what it did.

It tells what was not in the recording, ends with an interrupt, and then says what it was asked. Exit status, of a mock: 0 all
that was asked was recorded, or something like it; 1 something was refused, or did not come about; 5 nothing was asked;
3 and 130 as everywhere.
'ikc-conform serve schema' prints the schema of --json.`

// mocking is what serve was asked for with --from.
type mocking struct {
	outputs[*mock.Report]
	from, connect, noise string
	kernels              []string
	start, end           string
	filter               dialogue.Filter
	manner               mock.Manner
	every                time.Duration
}

// mockFlags are those that make sense with --from only.
var mockFlags = []string{"connect", "kernel", "speed", "strict", "noise", "patience", "connection", "from-time", "to-time", "every", "json", "html"}

func (m *mocking) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&m.from, "from", "", "be a mock of a kernel in this `CAPTURE`")
	f.StringVar(&m.connect, "connect", "", "be a mock of workers, and connect to this server: HOST:PORT or unix:PATH")
	f.StringSliceVar(&m.kernels, "kernel", nil, "which recorded kernels, by the names that they had")
	f.Float64Var(&m.manner.Speed, "speed", 0, "how many times as fast as recorded; 0 is at once")
	f.BoolVar(&m.manner.Strict, "strict", false, "refuse params that are like none recorded")
	f.StringVar(&m.noise, "noise", "", "what may differ in params that are alike: a `FILE` of lines, see 'ikc-conform diff'")
	f.DurationVar(&m.manner.Patience, "patience", mock.DefaultPatience, "how long to wait for an answer that came then")
	f.IntSliceVar(&m.filter.Connections, "connection", nil, "only the recorded connections of these numbers")
	f.StringVar(&m.start, "from-time", "", "only what was recorded from this time on: as --from of 'ikc-conform inspect'")
	f.StringVar(&m.end, "to-time", "", "only what was recorded before this time: as --to of 'ikc-conform inspect'")
	f.DurationVar(&m.every, "every", 0, "how often to say how it stands; 0 is never")
	m.flag(c, "json", "what a mock was asked, for programs", func(w io.Writer, r *mock.Report) error { return r.WriteJSON(w) })
	m.flag(c, "html", "what a mock was asked, for a browser", func(w io.Writer, r *mock.Report) error { return r.WriteHTML(w) })
	c.AddCommand(schemaCommand("Print the JSON Schema of what a mock was asked", mock.Schema))
}

// asked is a flag that was given and makes sense with --from only, "" if there is none.
func (m *mocking) asked(cmd *cobra.Command) string {
	i := slices.IndexFunc(mockFlags, func(name string) bool { return cmd.Flags().Changed(name) })
	if i < 0 {
		return ""
	}
	return mockFlags[i]
}

// parse reads the flags.
func (m *mocking) parse(cmd *cobra.Command) (err error) {
	switch {
	case m.manner.Speed < 0 || !(m.manner.Speed <= 1e6):
		return fmt.Errorf("--speed %v: expected how many times as fast as recorded, or 0", m.manner.Speed)
	case m.manner.Patience <= 0:
		return fmt.Errorf("--patience %v: expected a duration such as 10s", m.manner.Patience)
	case m.every < 0:
		return fmt.Errorf("--every %v: expected a duration such as 10s, or 0", m.every)
	case m.connect != "" && cmd.Flags().Changed("listen"):
		return errors.New("--connect and --listen: expected one of the two")
	}
	if m.connect != "" {
		if err := endpoint("connect", m.connect, false); err != nil {
			return err
		}
	}
	if m.filter.From, m.filter.FromStart, err = parseWhen("--from-time", m.start); err != nil {
		return err
	}
	if m.filter.To, m.filter.ToStart, err = parseWhen("--to-time", m.end); err != nil {
		return err
	}
	if m.manner.Noise, err = readNoise(m.noise); err != nil {
		return err
	}
	return m.check()
}

// run plays the kernels until an interrupt.
func (m *mocking) run(cmd *cobra.Command, cfg ikc.Config, listen string) error {
	if err := m.parse(cmd); err != nil {
		return err
	}
	recording, err := m.read(cmd)
	switch {
	case err != nil && cmd.Context().Err() != nil:
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted before all of the capture was read")
		return exitStatus(report.ExitInterrupted)
	case err != nil:
		return broken(err)
	}
	kernels, err := m.choose(recording, cfg.Name)
	if err != nil {
		return err
	}
	cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	m.manner.Logger = cfg.Logger
	var mocks []*mock.Mock
	defer func() {
		for _, one := range mocks {
			shutDown(cmd, one.Close)
		}
	}()
	for _, k := range kernels {
		one, err := mock.Start(k, cfg, m.manner)
		if err != nil {
			return broken(err)
		}
		mocks = append(mocks, one)
	}
	told := cmd.OutOrStdout()
	if !m.text() {
		told = cmd.ErrOrStderr()
	}
	if err := m.meet(cmd, mocks, listen, told); err != nil {
		return err
	}
	for _, one := range mocks {
		shutDown(cmd, one.Close)
	}
	r := mock.NewReport(recording, mocks...)
	if m.text() {
		if err := r.WriteText(told); err != nil {
			return broken(err)
		}
	}
	if err := m.save(cmd.OutOrStdout(), r); err != nil {
		return err
	}
	switch {
	case r.Missed() > 0:
		return exitStatus(report.ExitNotConformant)
	case r.Asked() == 0:
		return exitStatus(report.ExitNothing)
	}
	return nil
}

// side is who is played.
func (m *mocking) side() wire.Role {
	if m.connect != "" {
		return wire.Client
	}
	return wire.Server
}

// read reads the capture.
func (m *mocking) read(cmd *cobra.Command) (*mock.Recording, error) {
	in, name, err := openCaptures(cmd, []string{m.from})
	if err != nil {
		return nil, err
	}
	defer in.Close()
	tuneForCheck()
	r, err := mock.Read(in.Events(capture.Limits{}), mock.Options{Side: m.side(), Keep: m.filter.Keep})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

// choose tells which kernels are played.
func (m *mocking) choose(r *mock.Recording, name string) ([]*mock.Kernel, error) {
	var names []string
	var kernels []*mock.Kernel
	for _, k := range r.Kernels {
		if m.side() == wire.Client && k.Requests == 0 { // it only asks: replay does that
			continue
		}
		names = append(names, visible.Text(k.Name))
		if len(m.kernels) == 0 || slices.Contains(m.kernels, k.Name) {
			kernels = append(kernels, k)
		}
	}
	what := map[wire.Role]string{wire.Server: "a server", wire.Client: "a worker, a kernel that connected and was asked something"}[m.side()]
	for _, want := range m.kernels {
		if !slices.ContainsFunc(kernels, func(k *mock.Kernel) bool { return k.Name == want }) {
			return nil, fmt.Errorf("--kernel %s: expected %s in %s, there are: %s", want, what, m.from, strings.Join(names, ", "))
		}
	}
	switch {
	case len(kernels) == 0 && r.Left > 0:
		return nil, broken(fmt.Errorf("%s: expected %s, got connections without their start, or with octets missing: %d", m.from, what, r.Left))
	case len(kernels) == 0:
		return nil, broken(fmt.Errorf("%s: expected %s in it, there is none", m.from, what))
	case len(kernels) > 1 && m.side() == wire.Server:
		return nil, fmt.Errorf("--from %s: expected one server, got several: name one by --kernel: %s", m.from, strings.Join(names, ", "))
	case len(kernels) > 1 && name != "":
		return nil, fmt.Errorf("--name %s: expected one worker to be called so, got several: name one by --kernel: %s", name, strings.Join(names, ", "))
	}
	return kernels, nil
}

// meet serves, or connects, until an interrupt.
func (m *mocking) meet(cmd *cobra.Command, mocks []*mock.Mock, listen string, told io.Writer) error {
	ctx := cmd.Context()
	say := func(i int, does, where string) {
		fmt.Fprintf(told, "%s, as in %s, %s %s\n", visible.Text(mocks[i].Kernel().Name()), visible.Text(m.from), does, visible.Text(where))
	}
	var l net.Listener
	if m.connect == "" {
		var err error
		if l, err = net.Listen(network(listen)); err != nil {
			return cannotListen(listen, err)
		}
		say(0, "listens on", l.Addr().String())
	} else {
		for i := range mocks {
			say(i, "connects to", m.connect)
		}
	}
	keeping(ctx)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	failed := make([]error, len(mocks))
	var all sync.WaitGroup
	for i, one := range mocks {
		all.Go(func() {
			defer cancel()
			if l != nil {
				failed[i] = one.Kernel().Serve(ctx, l)
				return
			}
			at, address := network(m.connect)
			failed[i] = one.Kernel().KeepConnected(ctx, at, address, ikc.Backoff{})
		})
	}
	if m.every > 0 {
		m.tell(ctx, mocks, told)
	}
	all.Wait()
	if err := errors.Join(failed...); err != nil {
		return broken(err)
	}
	return nil
}

// tell says now and then how it stands.
func (m *mocking) tell(ctx context.Context, mocks []*mock.Mock, told io.Writer) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			for _, one := range mocks {
				p := one.Played()
				fmt.Fprintln(told, visible.Text(p.Counts()))
			}
		case <-ctx.Done():
			return
		}
	}
}
