package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/tempdir"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options of a run. The zero value tries everything that is safe.
type Options struct {
	// Checks to apply. Nil: the catalogue.
	Checks []*judge.Check
	// Cells to try. Nil: all that the target can be tried in.
	Cells []cell.Cell
	// Dir is where captures are left. Empty: a temporary directory that is removed.
	Dir string
	// Session says that a target without a driver has published the conformance session.
	Session bool
	// Hostile allows scenarios that end a real Perl server.
	Hostile bool
	// Segmentation is how the relay cuts what goes through it. Default AsSent.
	Segmentation cell.Segmentation
	// Patience bounds every wait for the target. 0: probe.DefaultTimeout for one that we started, LivePatience for
	// others.
	Patience time.Duration
	// Timeout bounds a cell. 0: DefaultTimeout; negative: none, for a target that is being debugged.
	Timeout time.Duration
	// Progress is told of each cell as it ends. Nil for nobody.
	Progress func(*cell.Result)
}

// DefaultTimeout bounds a cell.
const DefaultTimeout = time.Minute

// Run tries a target, a cell at a time, and closes it. Its error is about the harness; what is wrong with the target is
// in the Result.
func Run(ctx context.Context, t *targets.Target, opts Options) (*cell.TargetResult, error) {
	release, err := opts.prepare()
	if err != nil {
		return nil, err
	}
	r := &cell.TargetResult{Target: t.Spec, Started: time.Now()}
	defer release(r)
	defer t.Close()
	if err := t.Prepare(ctx); err != nil {
		return nil, err
	}
	for _, tried := range opts.Cells {
		if err := ctx.Err(); err != nil {
			return r, context.Cause(ctx)
		}
		c, hello := tryCell(ctx, t, opts, tried)
		if hello != nil {
			r.Identity = hello
		}
		r.Cells = append(r.Cells, c)
		if opts.Progress != nil {
			opts.Progress(c)
		}
	}
	r.Took = time.Since(r.Started)
	return r, nil
}

