package container

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	mobycontainer "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

const (
	endLimit    = 2 * time.Second  // between the end of a driver's output and its container being killed
	removeLimit = 30 * time.Second // for what is done when nobody waits for it any more
)

// Request says what to start.
type Request struct {
	Image string            // has a driver as its entrypoint
	Args  []string          // in place of the image's command
	Env   map[string]string // more environment
	driver.Options
}

// Peer is a driver in a container of its own, on a network of its own. Close the Driver and both
// are removed.
type Peer struct {
	*driver.Driver
	engine    *Engine
	id        string // of the container
	network   string // id
	addresses *addresses
	attached  client.HijackedResponse
	killed    sync.Once
}

// Start starts a container whose entrypoint is a driver. When ctx ends it is killed.
func (e *Engine) Start(ctx context.Context, r Request) (_ *Peer, err error) {
	if err := e.Pull(ctx, r.Image); err != nil {
		return nil, err
	}
	p := &Peer{engine: e, addresses: &addresses{harness: harnessAddress(e.api.DaemonHost())}}
	defer func() {
		if err == nil {
			return
		}
		if tail := p.logs(); tail != "" {
			err = fmt.Errorf("%w; its log ends in:\n%s", err, tail)
		}
		err = errors.Join(err, p.remove())
	}()
	name := "ikc-conform-" + rand.Text()
	created, err := e.api.NetworkCreate(ctx, name, client.NetworkCreateOptions{Driver: "bridge", Labels: e.labels()})
	if err != nil {
		return nil, fmt.Errorf("container: network: %w", err)
	}
	p.network = created.ID
	info, err := e.api.NetworkInspect(ctx, p.network, client.NetworkInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("container: network: %w", err)
	}
	for _, c := range info.Network.IPAM.Config {
		if c.Gateway.Is4() {
			p.addresses.gateway = c.Gateway
		}
	}
	direct := local(p.addresses.gateway)
	c, err := e.provider.CreateContainer(ctx, e.request(r, name, direct))
	if err != nil {
		return nil, fmt.Errorf("container: %s: %w", r.Image, err)
	}
	p.id = c.GetContainerID()
	attached, err := e.api.ContainerAttach(ctx, p.id, client.ContainerAttachOptions{Stream: true, Stdin: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("container: attach: %w", err)
	}
	p.attached = attached.HijackedResponse
	if err := c.Start(ctx); err != nil {
		return nil, fmt.Errorf("container: start %s: %w", r.Image, err)
	}
	if err := p.locate(ctx, c, direct); err != nil {
		return nil, err
	}
	p.Driver = driver.Attach(ctx, driver.Stream{
		Name:    "in container " + name + " of " + r.Image,
		Stdin:   stdin{&p.attached},
		Copy:    p.copy,
		Kill:    func() { p.killed.Do(p.kill) },
		Reap:    p.reap,
		Network: p.addresses,
		Options: r.Options,
	})
	return p, nil
}

// request is r as testcontainers takes it.
func (e *Engine) request(r Request, networkName string, direct bool) testcontainers.ContainerRequest {
	req := testcontainers.ContainerRequest{
		Name: networkName, Image: r.Image, Cmd: r.Args, Env: r.Env, Labels: e.labels(), Networks: []string{networkName},
		ConfigModifier: func(c *mobycontainer.Config) {
			// Once: when the harness goes, however it goes, the driver's input ends.
			c.OpenStdin, c.StdinOnce = true, true
			c.AttachStdin, c.AttachStdout, c.AttachStderr = true, true, true
			zero := 0
			c.StopTimeout = &zero // Perl as process 1 does not hear SIGTERM
		},
	}
	if direct {
		return req
	}
	bind := netip.IPv4Unspecified()
	if e.onThisMachine() {
		bind = netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	ports := network.PortMap{}
	for _, n := range publishedPorts {
		port := network.MustParsePort(strconv.Itoa(n) + "/tcp")
		req.ExposedPorts = append(req.ExposedPorts, port.String())
		ports[port] = []network.PortBinding{{HostIP: bind}}
	}
	req.HostConfigModifier = func(h *mobycontainer.HostConfig) {
		h.PortBindings = ports
		h.ExtraHosts = append(h.ExtraHosts, hostAlias+":host-gateway")
	}
	return req
}

// locate finds out where the container is.
func (p *Peer) locate(ctx context.Context, c testcontainers.Container, direct bool) error {
	info, err := p.engine.api.ContainerInspect(ctx, p.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("container: inspect: %w", err)
	}
	if direct {
		// One that has ended already has no address, which its driver will tell of.
		for _, endpoint := range info.Container.NetworkSettings.Networks {
			if endpoint.NetworkID == p.network {
				p.addresses.moved(endpoint.IPAddress)
			}
		}
		return nil
	}
	host, err := c.Host(ctx)
	if err != nil {
		return fmt.Errorf("container: the engine's host: %w", err)
	}
	p.addresses.published = map[int]string{}
	for _, n := range publishedPorts {
		mapped, err := c.MappedPort(ctx, strconv.Itoa(n)+"/tcp")
		if err != nil {
			return fmt.Errorf("container: published port %d: %w", n, err)
		}
		p.addresses.published[n] = net.JoinHostPort(host, strconv.Itoa(int(mapped.Num())))
	}
	return nil
}

// stdin is the writing half of an attached stream.
type stdin struct{ to *client.HijackedResponse }

func (s stdin) Write(b []byte) (int, error) { return s.to.Conn.Write(b) }
func (s stdin) Close() error                { return s.to.CloseWrite() }

func (p *Peer) copy(stdout, stderr io.Writer) error { return demultiplex(p.attached, stdout, stderr) }

// demultiplex takes an attached stream apart. That the engine breaks it off when the container ends
// is no error.
func demultiplex(from client.HijackedResponse, stdout, stderr io.Writer) error {
	_, err := stdcopy.StdCopy(stdout, stderr, from.Reader)
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// kill ends the container at once; a paused one as well.
func (p *Peer) kill() {
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	if _, err := p.engine.api.ContainerKill(ctx, p.id, client.ContainerKillOptions{Signal: "SIGKILL"}); err == nil {
		// A paused process does not die of it until it runs again.
		_, _ = p.engine.api.ContainerUnpause(ctx, p.id, client.ContainerUnpauseOptions{})
		return
	}
	p.attached.Close() // there is no more to come from it, or from the engine
}

func (p *Peer) reap() string {
	status := p.status()
	p.attached.Close()
	if err := p.remove(); err != nil {
		status += "; " + err.Error()
	}
	return status
}

// status waits for the end of the container, kills it if that takes too long, and says how it
// ended.
func (p *Peer) status() string {
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	late := time.AfterFunc(endLimit, func() { p.killed.Do(p.kill) })
	defer late.Stop()
	wait := p.engine.api.ContainerWait(ctx, p.id, client.ContainerWaitOptions{Condition: mobycontainer.WaitConditionNotRunning})
	select {
	case r := <-wait.Result:
		return "exit status " + strconv.FormatInt(r.StatusCode, 10)
	case err := <-wait.Error:
		return fmt.Sprintf("exit status unknown: %v", err)
	}
}

// remove removes everything that Start made, as far as it got.
func (p *Peer) remove() error {
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	var errs []error
	if p.attached.Conn != nil {
		p.attached.Close()
	}
	p.addresses.close()
	if p.id != "" {
		errs = append(errs, p.engine.removeContainer(ctx, p.id))
	}
	if p.network != "" {
		errs = append(errs, p.engine.removeNetwork(ctx, p.network))
	}
	return errors.Join(errs...)
}

// logs is the end of what the container has said, "" if there is nothing to be had.
func (p *Peer) logs() string {
	if p.id == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), removeLimit)
	defer cancel()
	log, err := p.engine.api.ContainerLogs(ctx, p.id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true, Tail: "50"})
	if err != nil {
		return ""
	}
	defer log.Close()
	tail := new(lastLines)
	if _, err := stdcopy.StdCopy(tail, tail, log); err != nil && len(bytes.TrimSpace(tail.text)) == 0 {
		return ""
	}
	return tail.String()
}

