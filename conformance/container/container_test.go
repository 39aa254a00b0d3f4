package container_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"
	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/container"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// These tests run the reference's driver in an image made FROM scratch, which takes no registry,
// and Perl where its image is there or can be made.

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "leave-a-container" {
		leaveContainer()
	}
	os.Setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
	code := m.Run()
	if e, image := shared.engine, shared.image; e != nil {
		if err := removeImage(image); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		e.Close()
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var shared struct {
	sync.Once
	engine *container.Engine
	image  string
	err    error
}

// engine is the engine, and the image with the reference's driver. Without Docker the test is
// skipped.
func engine(t *testing.T) (*container.Engine, string) {
	t.Helper()
	shared.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		e, err := container.Connect(ctx)
		if err != nil {
			shared.err = err
			return
		}
		shared.engine = e
		shared.image, shared.err = buildReference(ctx)
	})
	if errors.Is(shared.err, container.ErrNoDocker) {
		t.Skip(shared.err)
	}
	must(t, shared.err)
	return shared.engine, shared.image
}

// buildReference makes an image of nothing but the command. It is static, for the machine of these
// tests.
func buildReference(ctx context.Context) (string, error) {
	dir, err := os.MkdirTemp("", "ikc-conform-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "ikc-conform")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", program, "github.com/perl-ikc/ikc-conform/cmd/ikc-conform")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	binary, err := os.ReadFile(program)
	if err != nil {
		return "", err
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, text := range map[string][]byte{
		"Dockerfile":  []byte("FROM scratch\nCOPY ikc-conform /ikc-conform\nUSER 10603\nENTRYPOINT [\"/ikc-conform\", \"driver\"]\n"),
		"ikc-conform": binary,
	} {
		if err := errors.Join(w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text))}), second(w.Write(text))); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	p, err := testcontainers.NewDockerProvider()
	if err != nil {
		return "", err
	}
	defer p.Close()
	return p.BuildImage(ctx, &testcontainers.ContainerRequest{FromDockerfile: testcontainers.FromDockerfile{
		ContextArchive: bytes.NewReader(archive.Bytes()), Repo: "ikc-conform-test", Tag: fmt.Sprint(os.Getpid()),
	}})
}

func second(_ int, err error) error { return err }

func removeImage(name string) error {
	if name == "" {
		return nil
	}
	p, err := testcontainers.NewDockerProvider()
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = p.Client().ImageRemove(context.Background(), name, client.ImageRemoveOptions{Force: true, PruneChildren: true})
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, e *container.Engine, image string) *container.Peer {
	t.Helper()
	p, err := e.Start(testContext(t), container.Request{Image: image})
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// nothingLeft fails the test if this package's label is on anything of this process.
func nothingLeft(t *testing.T) {
	t.Helper()
	left, err := owned(context.Background(), fmt.Sprintf("/%d/", os.Getpid()))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// owned lists containers and networks whose owner label holds some text.
func owned(ctx context.Context, text string) ([]string, error) {
	p, err := testcontainers.NewDockerProvider()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	const label = "com.github.perl-ikc.owner"
	ours := client.Filters{}.Add("label", label)
	containers, err := p.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ours})
	if err != nil {
		return nil, err
	}
	networks, err := p.Client().NetworkList(ctx, client.NetworkListOptions{Filters: ours})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, c := range containers.Items {
		if strings.Contains(c.Labels[label], text) {
			found = append(found, "container "+c.ID)
		}
	}
	for _, n := range networks.Items {
		if strings.Contains(n.Labels[label], text) {
			found = append(found, "network "+n.ID)
		}
	}
	return found, nil
}

var echo = driver.Session{Session: "s", States: map[string]driver.Action{"echo": driver.Echo(), "answer": driver.Echo()}}

func reference(t *testing.T) *driver.Driver {
	t.Helper()
	d := refdriver.Start(testContext(t), refdriver.Config{}, driver.Options{})
	t.Cleanup(func() { d.Close() })
	return d
}

