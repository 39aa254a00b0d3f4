package container

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
)

// ErrNoDocker is wrapped by the error of everything that fails because there is no engine to ask.
var ErrNoDocker = errors.New("no container engine")

// Engine is a container engine. It may be used from several goroutines.
type Engine struct {
	provider *testcontainers.DockerProvider
	api      client.APIClient
	owner    owner

	mu     sync.Mutex
	builds map[string]*sync.Mutex
}

// healthLimit bounds the first question to an engine.
const healthLimit = 20 * time.Second

// Connect finds the engine that the environment names, and removes what killed processes have left
// there. Without an engine its error wraps [ErrNoDocker].
func Connect(ctx context.Context) (*Engine, error) {
	// The reaper is a container that does for testcontainers what Connect, and the end of a driver's
	// input, do here. It takes an image of its own, from a registry, and can only be turned off by the
	// environment.
	if _, set := os.LookupEnv("TESTCONTAINERS_RYUK_DISABLED"); !set {
		if err := os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true"); err != nil {
			return nil, err
		}
	}
	log.SetDefault(log.NewNoopLogger()) // it greets on standard error when it has found an engine
	ctx, cancel := context.WithTimeout(ctx, healthLimit)
	defer cancel()
	generic, err := testcontainers.ProviderDefault.GetProvider(testcontainers.WithLogger(log.NewNoopLogger()))
	if err != nil {
		return nil, fmt.Errorf("%w: %w; start Docker, or set DOCKER_HOST", ErrNoDocker, err)
	}
	provider, ok := generic.(*testcontainers.DockerProvider)
	if !ok {
		return nil, fmt.Errorf("%w: expected a Docker provider, testcontainers has a %T", ErrNoDocker, generic)
	}
	if err := provider.Health(ctx); err != nil {
		provider.Close()
		return nil, fmt.Errorf("%w: %w; start Docker, or set DOCKER_HOST", ErrNoDocker, err)
	}
	// testcontainers goes on to other engines when the one that was asked for does not answer.
	asked, found := os.Getenv("DOCKER_HOST"), provider.Client().DaemonHost()
	if asked != "" && found != asked && testcontainers.ReadConfig().Config.TestcontainersHost == "" {
		provider.Close()
		return nil, fmt.Errorf("%w: DOCKER_HOST is %s, which does not answer (%s does)", ErrNoDocker, asked, found)
	}
	e := &Engine{provider: provider, api: provider.Client(), owner: thisProcess(), builds: map[string]*sync.Mutex{}}
	if err := e.Sweep(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Close gives up the connections to the engine. Peers must have been closed.
func (e *Engine) Close() error { return e.provider.Close() }

// HasImage tells whether an image is there, without pulling it.
func (e *Engine) HasImage(ctx context.Context, name string) (bool, error) {
	_, err := e.api.ImageInspect(ctx, name)
	switch {
	case err == nil:
		return true, nil
	case isNotFound(err):
		return false, nil
	}
	return false, fmt.Errorf("container: image %s: %w", name, err)
}

// Pull makes sure that an image is there.
func (e *Engine) Pull(ctx context.Context, name string) error {
	have, err := e.HasImage(ctx, name)
	if have || err != nil {
		return err
	}
	if err := e.provider.PullImage(ctx, name); err != nil {
		return fmt.Errorf("container: image %s is not here, and cannot be pulled: %w", name, err)
	}
	return nil
}

// local tells whether this machine has the gateway of a network as an address of its own:
// containers on it can then be reached at theirs.
func local(gateway netip.Addr) bool {
	switch os.Getenv("IKC_CONTAINER_NETWORK") {
	case "direct":
		return true
	case "published":
		return false
	}
	if runtime.GOOS != "linux" || !gateway.IsValid() {
		return false
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == gateway {
			return true
		}
	}
	return false
}

// onThisMachine tells whether the engine is, so that ports need not be published to anybody else.
func (e *Engine) onThisMachine() bool {
	host := e.api.DaemonHost()
	return strings.HasPrefix(host, "unix:") || strings.HasPrefix(host, "npipe:")
}

// lastLines keeps the end of what is written to it.
type lastLines struct {
	mu   sync.Mutex
	text []byte
}

const lastLinesMax = 4 << 10

var _ io.Writer = (*lastLines)(nil)

func (l *lastLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	if over := len(l.text) - lastLinesMax; over > 0 {
		l.text = append(l.text[:0], l.text[over:]...)
	}
	return len(p), nil
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(string(l.text))
}
