package perltest

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// Program is a Perl program that uses release 0.2402 of POE::Component::IKC, and is not started. It
// ends with the test. The test is skipped where there is no such release.
func Program(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	lib := filepath.Join(driver.ReleasesDir(), "0.2402")
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	cmd := exec.Command("perl", append([]string{script}, args...)...)
	cmd.Env = append(os.Environ(), "PERL5LIB="+lib)
	t.Cleanup(func() {
		if cmd.Process != nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return cmd
}

// Listening starts a Program that listens at a port, its first argument, and says "listens" when it
// does. It returns the address.
func Listening(t testing.TB, script string, args ...string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	_ = l.Close()
	cmd := Program(t, script, append([]string{port}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listens\n" {
		t.Fatalf("%s: expected it to listen, got %q, %v", script, line, err)
	}
	return address
}