// prepare fills in what was left out, and makes the directory for captures. What it returns is to be called with the
// results in the end: it removes the directory if it is a temporary one, and forgets the names in it.
func (o *Options) prepare() (func(...*cell.TargetResult), error) {
	if o.Checks == nil {
		o.Checks = checks.Catalogue()
	}
	if o.Cells == nil {
		o.Cells = cell.Cells()
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Dir != "" {
		return func(...*cell.TargetResult) {}, os.MkdirAll(o.Dir, 0o755)
	}
	dir, remove, err := tempdir.New("ikc-conform-run-")
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	return func(results ...*cell.TargetResult) {
		_ = remove()
		for _, r := range results {
			for _, c := range r.Cells {
				c.Capture = ""
			}
		}
	}, nil
}

// tryCell tries one cell, and says what the target's driver said of itself, if it has one.
func tryCell(ctx context.Context, t *targets.Target, opts Options, tried cell.Cell) (*cell.Result, *driver.Hello) {
	r := &runner{target: t, opts: opts, cell: &cell.Result{Cell: tried}}
	began := time.Now()
	ctx = withWait(ctx, opts.Patience)
	if opts.Timeout > 0 {
		limit, cancel := context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
		ctx = limit
	}
	r.run(ctx)
	r.cell.Took = time.Since(began)
	return r.cell, r.hello
}

// runner plays one cell.
type runner struct {
	target *targets.Target
	opts   Options
	cell   *cell.Result
	writer *capture.Writer
	taps   []*controlTap
	hello  *driver.Hello
}

// FileName makes a name of a file of a target's spec, or of any other text.
func FileName(text string) string { return unsafeInName.ReplaceAllString(text, "-") }

var unsafeInName = regexp.MustCompile(`[^-.\w]+`)

func (r *runner) run(ctx context.Context) {
	if reason := r.skip(); reason != "" {
		r.cell.Skipped = reason
		return
	}
	path := filepath.Join(r.opts.Dir, fmt.Sprintf("%s-%s.pcapng", FileName(r.target.Spec), r.cell.Cell.File()))
	var err error
	if r.writer, err = capture.Create(path, capture.Meta{Comments: []string{fmt.Sprintf("ikc-conform run %s (%s)", r.target, r.cell.Cell)}}); err != nil {
		r.cell.Err = err
		return
	}
	play := r.play(ctx)
	var failed []error
	for _, t := range r.taps {
		failed = append(failed, t.close())
	}
	if err := errors.Join(append(failed, r.writer.Close())...); err != nil {
		r.cell.Err = err
		return
	}
	switch {
	case errors.Is(play, targets.ErrUnusable):
		r.cell.Err = play
		return
	case r.cell.Skipped != "":
		_ = os.Remove(path)
		return
	case play != nil:
		r.problem(play)
	}
	v, err := judge.File(path, applicable(r.opts.Checks, r.cell.Cell.Role), dialogue.Options{AssumeIKC: true}, r.cell.Cell.Role.Side())
	if err != nil {
		r.cell.Err = err
		return
	}
	r.cell.Capture, r.cell.Verdicts, r.cell.Notes = path, v.Verdicts, append(r.cell.Notes, v.Notes...)
	if v.Err != nil {
		r.cell.Err = v.Err
	}
	for i := range r.cell.Verdicts {
		v := &r.cell.Verdicts[i]
		switch {
		case v.Outcome != judge.Inconclusive:
		case v.Check.Aftermath && !r.opts.Hostile:
			v.Outcome, v.Reason = judge.Skipped, "it takes --hostile to find out"
		case v.Check.ByDriver() && !r.target.Driven():
			v.Outcome, v.Reason = judge.Skipped, "it takes a driver to find out"
		}
	}
}

// applicable leaves out what a target in a role has no occasion to do: nobody calls a ClientLite, and it has no sessions.
func applicable(checks []*judge.Check, role cell.Role) []*judge.Check {
	if role != cell.AsClientLite {
		return checks
	}
	return slices.DeleteFunc(slices.Clone(checks), func(c *judge.Check) bool {
		return c.Party == judge.TheResponder || c.Party == judge.TheKernel
	})
}

// LivePatience bounds every wait for a server that somebody may need. It is long, since a server that
// is merely slow must not be left in the middle of a negotiation.
const LivePatience = 30 * time.Second

// skip says why the cell cannot be tried, as far as that is known beforehand.
func (r *runner) skip() string {
	if r.target.Driven() {
		return ""
	}
	switch {
	case r.cell.Cell.Role != cell.AsServer:
		return "a target without a driver can only be tried as a server"
	case r.cell.Cell.Dialect == cell.Fallback:
		return "it takes a driver to start the server with the protocol IKC"
	}
	return ""
}

func (r *runner) problem(err error) { r.cell.Problems = append(r.cell.Problems, err.Error()) }

// start starts the target's driver, and skips the cell if the target says that it cannot play it.
func (r *runner) start(ctx context.Context) (*driver.Driver, error) {
	d, hello, err := r.target.Start(ctx, r.recorded(r.cell.Cell.Role.Side()))
	if err != nil {
		return nil, err
	}
	r.hello = hello
	tried := r.cell.Cell
	if !hello.Has(string(tried.Role)) {
		r.cell.Skipped = fmt.Sprintf("the driver of %s cannot be a %s", hello.Implementation, tried.Role)
	}
	if len(tried.Serializer.Offer()) > 0 && !slices.Contains(hello.Serializers, string(tried.Serializer)) {
		r.cell.Skipped = fmt.Sprintf("%s %s does not have the serializer %s", hello.Implementation, hello.Release, tried.Serializer)
	}
	switch protocol := tried.Dialect.Client().String(); {
	case hello.HasProtocol(protocol) || len(hello.Protocols) == 0:
	case tried.Role == cell.AsServer && tried.Dialect == cell.Fallback:
		r.cell.Skipped = fmt.Sprintf("%s %s does not know SETUP, and so refuses none", hello.Implementation, hello.Release)
	default:
		r.cell.Skipped = fmt.Sprintf("%s %s does not speak %s", hello.Implementation, hello.Release, protocol)
	}
	return d, nil
}

func (r *runner) play(ctx context.Context) error {
	if !r.target.Driven() {
		return r.probeServer(ctx, r.target.Network, r.target.Address, r.opts.Session, nil)
	}
	d, err := r.start(ctx)
	if err != nil {
		return err
	}
	defer d.Close()
	if r.cell.Skipped != "" {
		return nil
	}
	if len(r.hello.Commands) > 0 && !slices.Contains(r.hello.Commands, "session") && r.cell.Cell.Role == cell.AsServer {
		return r.probeBare(ctx, d)
	}
	reference, err := targets.Parse("reference")
	if err != nil {
		return err
	}
	other, _, err := reference.Start(ctx, r.recorded(r.cell.Cell.Role.Side().Other()))
	if err != nil {
		return err
	}
	defer other.Close()
	server, client := d, other
	if r.cell.Cell.Role != cell.AsServer {
		server, client = other, d
	}
	address, err := listen(ctx, server, r.cell.Cell.Dialect)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	what := plot{values: contract.Carried(r.cell.Cell.Serializer.Wire()), testify: true}
	err = r.through(ctx, "tcp", address, func(relay string) error {
		if r.cell.Cell.Role == cell.AsClientLite {
			return duetLite(ctx, client, relay, r.cell.Cell, what)
		}
		return duet(ctx, server, client, relay, r.cell.Cell, what)
	})
	switch {
	case r.cell.Cell.Role != cell.AsServer && errors.Is(err, errConnect) && driver.IsUnsupported(err):
		r.cell.Skipped = fmt.Sprintf("%s %s: %v", r.hello.Implementation, r.hello.Release, err)
		return nil
	case err != nil:
		r.problem(err)
	}
	switch r.cell.Cell.Role {
	case cell.AsServer:
		err = r.probeServer(ctx, "tcp", address, true, d)
	case cell.AsClient:
		err = r.probeClient(ctx, d)
	case cell.AsClientLite:
		return r.refuseLite(ctx, d)
	}
	if err != nil || r.gone(d) {
		return err
	}
	return r.through(ctx, "tcp", address, func(relay string) error {
		if err := r.curtain(ctx, server, client, relay); err != nil {
			r.problem(err)
		}
		return nil
	})
}

// gone tells whether a hostile scenario has ended the target's driver, as it may.
func (r *runner) gone(target *driver.Driver) bool {
	if !r.opts.Hostile {
		return false
	}
	select {
	case <-target.Done():
		return true
	default:
		return false
	}
}

// curtain has the two kernels connect for the last time, and the target's end.
func (r *runner) curtain(ctx context.Context, server, client *driver.Driver, relay string) error {
	connected, err := client.Connect(ctx, connectTo(ctx, relay, r.cell.Cell))
	if err != nil {
		return fmt.Errorf("a last time: %w", err)
	}
	if connected == "" {
		connected = serverName
	}
	there := voice{client, connected, clientSession, clientName}
	if _, err := there.call(ctx, wire.SessionIKC, wire.StatePing, perl.NewBytes(wire.Ping)); err != nil {
		return err
	}
	if r.cell.Cell.Role == cell.AsServer {
		return curtain(ctx, voice{server, clientName, clientSession, serverName}, serverNames, client)
	}
	return curtain(ctx, there, clientNames, server)
}

// probeBare plays on a server whose driver cannot give it a session: what every kernel publishes itself, and
// the conformance session if the server has it from the start.
func (r *runner) probeBare(ctx context.Context, d *driver.Driver) error {
	at, err := d.Listen(ctx, driver.Listen{Name: serverName, Protocol: r.cell.Cell.Dialect.Server().String()})
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	session := r.hello.Has(driver.SessionPublished)
	if !session {
		r.cell.Notes = append(r.cell.Notes, "the driver has no command session: tried with what every kernel publishes itself")
	}
	return r.probeServer(ctx, "tcp", at.Address, session, nil)
}

// through plays something by way of a relay that records it as traffic of this cell.
func (r *runner) through(ctx context.Context, network, address string, play func(relay string) error) error {
	return through(ctx, relay.Options{
		TargetNetwork: network, TargetAddress: address, Writer: r.writer,
		Interface: string(r.cell.Cell.Role), Description: "the target is the " + string(r.cell.Cell.Role),
		Fault: func(_ int, from capture.Direction) relay.Fault { return segmentationFault(r.opts.Segmentation, from) },
	}, play)
}

// allowed tells whether a scenario may be played on the target.
func (r *runner) allowed(s scenario, session bool) bool {
	switch {
	case s.session && !session:
		return false
	case s.risk == hostile:
		return r.opts.Hostile
	case s.risk == odd:
		return r.target.Driven() || r.opts.Hostile
	}
	return true
}

// probeServer plays scenarios on a server; target is its driver, nil for one without.
func (r *runner) probeServer(ctx context.Context, network, address string, session bool, target *driver.Driver) error {
	if !r.target.Driven() {
		if err := reachable(network, address); err != nil {
			return err
		}
	}
	err := r.through(ctx, network, address, func(relay string) error {
		s := &stage{dialect: r.cell.Cell.Dialect.Client(), serializer: r.cell.Cell.Serializer.Wire(), connect: func(ctx context.Context, cfg probe.Config, negotiate bool) (*probe.Conn, error) {
			if negotiate {
				return probe.Dial(ctx, "tcp", relay, cfg)
			}
			return probe.Open(ctx, "tcp", relay, cfg)
		}}
		if s.timeout = r.opts.Patience; s.timeout == 0 && !r.target.Driven() {
			s.timeout = LivePatience
		}
		r.scenes(ctx, scenarios(), s, session)
		return r.crowded(ctx, s, target)
	})
	if r.opts.Hostile && err != nil {
		// A target that is gone is what hostile scenarios are about.
		r.cell.Notes = append(r.cell.Notes, err.Error())
		return nil
	}
	return err
}

// patience is how many scenarios in a row may come to nothing before the rest is not tried.
const patience = 3

// scenes plays the scenarios that are allowed.
func (r *runner) scenes(ctx context.Context, list []scenario, s *stage, session bool) {
	failed := 0
	for _, sc := range list {
		if !r.allowed(sc, session) {
			continue
		}
		if failed == patience {
			r.problem(fmt.Errorf("scenario %q and those after it were not tried, since the %d before it came to nothing", sc.name, patience))
			return
		}
		failed++
		err := sc.run(ctx, s)
		if err != nil && sc.risk == hostile && silence(err) {
			r.cell.Notes = append(r.cell.Notes, fmt.Sprintf("scenario %q: the target is not there any more: %v", sc.name, err))
			continue
		}
		if err != nil {
			r.problem(fmt.Errorf("scenario %q: %w", sc.name, err))
			continue
		}
		failed = 0
	}
}

// crowded plays the scenarios in which several connections ask a driven target at the same time.
func (r *runner) crowded(ctx context.Context, s *stage, target *driver.Driver) error {
	if target == nil || r.gone(target) {
		return nil
	}
	if err := publishCrowd(ctx, target); err != nil {
		return fmt.Errorf("sessions for several connections: %w", err)
	}
	r.scenes(ctx, append(crowdScenarios(target), namesakeScenarios(target)...), s, true)
	return nil
}

// kindOf says what a file is that should have been a socket.
func kindOf(m os.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m.IsRegular():
		return "a file"
	}
	return "something else (" + m.Type().String() + ")"
}