// talk has a client call the server's echo.
func talk(t *testing.T, server, caller *driver.Driver) {
	t.Helper()
	ctx := testContext(t)
	must(t, server.Session(ctx, echo))
	must(t, caller.Session(ctx, echo))
	at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
	must(t, err)
	_, err = caller.Connect(ctx, driver.Connect{Name: "Client", Address: at.Address})
	must(t, err)
	ask(t, caller, "over")
	hello, err := caller.Hello(ctx)
	must(t, err)
	if !hello.Has("clientlite") {
		return
	}
	lite := driver.LiteConnect{Name: "Lite", Address: at.Address}
	must(t, caller.LiteConnect(ctx, lite))
	got, err := caller.LiteCall(ctx, "s/echo", perl.NewBytes("lite"))
	must(t, err)
	if s, _ := got.AsString(); s != "lite" {
		t.Errorf("got %v, want lite", got)
	}
	must(t, caller.LiteDisconnect(ctx))
}

func ask(t *testing.T, caller *driver.Driver, what string) {
	t.Helper()
	ctx := testContext(t)
	_, err := caller.Call(ctx, driver.Call{To: "poe://Server/s/echo", Params: typed.Value{V: perl.NewBytes(what)}, RSVP: "poe:/s/answer", Session: "s"})
	must(t, err)
	e, err := caller.WaitState(ctx, "s", "answer")
	must(t, err)
	if s, _ := e.Args[0].AsString(); s != what {
		t.Errorf("got %v, want %s", e, what)
	}
}

func TestBothWays(t *testing.T) {
	e, image := engine(t)
	for _, mode := range []string{"direct", "published"} {
		t.Run(mode, func(t *testing.T) {
			if mode == "published" {
				bridge := bridgeAddress()
				if bridge == "" {
					t.Skip("no interface docker0, whose address containers could connect to")
				}
				t.Setenv("IKC_HARNESS_ADDRESS", bridge)
				t.Setenv("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1")
			}
			t.Setenv("IKC_CONTAINER_NETWORK", mode)
			t.Run("server", func(t *testing.T) { talk(t, start(t, e, image).Driver, reference(t)) })
			t.Run("client", func(t *testing.T) { talk(t, reference(t), start(t, e, image).Driver) })
		})
	}
	nothingLeft(t)
}

func bridgeAddress() string {
	i, err := net.InterfaceByName("docker0")
	if err != nil {
		return ""
	}
	addrs, err := i.Addrs()
	if err != nil || len(addrs) == 0 {
		return ""
	}
	host, _, _ := strings.Cut(addrs[0].String(), "/")
	return host
}

func TestPause(t *testing.T) {
	e, image := engine(t)
	server, c := start(t, e, image), reference(t)
	talk(t, server.Driver, c)
	ctx := testContext(t)
	must(t, server.Pause(ctx))
	short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if err := server.Publish(short, "s", "echo"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a paused driver: got %v, want a deadline exceeded", err)
	}
	must(t, server.Unpause(ctx))
	ask(t, c, "again")
}

func TestClosePaused(t *testing.T) {
	e, image := engine(t)
	p := start(t, e, image)
	must(t, p.Pause(testContext(t)))
	must(t, p.Close())
	nothingLeft(t)
}

func TestKill(t *testing.T) {
	e, image := engine(t)
	server, c := start(t, e, image), reference(t)
	ctx := testContext(t)
	talk(t, server.Driver, c)
	must(t, server.Kill(ctx))
	<-server.Done()
	var exit *driver.ExitError
	if !errors.As(server.Err(), &exit) || exit.Status != "exit status 137" {
		t.Errorf("got %v, want an exit status of 137", server.Err())
	}
	must(t, server.Close())
	nothingLeft(t)
}

func TestDisconnect(t *testing.T) {
	e, image := engine(t)
	server, c := start(t, e, image), reference(t)
	talk(t, server.Driver, c)
	ctx := testContext(t)
	must(t, server.Disconnect(ctx))
	_, err := server.Hello(ctx) // the conversation with the driver does not go over the network
	must(t, err)
	must(t, server.Reconnect(ctx))
	talk(t, start(t, e, image).Driver, reference(t))
	at, err := server.Listen(ctx, driver.Listen{Name: "Server"})
	must(t, err)
	other := reference(t)
	_, err = other.Connect(ctx, driver.Connect{Name: "Another", Address: at.Address})
	must(t, err)
}

