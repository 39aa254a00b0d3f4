package container

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Labels of everything that this package creates.
const (
	labelPrefix  = "com.github.perl-ikc."
	ownerLabel   = labelPrefix + "owner"   // host/pid/start of the process
	createdLabel = labelPrefix + "created" // seconds since 1970
	driverLabel  = labelPrefix + "driver"  // of an image: the words of its driver's command, for container:ID
)

// staleAfter is when containers and networks of processes that cannot be asked about, on other
// machines that use the same engine, are taken for left behind.
const staleAfter = 24 * time.Hour

// owner is a process.
type owner struct {
	host  string // machine, boot and PID namespace, so that pid means something
	pid   int
	start string // when the process began, as the system counts; "" if unknown
}

func thisProcess() owner {
	h := fnv.New64a()
	name, _ := os.Hostname()
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	namespace, _ := os.Readlink("/proc/self/ns/pid")
	fmt.Fprintf(h, "%s %s %s", name, boot, namespace)
	return owner{host: fmt.Sprintf("%016x", h.Sum64()), pid: os.Getpid(), start: startOf(os.Getpid())}
}

func (o owner) String() string { return fmt.Sprintf("%s/%d/%s", o.host, o.pid, o.start) }

func parseOwner(s string) (o owner, ok bool) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return o, false
	}
	pid, err := strconv.Atoi(parts[1])
	return owner{host: parts[0], pid: pid, start: parts[2]}, err == nil && pid > 0
}

// startOf is when a process began, in clock ticks since boot, "" if that is not known: proc(5),
// stat, field 22.
func startOf(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return ""
	}
	// The second field is the name in parentheses, which may hold anything.
	_, rest, ok := strings.Cut(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), " ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return ""
	}
	return fields[19]
}

// left tells whether something with these labels has been left behind, as seen by this process.
func (o owner) left(labels map[string]string, now time.Time) bool {
	other, ok := parseOwner(labels[ownerLabel])
	if !ok {
		return false
	}
	if other.host == o.host && runtime.GOOS != "windows" {
		return !other.alive()
	}
	created, err := strconv.ParseInt(labels[createdLabel], 10, 64)
	return err == nil && now.Sub(time.Unix(created, 0)) > staleAfter
}

// alive tells whether a process of this machine is there.
func (o owner) alive() bool {
	p, err := os.FindProcess(o.pid)
	if err != nil {
		return false
	}
	if err := p.Signal(syscall.Signal(0)); err != nil && !errors.Is(err, os.ErrPermission) {
		return false
	}
	return o.start == "" || o.start == startOf(o.pid) // else another process has got the number
}

// labels are those of something that this process creates.
func (e *Engine) labels() map[string]string {
	return map[string]string{ownerLabel: e.owner.String(), createdLabel: strconv.FormatInt(time.Now().Unix(), 10)}
}

// Sweep removes the containers and networks that processes have left behind: of this machine if the
// process is not there any more, of others after a day. Connect does it.
func (e *Engine) Sweep(ctx context.Context) error {
	ours := client.Filters{}.Add("label", ownerLabel)
	containers, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return fmt.Errorf("container: list: %w", err)
	}
	var errs []error
	for _, c := range containers.Items {
		if e.owner.left(c.Labels, time.Now()) {
			errs = append(errs, e.removeContainer(ctx, c.ID))
		}
	}
	networks, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return fmt.Errorf("container: list networks: %w", err)
	}
	for _, n := range networks.Items {
		if e.owner.left(n.Labels, time.Now()) {
			errs = append(errs, e.removeNetwork(ctx, n.ID))
		}
	}
	return errors.Join(errs...)
}

func (e *Engine) removeContainer(ctx context.Context, id string) error {
	_, err := e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || isNotFound(err) || errdefs.IsConflict(err) { // conflict: somebody else is removing it
		return nil
	}
	return fmt.Errorf("container: remove %.12s: %w", id, err)
}

func (e *Engine) removeNetwork(ctx context.Context, id string) error {
	if _, err := e.api.NetworkRemove(ctx, id, client.NetworkRemoveOptions{}); err != nil && !isNotFound(err) {
		return fmt.Errorf("container: remove network %.12s: %w", id, err)
	}
	return nil
}

func isNotFound(err error) bool { return errdefs.IsNotFound(err) }
