package targets

import (
	"fmt"
	"net"
	"strings"
)

// CheckAddress says what is wrong with an address as it is written, HOST:PORT, before anything is
// tried: the port is a number from 1 to 65535, or the name of a service. Port 0, any that is free,
// is one to listen at only.
func CheckAddress(address string, listen bool) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q: expected HOST:PORT: %w", address, err)
	}
	n, err := net.LookupPort("tcp", port)
	least := 1
	if listen {
		least = 0
	}
	if err != nil || port == "" || n < least {
		return fmt.Errorf("%q: expected a port from %d to 65535, or the name of a service, got %q", address, least, port)
	}
	return nil
}

// CheckEndpoint is CheckAddress for an address that may be a Unix socket, unix:PATH, as well.
func CheckEndpoint(endpoint string, listen bool) error {
	if path, ok := strings.CutPrefix(endpoint, "unix:"); ok {
		if path == "" {
			return fmt.Errorf("%q: expected unix:PATH", endpoint)
		}
		return nil
	}
	return CheckAddress(strings.TrimPrefix(endpoint, "tcp:"), listen)
}
