package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Exit statuses of call, respond, post, ping and subscribe, beside 0, usage and broken. Those of
// monitor lack the second.
const (
	exitRefused  = 1 // the other kernel reported an error, or refused
	exitNoAnswer = 6 // nothing came back in time
)

// liveStatuses are the exit statuses of all commands that talk to a kernel.
const liveStatuses = `
Exit status: 0 it worked, 1 the other kernel reported an error or refused, 2 usage, 3 there is no
connection (not reached, not negotiated, lost)`

// clientStatuses ends the help of those that end where no answer comes.
const clientStatuses = liveStatuses + `, 6 no answer in time.`

// targetHelp says how the kernel is named.
const targetHelp = `
The target is poe://HOST:PORT/SESSION/STATE (port 603 if none is given); tcp:HOST:PORT and unix:PATH are a kernel
alone. With --connect, which is HOST:PORT or unix:PATH, the kernel in the target is just a name:
poe://NAME/SESSION/STATE, or SESSION/STATE.`

// client is how the commands for people reach a kernel.
type client struct {
	connect    string
	name       string
	protocol   string
	serializer []string
	timeout    time.Duration
	helloAfter time.Duration
	secure     bool
	ca         string
	insecure   bool

	silence string // what to do where no answer comes, in place of what is said of calls
	cmd     *cobra.Command
	ctx     context.Context // of the command
	kernel  *ikc.Kernel
	channel *ikc.Channel
	mu      sync.Mutex
	trouble []*ikc.RemoteError      // error reports, in the order of their arrival
	told    func(*ikc.MonitorEvent) // nil: nobody is
}

func (c *client) flags(cmd *cobra.Command) {
	c.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&c.connect, "connect", "", "where to connect: HOST:PORT or unix:PATH; default: the kernel of the target")
	f.StringVar(&c.name, "name", "", "our kernel name (default Client<pid>)")
	f.StringVar(&c.protocol, "protocol", "IKC0", "IKC0, which falls back to IKC, or IKC")
	f.StringSliceVar(&c.serializer, "serializer", []string{"Storable"}, "serializers to offer: Storable, FreezeThaw, POE::Component::IKC::Freezer")
	f.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long to wait for the connection, and then for an answer")
	f.DurationVar(&c.helloAfter, "hello-after", ikc.DefaultHelloAfter, "go on with HELLO if there is no answer to SETUP for so long, as of releases "+
		release.SilentToSetup+"; 0: wait on")
	f.BoolVar(&c.secure, "tls", false, "connect with TLS")
	f.StringVar(&c.ca, "ca", "", "certificates (PEM) to trust, instead of those of the system; with --tls")
	f.BoolVar(&c.insecure, "insecure", false, "do not verify the certificate; with --tls")
}

// target is what a user calls: where to connect, and the session and state there.
type target struct {
	network, address string
	specifier.Specifier
}

// resolve reads a target by the rules of targetHelp.
func (c *client) resolve(s string) (target, error) { return resolve(s, c.connect) }

func resolve(s, connect string) (target, error) {
	bad := func(expected string) error {
		return fmt.Errorf("target %q: expected %s", s, expected)
	}
	rest, isPoe := strings.CutPrefix(s, "poe:")
	if connect == "" && (strings.HasPrefix(s, "unix:") || strings.HasPrefix(s, "tcp:")) {
		if err := targets.CheckEndpoint(s, false); err != nil {
			return target{}, fmt.Errorf("target %w", err)
		}
		t := target{}
		t.network, t.address = network(s)
		return t, nil
	}
	if connect == "" {
		host := strings.TrimPrefix(rest, "//")
		path := ""
		if i := strings.IndexAny(host, "/?"); i >= 0 {
			host, path = host[:i], host[i:]
		}
		if host == "" || isPoe && !strings.HasPrefix(rest, "//") {
			return target{}, bad("poe://HOST:PORT/SESSION/STATE, or --connect HOST:PORT or unix:PATH with it")
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), "603")
		}
		if err := targets.CheckAddress(host, false); err != nil {
			return target{}, fmt.Errorf("target %w", err)
		}
		t := target{network: "tcp", address: host}
		if path == "" || path == "/" {
			return t, nil
		}
		spec, err := specifier.Parse("poe:" + path)
		if err != nil {
			return t, bad("a session and a state of letters, digits, _ and - after the address: " + err.Error())
		}
		t.Specifier = spec
		return t, nil
	}
	t := target{}
	t.network, t.address = network(connect)
	if t.network == "tcp" {
		if _, _, err := net.SplitHostPort(t.address); err != nil {
			t.address = net.JoinHostPort(strings.Trim(t.address, "[]"), "603")
		}
		if err := targets.CheckAddress(t.address, false); err != nil {
			return t, fmt.Errorf("--connect %w", err)
		}
	}
	if s == "" {
		return t, nil
	}
	if !isPoe {
		s = "poe:///" + s
	}
	spec, err := specifier.Parse(s)
	if err != nil {
		return t, bad("poe://KERNEL/SESSION/STATE or SESSION/STATE: " + err.Error())
	}
	t.Specifier = spec
	return t, nil
}

