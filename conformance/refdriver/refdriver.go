// Package refdriver is the driver of the Go reference kernel: it does with a kernel of package
// reference what the driver protocol (conformance/DRIVER.md) asks for.
package refdriver

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Release is what the driver says the release of the reference kernel is.
const Release = "0.1.0"

// Config says how the driver behaves. The zero Config is valid.
type Config struct {
	// Log gets what the kernel warns of. Nil discards it.
	Log *slog.Logger
	// Wrap, if not nil, may return a connection to be used in place of one of the kernel or of a
	// ClientLite; package mutants makes a kernel a bad one by it.
	Wrap func(net.Conn) net.Conn
	// Between, if not nil, may return other ends of the conversation with the harness, for the same
	// purpose.
	Between func(in io.Reader, out io.Writer) (io.Reader, io.Writer)
	// QueuePerSession is that of the kernel, which the original does not have.
	QueuePerSession bool
}

// ServeFunc carries out the commands that come from in until quit, the end of in, or the end of
// ctx.
type ServeFunc func(ctx context.Context, in io.Reader, out io.Writer) error

// Serve is a ServeFunc that drives a kernel of its own and shuts it down in the end.
func (cfg Config) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Between != nil {
		in, out = cfg.Between(in, out)
	}
	d := &refDriver{log: cfg.Log, wrap: cfg.Wrap, queues: cfg.QueuePerSession, lite: lite{wrap: cfg.Wrap},
		server: driver.NewServer(out), sessions: map[string]*ikc.Session{}, monitors: map[string]func(){}}
	for name, h := range map[string]driver.Handler{
		"hello": d.hello, "listen": d.listen, "connect": d.connect, "session": d.session,
		"publish": d.publish, "retract": d.retract, "post": d.post, "call": d.call, "proxy-post": d.proxyPost,
		"subscribe": d.subscribe, "unsubscribe": d.unsubscribe, "monitor": d.monitor,
		"disconnect": d.disconnect, "shutdown": d.shutdown,
		"lite-connect": d.lite.handle((*lite).connect), "lite-post": d.lite.handle((*lite).post),
		"lite-call": d.lite.handle((*lite).call), "lite-post-respond": d.lite.handle((*lite).postRespond),
		"lite-responded": d.lite.handle((*lite).responded), "lite-ping": d.lite.handle((*lite).ping),
		"lite-disconnect": d.lite.handle((*lite).disconnect),
	} {
		d.server.Handle(name, h)
	}
	err := d.server.Serve(ctx, in)
	d.lite.close()
	d.stop(context.Background())
	return err
}

// Listen makes every connection to a listener a driver of its own, until ctx ends, and closes the
// listener.
func Listen(ctx context.Context, l net.Listener, serve ServeFunc) error {
	var running sync.WaitGroup
	defer running.Wait()
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			l.Close()
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		running.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			_ = serve(ctx, conn, conn)
		})
	}
}

// Start runs the driver inside this process.
func Start(ctx context.Context, cfg Config, opts driver.Options) *driver.Driver {
	harness, own := net.Pipe()
	go func() {
		_ = cfg.Serve(ctx, own, own)
		_ = own.Close()
	}()
	return driver.New(harness, opts)
}

// refDriver runs one kernel. It is made by the first command that names it.
type refDriver struct {
	log    *slog.Logger
	wrap   func(net.Conn) net.Conn
	queues bool // one per session
	server *driver.Server

	mu       sync.Mutex
	kernel   *ikc.Kernel
	name     string
	sessions map[string]*ikc.Session
	waiting  []func() error // sessions and monitors to be made with the kernel
	monitors map[string]func()
	lite     lite
}

// monitored are the events that this driver can monitor.
func monitored() []string {
	return []string{
		driver.MonitorRegister, driver.MonitorUnregister, driver.MonitorSubscribe, driver.MonitorUnsubscribe,
		driver.MonitorShutdown, driver.MonitorError, driver.MonitorChannel,
	}
}

// serializers are those that the reference kernel knows, best first.
func serializers() []wire.Serializer {
	return []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}}
}

// names are the names of serializers.
func names(list []wire.Serializer) (out []string) {
	for _, s := range list {
		out = append(out, s.Name())
	}
	return out
}

