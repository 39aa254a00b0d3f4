package container_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// inRemote is set in the process that TestRemote starts in a network namespace.
const inRemote = "IKC_TEST_REMOTE"

// TestRemote talks both ways, from a network namespace of its own, with an engine that is elsewhere
// from there: reached by TCP, with containers that have other networks.
func TestRemote(t *testing.T) {
	if os.Getenv(inRemote) != "" {
		e, image := engine(t)
		t.Run("server", func(t *testing.T) { talk(t, start(t, e, image).Driver, reference(t)) })
		t.Run("client", func(t *testing.T) { talk(t, reference(t), start(t, e, image).Driver) })
		return
	}
	engine(t) // which skips if there is none
	if host := os.Getenv("DOCKER_HOST"); host != "" && !strings.HasPrefix(host, "unix:") {
		t.Skip("the engine is not on this machine")
	}
	ours := namespace(t)
	proxy, err := net.Listen("tcp", ours+":0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	defer running.Wait()
	defer proxy.Close()
	running.Go(func() { toEngine(proxy) })
	cmd := exec.Command("ip", "netns", "exec", namespaceName, os.Args[0], "-test.run", "^TestRemote$", "-test.v", "-test.timeout", "2m")
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"DOCKER_HOST", "IKC_HARNESS_ADDRESS", "IKC_CONTAINER_NETWORK", "TESTCONTAINERS_HOST_OVERRIDE"}, name)
	})
	cmd.Env = append(cmd.Env, inRemote+"=1", "DOCKER_HOST=tcp://"+proxy.Addr().String())
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestRemote/client") {
		t.Errorf("%v\n%s", err, out)
	}
}

const namespaceName = "ikc-conform-test"

// namespace makes a network namespace that can reach this machine by the address returned, and
// nothing else.
func namespace(t *testing.T) string {
	t.Helper()
	const ours, theirs = "10.99.73.1", "10.99.73.2"
	undo := func() {
		_ = exec.Command("ip", "netns", "del", namespaceName).Run()
		_ = exec.Command("ip", "link", "del", "ikctest0").Run()
	}
	undo()
	t.Cleanup(undo)
	for _, line := range []string{
		"netns add " + namespaceName,
		"link add ikctest0 type veth peer name ikctest1 netns " + namespaceName,
		"addr add " + ours + "/30 dev ikctest0",
		"link set ikctest0 up",
		"-n " + namespaceName + " addr add " + theirs + "/30 dev ikctest1",
		"-n " + namespaceName + " link set ikctest1 up",
		"-n " + namespaceName + " link set lo up",
		"-n " + namespaceName + " route add default via " + ours,
	} {
		if out, err := exec.Command("ip", strings.Fields(line)...).CombinedOutput(); err != nil {
			t.Skipf("ip %s: %v: %s (it takes root and Debian's iproute2)", line, err, out)
		}
	}
	return ours
}

// toEngine hands connections on to the engine's socket until the listener is closed.
func toEngine(l net.Listener) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("unix", "/var/run/docker.sock")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			in.Close()
			continue
		}
		go func() {
			_, _ = io.Copy(out, in)
			_ = out.(*net.UnixConn).CloseWrite()
		}()
		go func() {
			defer out.Close()
			_, _ = io.Copy(in, out)
			_ = in.(*net.TCPConn).CloseWrite()
		}()
	}
}
