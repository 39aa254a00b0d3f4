package targets

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
)

// Target is an implementation under test: one that we drive, or one that is only reached by an
// address.
type Target struct {
	// Spec is what the user called it.
	Spec string
	// Network and Address are set for a target that is running already and has no driver.
	Network, Address string
	// attached tells that start connects to a driver that is running.
	attached bool
	// start starts a driver of the target, nil if there is none.
	start func(ctx context.Context, opts driver.Options) (*driver.Driver, error)
	// prepare does beforehand what takes longer than a cell may, close undoes it. Nil if there is
	// nothing to do.
	prepare func(ctx context.Context) error
	close   func() error
}

// New is a target that is not named by what ParseTarget reads: start starts a driver of it.
func New(spec string, start func(ctx context.Context, opts driver.Options) (*driver.Driver, error)) *Target {
	return &Target{Spec: spec, start: start}
}

// ErrTarget is wrapped by every error that says that a target could not be had: the harness, not
// the implementation, has a problem.
var ErrUnusable = errors.New("target cannot be used")

// Driven tells whether the harness starts the target and tells it what to do. What it starts, it
// may also break.
func (t *Target) Driven() bool { return t.start != nil }

// Startable tells whether each cell has a driver of its own, so that several can be tried at a
// time. A server or a driver that is running is not.
func (t *Target) Startable() bool { return t.Driven() && !t.attached }

// String is the spec.
func (t *Target) String() string { return t.Spec }

// Prepare does what may take minutes, such as making an image; Start does it as well if it has not
// been done. Its errors wrap ErrTarget.
func (t *Target) Prepare(ctx context.Context) error {
	if t.prepare == nil {
		return nil
	}
	if err := t.prepare(ctx); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnusable, t.Spec, err)
	}
	return nil
}

// Close gives up what Prepare and Start hold; the drivers that were started are closed by whoever
// started them.
func (t *Target) Close() error {
	if t.close == nil {
		return nil
	}
	return t.close()
}

// Launch starts a driver of the target and asks it nothing.
func (t *Target) Launch(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
	if t.start == nil {
		return nil, fmt.Errorf("%w: %s: it has no driver", ErrUnusable, t.Spec)
	}
	d, err := t.start(ctx, opts)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrUnusable, t.Spec, err)
	}
	return d, nil
}

// Start starts a driver of the target, and has it say what it is.
func (t *Target) Start(ctx context.Context, opts driver.Options) (*driver.Driver, *driver.Hello, error) {
	d, err := t.Launch(ctx, opts)
	if err != nil {
		return nil, nil, err
	}
	hello, err := d.Hello(ctx)
	if err != nil {
		_ = d.Close()
		return nil, nil, fmt.Errorf("%w: %s: it does not answer hello as a driver does (see conformance/DRIVER.md): %w", ErrUnusable, t.Spec, err)
	}
	return d, hello, nil
}

// ParseTarget reads what a user calls a target:
//
//	reference          the Go reference kernel, in this process
//	tcp:HOST:PORT      a server that is running; also HOST:PORT
//	unix:PATH          the same, on a Unix socket
//	cmd:PROGRAM ARGS   a driver, see conformance/DRIVER.md; the words may be quoted as for a shell
//	driver:HOST:PORT   a driver that is running, under a debugger perhaps, and listens: each connection is a driver of its own
//	driver:PATH        the same, on a Unix socket
//	image:NAME         a container of an image whose entrypoint is a driver
//	container:ID       a driver in a container that is running; its command may follow, after a space
//	perl               the POE::Component::IKC that the local perl finds, else a container of release 0.2402
//	perl@RELEASE       an unpacked release in $IKC_RELEASES/RELEASE, else a container of that release
//	perl@RELEASE/PERL  the same with another Perl: the name of one in $IKC_PERLS, its version such as 5.40, or its
//	                   path; else in a container that starts from the image of that name, see container.PerlBase
//	perl/PERL          what that Perl finds, or PERL5LIB names
func Parse(spec string) (*Target, error) {
	t := &Target{Spec: spec}
	kind, rest, _ := strings.Cut(spec, ":")
	switch {
	case spec == "reference":
		t.start = func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
			return refdriver.Start(ctx, refdriver.Config{}, opts), nil
		}
	case kind == "tcp" && rest != "":
		if err := CheckAddress(rest, false); err != nil {
			return nil, fmt.Errorf("target %q: expected tcp:HOST:PORT: %w", spec, err)
		}
		t.Network, t.Address = "tcp", rest
	case kind == "unix" && rest != "":
		t.Network, t.Address = "unix", rest
	case kind == "cmd" && strings.TrimSpace(rest) != "":
		words, err := driver.Words(rest)
		if err != nil {
			return nil, fmt.Errorf("target %q: %w", spec, err)
		}
		t.start = func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
			return driver.Start(ctx, driver.Command{Path: words[0], Args: words[1:], Options: opts})
		}
	case kind == "driver" && rest != "":
		if err := attached(t, rest); err != nil {
			return nil, err
		}
	case isPerl(spec):
		if err := perlTarget(t, spec); err != nil {
			return nil, fmt.Errorf("target %q: %w", spec, err)
		}
	case kind == "image" && rest != "":
		imageContainer(rest).use(t)
	case kind == "container" && strings.TrimSpace(rest) != "":
		if err := execTarget(t, rest); err != nil {
			return nil, fmt.Errorf("target %q: %w", spec, err)
		}
	case CheckAddress(spec, false) == nil:
		t.Network, t.Address = "tcp", spec
	default:
		return nil, fmt.Errorf("target %q: expected reference, tcp:HOST:PORT or HOST:PORT, unix:PATH, cmd:PROGRAM ARGS, driver:HOST:PORT, driver:PATH, image:NAME, container:ID, perl or perl@RELEASE, with /PERL behind it or not", spec)
	}
	return t, nil
}

// attached reads what stands behind driver:, a path or host and port.
func attached(t *Target, rest string) error {
	network := "unix"
	if !strings.Contains(rest, "/") {
		network = "tcp"
		if err := CheckAddress(rest, false); err != nil {
			return fmt.Errorf("target %q: expected driver:HOST:PORT, or driver:PATH with a slash in it: %w", t.Spec, err)
		}
	}
	t.attached = true
	t.start = func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, rest)
		if err != nil {
			return nil, err
		}
		return driver.New(conn, opts), nil
	}
	return nil
}
