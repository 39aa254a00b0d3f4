package container

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/client"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// Exec starts a driver in a container that is running, somebody else's, and leaves that as it is.
// The driver is command, or without one the words of the image's label com.github.perl-ikc.driver,
// or the image's entrypoint and command. The container must be on this machine, on a network that
// this machine is on.
//
// The engine has no way to kill what was started so: a driver that does not end when its input does
// stays.
func (e *Engine) Exec(ctx context.Context, id string, command []string, opts driver.Options) (*driver.Driver, error) {
	info, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("container: %w", err)
	}
	c := info.Container
	if c.State == nil || !c.State.Running {
		return nil, fmt.Errorf("container: %s is not running", id)
	}
	if len(command) == 0 && c.Config != nil {
		if label := c.Config.Labels[driverLabel]; label == "" {
			command = append(append(command, c.Config.Entrypoint...), c.Config.Cmd...)
		} else if command, err = driver.Words(label); err != nil {
			return nil, fmt.Errorf("container: %s: label %s: %w", id, driverLabel, err)
		}
	}
	if len(command) == 0 {
		return nil, fmt.Errorf("container: %s: what is its driver? Expected a command, or an image with the label %s", id, driverLabel)
	}
	at := &addresses{}
	var seen []string
	for name, n := range c.NetworkSettings.Networks {
		seen = append(seen, name)
		if n.IPAddress.IsValid() && local(n.Gateway) {
			at.self, at.gateway = n.IPAddress, n.Gateway
		}
	}
	if c.HostConfig != nil && c.HostConfig.NetworkMode.IsHost() {
		at = nil
	} else if !at.self.IsValid() {
		return nil, fmt.Errorf("container: %s cannot be reached from here: expected a network that this machine is on, it is on %v", id, seen)
	}
	started, err := e.api.ExecCreate(ctx, c.ID, client.ExecCreateOptions{
		AttachStdin: true, AttachStdout: true, AttachStderr: true, Cmd: command,
	})
	if err != nil {
		return nil, fmt.Errorf("container: exec %s: %w", strings.Join(command, " "), err)
	}
	attached, err := e.api.ExecAttach(ctx, started.ID, client.ExecAttachOptions{})
	if err != nil {
		return nil, fmt.Errorf("container: exec %s: %w", strings.Join(command, " "), err)
	}
	s := driver.Stream{
		Name:  fmt.Sprintf("%s in container %s", strings.Join(command, " "), id),
		Stdin: stdin{&attached.HijackedResponse},
		Copy:  func(stdout, stderr io.Writer) error { return demultiplex(attached.HijackedResponse, stdout, stderr) },
		Kill:  sync.OnceFunc(attached.Close),
		Reap: func() string {
			attached.Close()
			if at != nil {
				at.close()
			}
			return e.execStatus(started.ID)
		},
		Options: opts,
	}
	if at != nil {
		s.Network = at
	}
	return driver.Attach(ctx, s), nil
}

func (e *Engine) execStatus(id string) string {
	ctx, cancel := context.WithTimeout(context.Background(), endLimit)
	defer cancel()
	for {
		info, err := e.api.ExecInspect(ctx, id, client.ExecInspectOptions{})
		switch {
		case err != nil:
			return fmt.Sprintf("exit status unknown: %v", err)
		case !info.Running:
			return fmt.Sprintf("exit status %d", info.ExitCode)
		}
		select {
		case <-ctx.Done():
			return "still running, though its input has ended"
		case <-time.After(20 * time.Millisecond):
		}
	}
}

var _ driver.Network = (*addresses)(nil)