func TestFailures(t *testing.T) {
	e, image := engine(t)
	ctx := testContext(t)

	p, err := e.Start(ctx, container.Request{Image: image, Args: []string{"--no-such-flag"}})
	if err == nil {
		_, err = p.Hello(ctx)
		p.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "no-such-flag") {
		t.Errorf("a driver that ends at once: got %v, want an error with what it said", err)
	}

	_, err = e.Start(ctx, container.Request{Image: "localhost:1/no/such-image:none"})
	if err == nil || !strings.Contains(err.Error(), "cannot be pulled") {
		t.Errorf("no image: got %v", err)
	}
	nothingLeft(t)
}

func TestContextEnds(t *testing.T) {
	e, image := engine(t)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := e.Start(ctx, container.Request{Image: image})
	must(t, err)
	cancel()
	<-p.Done()
	must(t, p.Close())
	nothingLeft(t)
}

func TestExec(t *testing.T) {
	e, image := engine(t)
	host := start(t, e, image)
	id := strings.TrimPrefix(one(t), "container ")
	d, err := e.Exec(testContext(t), id, nil, driver.Options{})
	must(t, err)
	defer d.Close()
	talk(t, d, reference(t))
	must(t, d.Quit(testContext(t)))
	var exit *driver.ExitError
	if !errors.As(d.Err(), &exit) || exit.Status != "exit status 0" {
		t.Errorf("got %v, want an exit status of 0", d.Err())
	}
	_, err = host.Hello(testContext(t))
	must(t, err)

	_, err = e.Exec(testContext(t), "no-such-container", nil, driver.Options{})
	if err == nil {
		t.Error("no error for a container that is not there")
	}
}

func one(t *testing.T) string {
	t.Helper()
	all, err := owned(testContext(t), fmt.Sprintf("/%d/", os.Getpid()))
	must(t, err)
	if len(all) != 2 {
		t.Fatalf("got %v, want one container and its network", all)
	}
	return all[0]
}

// TestSweep kills a process that has a container, and looks whether the next one to connect removes
// it.
func TestSweep(t *testing.T) {
	_, image := engine(t)
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self, "leave-a-container")
	cmd.Env = append(os.Environ(), "IKC_TEST_IMAGE="+image)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	buf := make([]byte, 100)
	n, _ := out.Read(buf)
	if string(buf[:n]) != "started\n" {
		t.Errorf("got %q", buf[:n])
	}
	text := fmt.Sprintf("/%d/", cmd.Process.Pid)
	before, err := owned(testContext(t), text)
	must(t, err)
	if len(before) != 2 {
		t.Errorf("got %v, want a container and a network", before)
	}
	must(t, cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	e, err := container.Connect(testContext(t))
	must(t, err)
	defer e.Close()
	after, err := owned(testContext(t), text)
	must(t, err)
	if len(after) > 0 {
		t.Errorf("still there: %v", after)
	}
}