// withState demands both parts of a specifier.
func (t target) withState(given string) error {
	if t.Session == "" || t.State == "" {
		return fmt.Errorf("target %q: expected a session and a state, such as poe://127.0.0.1:603/IKC/ping", given)
	}
	return nil
}

// at is the specifier on the kernel that we are connected to.
func (c *client) at(t target) string {
	spec := t.Specifier
	if c.connect == "" || spec.Kernel == "" {
		spec.Kernel = c.channel.Peer().ID
	}
	if spec.Arg != "" {
		return spec.String() + "?" + spec.Arg
	}
	return spec.String()
}

// config makes the kernel's configuration of the flags.
func (c *client) config() (ikc.Config, error) {
	cfg := ikc.Config{Name: c.name, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), HandshakeTimeout: c.timeout}
	var err error
	if cfg.Dialect, err = parseDialect(c.protocol); err != nil {
		return cfg, err
	}
	if cfg.Serializers, err = parseSerializers(c.serializer); err != nil {
		return cfg, err
	}
	switch {
	case c.helloAfter < 0:
		return cfg, fmt.Errorf("--hello-after %v: expected a time, such as 2s, or 0 for never", c.helloAfter)
	case c.timeout <= 0:
		return cfg, fmt.Errorf("--timeout %v: expected more than nothing, such as 10s", c.timeout)
	case !c.secure && (c.ca != "" || c.insecure):
		return cfg, errors.New("--ca and --insecure are about TLS: add --tls")
	}
	return cfg, nil
}

// parseSerializers finds serializers by the names of their packages.
func parseSerializers(names []string) ([]wire.Serializer, error) {
	var found []wire.Serializer
	for _, name := range names {
		known := dialogue.Serializers()
		i := slices.IndexFunc(known, func(z wire.Serializer) bool { return z.Name() == name })
		if i < 0 {
			return nil, fmt.Errorf("--serializer %q: expected Storable, FreezeThaw or POE::Component::IKC::Freezer", name)
		}
		found = append(found, known[i])
	}
	return found, nil
}

func parseDialect(s string) (wire.Dialect, error) {
	switch s {
	case "IKC0":
		return wire.IKC0, nil
	case "IKC":
		return wire.IKC, nil
	}
	return 0, fmt.Errorf("--protocol %q: expected IKC0 or IKC", s)
}

// open connects. The error says what was tried and what to do about it.
func (c *client) open(ctx context.Context, t target) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	roots, err := c.roots()
	if err != nil {
		return err
	}
	c.ctx = ctx
	cfg.OnError = func(string, error) {} // Dial returns it
	if c.kernel, err = ikc.New(cfg); err != nil {
		return err
	}
	c.kernel.Monitor("*", ikc.Monitor{Any: func(_ context.Context, e *ikc.MonitorEvent) {
		if e.What == "error" && strings.HasPrefix(e.Operation, "remote") {
			c.mu.Lock()
			c.trouble = append(c.trouble, &ikc.RemoteError{Message: e.Message, Operation: strings.TrimPrefix(strings.TrimPrefix(e.Operation, "remote"), "-")})
			c.mu.Unlock()
		}
		if c.told != nil {
			c.told(e)
		}
	}})
	limit, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	helloAfter := min(c.helloAfter, c.timeout/2)
	err = c.join(ctx, limit, t, roots, ikc.WithHelloAfter(helloAfter))
	if errors.Is(err, wire.ErrLateSetup) {
		err = c.join(ctx, limit, t, roots)
	}
	return err
}

// join connects and negotiates, in the time that limit leaves.
func (c *client) join(ctx, limit context.Context, t target, roots *x509.CertPool, options ...ikc.DialOption) error {
	conn, err := new(net.Dialer).DialContext(limit, t.network, t.address)
	if err != nil {
		return broken(fmt.Errorf("connect to %s: %w\n  is the kernel running, and listening there? --connect says where else to look", t.address, err))
	}
	if c.secure {
		host, _, _ := net.SplitHostPort(t.address)
		secured := tls.Client(conn, &tls.Config{ServerName: host, RootCAs: roots, InsecureSkipVerify: c.insecure})
		if err := secured.HandshakeContext(limit); err != nil {
			_ = conn.Close()
			return broken(fmt.Errorf("TLS with %s: %w\n  --ca FILE names certificates to trust; without --tls the connection is plain", t.address, err))
		}
		conn = secured
	}
	alias := t.address
	if t.network == "unix" {
		alias = ""
	}
	// A negotiation that breaks off ends a real Perl server.
	end, _ := limit.Deadline()
	lasting, done := finishing(ctx, time.Until(end), fmt.Sprintf(
		"a Perl server ends if its negotiation breaks off, so that with %s is finished, in at most %v", t.address, c.timeout))
	c.channel, err = c.kernel.DialConn(lasting, conn, alias, options...)
	done()
	switch {
	case ctx.Err() != nil:
		c.close()
		return broken(errors.New("interrupted"))
	case err != nil:
		hint := "is it a kernel of IKC? If it expects TLS, add --tls"
		switch {
		case errors.Is(err, wire.ErrRefused):
			hint = "--protocol and --serializer say what to offer"
		case c.protocol != "IKC" && c.helloAfter == 0 && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)):
			hint = "releases " + release.SilentToSetup + " say nothing to the SETUP of IKC0: add --protocol IKC; else, " + hint
		}
		return broken(fmt.Errorf("%s was reached, but there was no agreement: %w\n  %s", t.address, err, hint))
	}
	if c.channel.Silent() {
		fmt.Fprintf(c.cmd.ErrOrStderr(), "ikc-conform: %s says nothing to SETUP, as releases %s do: went on with HELLO; --protocol IKC begins with it\n",
			t.address, release.SilentToSetup)
	}
	return nil
}