// Pause stops the container's processes where they are; their connections stand.
func (p *Peer) Pause(ctx context.Context) error {
	_, err := p.engine.api.ContainerPause(ctx, p.id, client.ContainerPauseOptions{})
	return fault("pause", err)
}

// Unpause lets the container's processes go on.
func (p *Peer) Unpause(ctx context.Context) error {
	_, err := p.engine.api.ContainerUnpause(ctx, p.id, client.ContainerUnpauseOptions{})
	return fault("unpause", err)
}

// Disconnect takes the container off its network. Nobody is told: packets are lost both ways.
func (p *Peer) Disconnect(ctx context.Context) error {
	_, err := p.engine.api.NetworkDisconnect(ctx, p.network, client.NetworkDisconnectOptions{Container: p.id, Force: true})
	return fault("disconnect", err)
}

// Reconnect puts the container back on its network, at another address if the engine so decides:
// what listens there is reached by listening again, and connections may be lost.
func (p *Peer) Reconnect(ctx context.Context) error {
	_, err := p.engine.api.NetworkConnect(ctx, p.network, client.NetworkConnectOptions{Container: p.id})
	if err == nil && p.addresses.published == nil {
		err = p.locate(ctx, nil, true)
	}
	return fault("reconnect", err)
}

// Kill ends the container's processes with SIGKILL.
func (p *Peer) Kill(ctx context.Context) error {
	_, err := p.engine.api.ContainerKill(ctx, p.id, client.ContainerKillOptions{Signal: "SIGKILL"})
	return fault("kill", err)
}

func fault(what string, err error) error {
	if err != nil {
		return fmt.Errorf("container: %s: %w", what, err)
	}
	return nil
}