// leaveContainer is the process that TestSweep kills.
func leaveContainer() {
	ctx := context.Background()
	e, err := container.Connect(ctx)
	if err == nil {
		_, err = e.Start(ctx, container.Request{Image: os.Getenv("IKC_TEST_IMAGE")})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("started")
	time.Sleep(time.Minute)
	os.Exit(1)
}

// TestPerl needs the image, or a mirror to make it from.
func TestPerl(t *testing.T) {
	e, _ := engine(t)
	for _, release := range []string{"0.2402", "0.2305"} {
		t.Run(release, func(t *testing.T) {
			name, err := container.PerlImage(release, "")
			must(t, err)
			have, err := e.HasImage(testContext(t), name)
			must(t, err)
			if !have && os.Getenv("IKC_CPAN_MIRROR") == "" {
				t.Skipf("image %s is not here, and IKC_CPAN_MIRROR is not set to make it from", name)
			}
			made, err := e.Perl(testContext(t), release, "")
			must(t, err)
			p := start(t, e, made)
			hello, err := p.Hello(testContext(t))
			must(t, err)
			if hello.Release != release || hello.Has("unix") || !hello.Has("server") {
				t.Errorf("got %+v", hello)
			}
			talk(t, p.Driver, reference(t))
			talk(t, reference(t), start(t, e, made).Driver)
		})
	}
	nothingLeft(t)
}

func TestPerlImage(t *testing.T) {
	for _, bad := range []string{"", "latest", "0.2402; rm -rf /", "../0.2402"} {
		if name, err := container.PerlImage(bad, ""); err == nil {
			t.Errorf("%q: got %q, want an error", bad, name)
		}
	}
	name, err := container.PerlImage("0.2402", "")
	must(t, err)
	t.Setenv("IKC_PERL_BASE", "debian:trixie-slim")
	other, err := container.PerlImage("0.2402", "")
	must(t, err)
	if name == other {
		t.Errorf("two base images, one name: %s", name)
	}
}

// TestDockerfile keeps the copy that is embedded the same as the one that people build from.
func TestDockerfile(t *testing.T) {
	ours, err := os.ReadFile("Dockerfile.perl")
	must(t, err)
	theirs, err := os.ReadFile("../../Dockerfile.perl")
	must(t, err)
	if !bytes.Equal(ours, theirs) {
		t.Error("Dockerfile.perl differs from conformance/container/Dockerfile.perl; copy one over the other")
	}
}

// TestChecksum has a shell do what Dockerfile.perl does with a tarball: a release that is not the
// one that was published, or whose checksum nobody knows, is not built, unless somebody says so.
func TestChecksum(t *testing.T) {
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("no sha256sum here (Debian: coreutils)")
	}
	text, err := os.ReadFile("Dockerfile.perl")
	must(t, err)
	_, script, found := strings.Cut(string(text), "RUN sum=")
	script, _, ended := strings.Cut(script, "\nRUN ")
	if !found || !ended {
		t.Fatal("Dockerfile.perl: expected an instruction that begins with RUN sum=")
	}
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "release.tar.gz"), []byte("a tarball"), 0o600))
	wrong := strings.Repeat("ab", 32)
	right := fmt.Sprintf("%x", sha256.Sum256([]byte("a tarball")))
	for _, test := range []struct {
		release, sum string
		ok           bool
		says         string
	}{
		{"0.2402", "", false, "release.tar.gz: FAILED"},
		{"0.2305", "", false, "release.tar.gz: FAILED"},
		{"0.2401", "", false, "expected the checksum of POE-Component-IKC-0.2401.tar.gz"},
		{"0.2402", wrong, false, "release.tar.gz: FAILED"},
		{"0.2402", right, true, "release.tar.gz: OK"},
		{"0.2401", right, true, "release.tar.gz: OK"},
		{"0.2401", "none", true, "not verified"},
	} {
		cmd := exec.Command("sh", "-ec", "sum="+script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RELEASE="+test.release, "SHA256="+test.sum)
		out, err := cmd.CombinedOutput()
		if (err == nil) != test.ok || !strings.Contains(string(out), test.says) {
			t.Errorf("%s with %q: expected it to go on: %v, and %q; got %v, %s", test.release, test.sum, test.ok, test.says, err, out)
		}
	}
}

// TestChecksumOfEnvironment: what is built from other checksums has another name, and a typing
// error is told.
func TestChecksumOfEnvironment(t *testing.T) {
	names := map[string]bool{}
	for _, given := range []string{"", "none", "0.2402=" + strings.Repeat("ab", 32)} {
		t.Setenv("IKC_CPAN_SHA256", given)
		name, err := container.PerlImage("0.2402", "")
		must(t, err)
		names[name] = true
	}
	if len(names) != 3 {
		t.Errorf("expected three names, got %v", names)
	}
	for _, bad := range []string{"None", "0.2402=ab", "0.2402", strings.Repeat("ab", 32), "0.2402=" + strings.Repeat("xy", 32)} {
		t.Setenv("IKC_CPAN_SHA256", bad)
		if _, err := container.PerlImage("0.2402", ""); err == nil || !strings.Contains(err.Error(), "RELEASE=SHA256") {
			t.Errorf("%q: expected an error, got %v", bad, err)
		}
	}
}

func TestNoDocker(t *testing.T) {
	if os.Getenv("IKC_TEST_NO_DOCKER") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestNoDocker$", "-test.v")
		cmd.Env = append(os.Environ(), "IKC_TEST_NO_DOCKER=1", "DOCKER_HOST=tcp://127.0.0.1:1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	_, err := container.Connect(testContext(t))
	if err == nil || !errors.Is(err, container.ErrNoDocker) || !strings.Contains(err.Error(), "DOCKER_HOST") {
		t.Errorf("got %v, want ErrNoDocker and what to do", err)
	}
}