// choose returns the serializers of these names; all if there are none.
func choose(names []string) ([]wire.Serializer, error) {
	if len(names) == 0 {
		return serializers(), nil
	}
	var chosen []wire.Serializer
	for _, name := range names {
		i := slices.IndexFunc(serializers(), func(s wire.Serializer) bool { return s.Name() == name })
		if i < 0 {
			return nil, driver.Errorf(driver.Unsupported, "serializer %q", name)
		}
		chosen = append(chosen, serializers()[i])
	}
	return chosen, nil
}

func (d *refDriver) hello(context.Context, *driver.Request) (any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := driver.Hello{
		Protocol: driver.ProtocolVersion, Driver: "ikc-conform", Implementation: "ikc-conform/reference", Release: Release,
		Versions: map[string]string{"go": runtime.Version()}, PID: os.Getpid(),
		Capabilities: []string{"server", "client", "clientlite", "unix"},
		Protocols:    []string{wire.IKC.String(), wire.IKC0.String()}, Serializers: names(serializers()),
		Commands: d.server.Commands(), Monitors: monitored(), Booleans: true,
		Actions: []string{"echo", "return", "list", "args", "nothing", "undef", "count", "sender", "respond", "die"},
	}
	if d.kernel != nil {
		h.Kernel = d.kernel.ID()
	}
	return h, nil
}