func (c *client) roots() (*x509.CertPool, error) {
	if c.ca == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, broken(fmt.Errorf("--ca: %w", err))
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, broken(fmt.Errorf("--ca %s: expected certificates in PEM (-----BEGIN CERTIFICATE-----), got none", c.ca))
	}
	return pool, nil
}

// close shuts the kernel down once what is queued is written.
func (c *client) close() {
	if c.kernel == nil {
		return
	}
	limit := time.Second
	if c.ctx.Err() != nil {
		limit = endTime
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	_ = c.kernel.Shutdown(ctx)
}

// failed prints why a request failed and returns the status of that.
func (c *client) failed(cmd *cobra.Command, what string, err error) error {
	w := cmd.ErrOrStderr()
	var remote *ikc.RemoteError
	var refused *ikc.SubscribeError
	switch {
	case errors.As(err, &remote):
		fmt.Fprintf(w, "ikc-conform: %s: the kernel %s reported an error: %s\n", visible.Text(what), visible.Text(c.channel.Peer().ID), visible.Text(remote.Message))
		if remote.Operation != "" {
			fmt.Fprintf(w, "  operation: %s (%s)\n", visible.Text(remote.Operation), operationHelp(remote.Operation))
		}
		return exitStatus(exitRefused)
	case errors.As(err, &refused):
		fmt.Fprintf(w, "ikc-conform: %s\n", visible.Error(err))
		return exitStatus(exitRefused)
	case cmd.Context().Err() != nil:
		fmt.Fprintf(w, "ikc-conform: %s: interrupted\n", visible.Text(what))
		return exitStatus(report.ExitBroken)
	case errors.Is(err, ikc.ErrDisconnected), errors.Is(err, ikc.ErrUnknownKernel) && c.channel.Err() != nil:
		return broken(fmt.Errorf("%s: the connection ended before the answer came (%v)\n  look at the log of the kernel: it may have died of the request", what, c.channel.Err()))
	case errors.Is(err, context.DeadlineExceeded):
		hint := cmp.Or(c.silence, "a state that returns nothing, or undef, sends no answer: if that may be, use 'ikc-conform post'")
		fmt.Fprintf(w, "ikc-conform: %s: no answer from %s within %v (--timeout)\n  %s\n", visible.Text(what), visible.Text(c.channel.Peer().ID), c.timeout, hint)
		if cmd.Name() != "ping" {
			c.stillThere(w)
		}
		return exitStatus(exitNoAnswer)
	case errors.Is(err, ikc.ErrUnknownKernel):
		p := c.channel.Peer()
		return fmt.Errorf("%s: the kernel there is not called so; it is %s", what, visible.Text(strings.Join(append([]string{p.ID}, p.Aliases...), ", ")))
	}
	return broken(fmt.Errorf("%s: %w", what, err))
}

// stillThere says whether the kernel answers a ping, though it has not answered a request.
func (c *client) stillThere(w io.Writer) {
	within := min(c.timeout/4, pingWithin)
	ctx, cancel := context.WithTimeout(c.ctx, within)
	defer cancel()
	began := time.Now()
	switch err := c.kernel.Ping(ctx, c.channel.Peer().ID); {
	case err == nil:
		fmt.Fprintf(w, "  the kernel answers pings (after %v)\n", time.Since(began).Round(time.Microsecond))
	case c.ctx.Err() != nil:
	default:
		fmt.Fprintf(w, "  nor has it answered a ping within %v: it is busy, or hangs\n", within)
	}
}

// silenceHelp says how long it takes where no answer comes.
const silenceHelp = `
If no answer comes within --timeout, a ping tells whether the kernel answers at all: it is waited for a quarter of
--timeout, and 2s at most.`

// pingWithin is how long a kernel that has not answered a request is given at most to answer a
// ping.
const pingWithin = 2 * time.Second

func operationHelp(operation string) string {
	switch operation {
	case ikc.OpCheck:
		return "it checked whether the state is published, and it is not"
	case ikc.OpResolve:
		return "it looked for the session, and there is none"
	case ikc.OpRequest:
		return "it could not make out the request"
	case ikc.OpInvocation:
		return "the state itself failed"
	}
	return "an operation that 0.2402 does not know"
}