// reachable finds out whether an address makes sense, without connecting: a bare connection ends a
// real Perl server.
func reachable(network, address string) error {
	if network == "unix" {
		info, err := os.Stat(address)
		if err != nil {
			return fmt.Errorf("%w: %w", targets.ErrUnusable, err)
		}
		if info.Mode()&os.ModeSocket == 0 {
			return fmt.Errorf("%w: %s: expected a Unix socket, got %s", targets.ErrUnusable, address, kindOf(info.Mode()))
		}
		return nil
	}
	if _, err := net.ResolveTCPAddr(network, address); err != nil {
		return fmt.Errorf("%w: %w", targets.ErrUnusable, err)
	}
	return nil
}

// probeClient has a driven client connect to probes that play scenarios on it.
func (r *runner) probeClient(ctx context.Context, client *driver.Driver) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	tried := r.cell.Cell
	return r.through(ctx, "tcp", l.Addr().String(), func(relay string) error {
		s := &stage{dialect: tried.Dialect.Server(), serializer: tried.Serializer.Wire(), timeout: r.opts.Patience}
		s.connect = func(ctx context.Context, cfg probe.Config, _ bool) (*probe.Conn, error) {
			connecting := make(chan error, 1)
			go func() {
				_, err := client.Connect(ctx, connectTo(ctx, relay, tried))
				connecting <- err
			}()
			if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(wait(ctx))); err != nil {
				return nil, err
			}
			conn, err := l.Accept()
			if err != nil {
				return nil, errors.Join(err, <-connecting)
			}
			c, err := probe.Accept(ctx, conn, cfg)
			if told := <-connecting; err == nil && told != nil {
				_ = c.Close()
				err = told
			}
			return c, err
		}
		r.scenes(ctx, append(responderScenarios(), clientScenarios()...), s, true)
		return r.crowded(ctx, s, client)
	})
}