// need makes the kernel, or checks that it is the one that is meant.
func (d *refDriver) need(name string, aliases []string, protocol string, chosen []wire.Serializer) (*ikc.Kernel, error) {
	dialect := wire.IKC0
	switch protocol {
	case "", wire.IKC0.String():
	case wire.IKC.String():
		dialect = wire.IKC
	default:
		return nil, driver.Errorf(driver.Unsupported, "protocol %q: expected IKC or IKC0", protocol)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kernel != nil {
		if d.name != name {
			return nil, driver.Errorf(driver.Failed, "the kernel of this driver is called %q already", d.name)
		}
		return d.kernel, nil
	}
	k, err := ikc.New(ikc.Config{Name: name, Aliases: aliases, Dialect: dialect, HelloAfter: -1, // it is told what to open with
		Serializers: chosen, Logger: d.log, OnError: d.failed, Wrap: d.wrap, QueuePerSession: d.queues})
	if err != nil {
		return nil, err
	}
	d.kernel, d.name = k, name
	for _, add := range d.waiting {
		if err := add(); err != nil {
			return nil, err
		}
	}
	d.waiting = nil
	return k, nil
}

func (d *refDriver) listen(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Listen
	if err := r.Decode(&f, "name"); err != nil {
		return nil, err
	}
	k, err := d.need(f.Name, f.Aliases, f.Protocol, serializers())
	if err != nil {
		return nil, err
	}
	network, address := "tcp", f.Address
	switch {
	case f.Unix != "":
		network, address = "unix", f.Unix
	case address == "":
		address = "127.0.0.1:0"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, err
	}
	go func() { _ = k.Serve(context.Background(), l) }()
	if f.Unix != "" {
		return driver.Listening{Unix: f.Unix}, nil
	}
	return driver.Listening{Address: l.Addr().String()}, nil
}

func (d *refDriver) connect(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Connect
	if err := r.Decode(&f, "name"); err != nil {
		return nil, err
	}
	if f.Address == "" && f.Unix == "" {
		return nil, driver.Errorf(driver.Usage, "address: expected host:port, or unix with a path")
	}
	chosen, err := choose(f.Serializers)
	if err != nil {
		return nil, err
	}
	k, err := d.need(f.Name, f.Aliases, f.Protocol, chosen)
	if err != nil {
		return nil, err
	}
	network, address := "tcp", f.Address
	if f.Unix != "" {
		network, address = "unix", f.Unix
	}
	timeout := 10 * time.Second
	if f.Timeout > 0 {
		timeout = seconds(f.Timeout)
	}
	return driver.Later(func(ctx context.Context) (any, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		c, err := k.Dial(ctx, network, address, ikc.WithSubscribe(f.Subscribe...))
		if err != nil {
			return nil, err
		}
		return driver.Connected{Kernel: c.Peer().ID}, nil
	}), nil
}

func (d *refDriver) session(_ context.Context, r *driver.Request) (any, error) {
	var f driver.Session
	if err := r.Decode(&f, "session", "states"); err != nil {
		return nil, err
	}
	states := map[string]ikc.State{}
	for name, a := range f.States {
		state, err := State(a)
		if err != nil {
			return nil, err
		}
		states[name] = d.reported(state)
	}
	publish := f.Publish
	if publish == nil {
		publish = new([]string)
		for name := range states {
			*publish = append(*publish, name)
		}
	}
	add := func() error {
		s := d.sessions[f.Session]
		if s == nil {
			var err error
			if s, err = d.kernel.NewSession(f.Session, nil); err != nil {
				return err
			}
			d.sessions[f.Session] = s
		}
		for name, state := range states {
			s.Handle(name, state)
		}
		s.Publish(*publish...)
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kernel == nil {
		d.waiting = append(d.waiting, add)
		return nil, nil
	}
	return nil, add()
}

// reported wraps a state so that the harness hears of it before anything is returned.
func (d *refDriver) reported(state ikc.State) ikc.State {
	return func(ctx context.Context, r *ikc.Request) (any, error) {
		e := driver.Event{Kind: driver.EventState, Session: r.Session.Alias(),
			State: r.State, Args: r.Args, Sender: true, Context: driver.ContextVoid}
		switch {
		case r.IsCall && r.WantArray:
			e.Context = driver.ContextList
		case r.IsCall:
			e.Context = driver.ContextScalar
		}
		_ = d.server.Event(e)
		return state(ctx, r)
	}
}

// of finds a session, the one that sends; a nameless one for "".
func (d *refDriver) of(alias string) (*ikc.Session, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kernel == nil {
		return nil, driver.Errorf(driver.Failed, "there is no kernel yet: listen or connect first")
	}
	if alias == "" {
		alias = "ikc-conform-driver"
		if d.sessions[alias] == nil {
			s, err := d.kernel.NewSession(alias, nil)
			if err != nil {
				return nil, err
			}
			d.sessions[alias] = s
		}
	}
	s := d.sessions[alias]
	if s == nil {
		return nil, driver.Errorf(driver.Failed, "there is no session %q", alias)
	}
	return s, nil
}

func (d *refDriver) publication(r *driver.Request, do func(s *ikc.Session, states ...string)) (any, error) {
	var f driver.Publication
	if err := r.Decode(&f, "session", "states"); err != nil {
		return nil, err
	}
	s, err := d.of(f.Session)
	if err != nil {
		return nil, err
	}
	do(s, f.States...)
	return nil, nil
}

func (d *refDriver) publish(_ context.Context, r *driver.Request) (any, error) {
	return d.publication(r, (*ikc.Session).Publish)
}

func (d *refDriver) retract(_ context.Context, r *driver.Request) (any, error) {
	return d.publication(r, (*ikc.Session).Retract)
}

func (d *refDriver) post(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.Post
	if err := r.Decode(&f, "to"); err != nil {
		return nil, err
	}
	s, err := d.of(f.Session)
	if err != nil {
		return nil, err
	}
	return sent(s.Post(ctx, f.To, f.Params.V))
}

func (d *refDriver) call(ctx context.Context, r *driver.Request) (any, error) {
	var f driver.Call
	if err := r.Decode(&f, "to", "rsvp"); err != nil {
		return nil, err
	}
	s, err := d.of(f.Session)
	if err != nil {
		return nil, err
	}
	return sent(s.CallTo(ctx, f.To, f.Params.V, f.RSVP))
}

// sent answers with the count, which is 0 when no kernel has that name.
func sent(n int, err error) (any, error) {
	if err != nil && !errors.Is(err, ikc.ErrUnknownKernel) {
		return nil, err
	}
	return driver.Sent{Count: &n}, nil
}

func (d *refDriver) disconnect(context.Context, *driver.Request) (any, error) {
	d.mu.Lock()
	k := d.kernel
	d.mu.Unlock()
	if k == nil {
		return nil, nil
	}
	return driver.Later(func(context.Context) (any, error) {
		for id := range k.Kernels() {
			if c := k.Channel(id); c != nil {
				_ = c.Close()
			}
		}
		return nil, nil
	}), nil
}

func (d *refDriver) shutdown(ctx context.Context, _ *driver.Request) (any, error) {
	d.stop(ctx)
	return nil, nil
}

func (d *refDriver) stop(ctx context.Context) {
	d.mu.Lock()
	k := d.kernel
	d.mu.Unlock()
	if k == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = k.Shutdown(ctx)
}
