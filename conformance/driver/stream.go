package driver

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
)

// Stream is a driver that somebody else started, where it cannot be reached by pipes alone: in a
// container, on another machine. All functions must be set.
type Stream struct {
	// Name is what the driver is called in errors.
	Name string
	// Stdin is its standard input. Closing it asks the driver to end.
	Stdin io.WriteCloser
	// Copy copies what the driver writes until it has ended, or until a write fails.
	Copy func(stdout, stderr io.Writer) error
	// Kill ends the driver. It may be called several times, and after the driver has ended.
	Kill func()
	// Reap is called once, after Copy: it waits for the driver, removes what is left of it, and says
	// how it ended.
	Reap func() (status string)
	// Network, if not nil, translates addresses.
	Network Network

	Options
}

// Network translates addresses when harness and driver do not share a loopback interface. Its
// methods may be called from several goroutines.
type Network interface {
	// ListenAt is where the driver is told to listen when the harness asked for address, which may be
	// "".
	ListenAt(address string) (string, error)
	// ReachedAt is where the harness reaches the address that the driver says it listens on.
	ReachedAt(address string) (string, error)
	// DialAs is where the driver reaches what the harness reaches at address.
	DialAs(address string) (string, error)
}

// Attach returns the harness's end of a conversation with a driver that is running. When ctx ends
// it is killed. It is the caller's to call Close.
func Attach(ctx context.Context, s Stream) *Driver {
	d := newDriver(s.Name, s.Options)
	d.network = s.Network
	ended := make(chan struct{})
	var closing sync.Once
	d.endInput = func() { closing.Do(func() { s.Stdin.Close() }) }
	d.end = func(graceful bool) {
		d.endInput()
		if graceful {
			select {
			case <-ended:
				return
			case <-time.After(grace):
			}
		}
		s.Kill()
	}
	unhook := context.AfterFunc(ctx, s.Kill)
	stdout, pipe := io.Pipe()
	stderr := &tail{max: stderrTail}
	var copied error
	go func() {
		defer close(ended)
		copied = s.Copy(pipe, stderr)
		pipe.Close()
	}()
	d.run(stdout, s.Stdin, func() error {
		stdout.Close()
		<-ended
		unhook()
		exit := &ExitError{Driver: d.name, Status: s.Reap(), Stderr: stderr.String()}
		if copied != nil && !errors.Is(copied, io.ErrClosedPipe) {
			exit.Cause = copied
		}
		return exit
	})
	return d
}

// translate applies one of the network's methods to an address, if there is a network.
func (d *Driver) translate(how func(Network, string) (string, error), address string) (string, error) {
	if d.network == nil {
		return address, nil
	}
	return how(d.network, address)
}

// withoutUnix is a list of capabilities less the one for Unix sockets, which do not reach beyond
// the driver's machine.
func withoutUnix(capabilities []string) []string {
	return slices.DeleteFunc(slices.Clone(capabilities), func(c string) bool { return c == "unix" })
}
