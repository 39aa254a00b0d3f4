package container

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"sync"
)

// publishedPorts are the ports of a container that are published when it cannot be reached
// directly: so many times may its driver listen.
var publishedPorts = []int{60301, 60302, 60303, 60304, 60305, 60306, 60307, 60308}

// addresses is the driver.Network of a container.
type addresses struct {
	gateway   netip.Addr     // of its network
	published map[int]string // port of the container -> how it is reached
	harness   string         // how the container reaches this machine if there are published ports; empty if by hostAlias

	mu       sync.Mutex
	self     netip.Addr // of the container; not used if there are published ports
	used     int        // of publishedPorts
	forwards map[string]*forwarder
	closed   bool
}

// ListenAt: on every interface of the container, not only on its loopback.
func (a *addresses) ListenAt(address string) (string, error) {
	port := "0"
	if address != "" {
		var err error
		if _, port, err = net.SplitHostPort(address); err != nil {
			return "", fmt.Errorf("container: listen: %w", err)
		}
	}
	if port != "0" || a.published == nil {
		return "0.0.0.0:" + port, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.used == len(publishedPorts) {
		return "", fmt.Errorf("container: listen: all %d published ports are in use", a.used)
	}
	a.used++
	return "0.0.0.0:" + strconv.Itoa(publishedPorts[a.used-1]), nil
}

// moved says where the container is from now on.
func (a *addresses) moved(to netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.self = to
}

// ReachedAt is the same port, at the container's address or where it is published.
func (a *addresses) ReachedAt(address string) (string, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("container: the driver listens: %w", err)
	}
	if a.published == nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		return net.JoinHostPort(a.self.String(), port), nil
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return "", fmt.Errorf("container: the driver listens: %w", err)
	}
	if at, ok := a.published[n]; ok {
		return at, nil
	}
	return "", fmt.Errorf("container: the driver listens on port %d, which is not published; expected one of %v", n, publishedPorts)
}

// DialAs: what is on our loopback interface is reached by way of a forwarder, anything else as it
// is. Where nobody listens there is no forwarder, so that the container is refused as we would be.
func (a *addresses) DialAs(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("container: connect: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return address, nil
	}
	bind, name := a.gateway.String(), a.gateway.String()
	if a.published != nil {
		if name = a.harness; name == "" {
			// Docker Desktop's own name for this machine leads to its loopback interface.
			return net.JoinHostPort(hostAlias, port), nil
		}
		bind = "0.0.0.0"
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return "", net.ErrClosed
	}
	f := a.forwards[address]
	if f == nil {
		if isFree(address) {
			return net.JoinHostPort(name, port), nil
		}
		if f, err = forward(bind, address); err != nil {
			return "", fmt.Errorf("container: connect: a forwarder on %s: %w", bind, err)
		}
		if a.forwards == nil {
			a.forwards = map[string]*forwarder{}
		}
		a.forwards[address] = f
	}
	return net.JoinHostPort(name, strconv.Itoa(f.port())), nil
}

// isFree tells whether nobody listens at an address of this machine. Nobody notices that it was
// asked.
func isFree(address string) bool {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// harnessAddress is how containers reach this machine when their engine is elsewhere: as told, or
// else by the address that this machine has towards the engine. It is empty for an engine on this
// machine's loopback interface, or behind a socket.
func harnessAddress(daemon string) string {
	if told := os.Getenv("IKC_HARNESS_ADDRESS"); told != "" {
		return told
	}
	u, err := url.Parse(daemon)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	conn, err := net.Dial("udp", net.JoinHostPort(u.Hostname(), "9")) // sends nothing
	if err != nil {
		return ""
	}
	defer conn.Close()
	ours := conn.LocalAddr().(*net.UDPAddr).IP
	if ours.IsLoopback() {
		return ""
	}
	return ours.String()
}

// hostAlias is what containers call the machine of their engine.
const hostAlias = "host.docker.internal"

func (a *addresses) close() {
	a.mu.Lock()
	forwards := a.forwards
	a.forwards, a.closed = nil, true
	a.mu.Unlock()
	for _, f := range forwards {
		f.close()
	}
}
