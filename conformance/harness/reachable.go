package harness

import (
	"fmt"
	"net"
	"os"

	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

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
