package release_test

import (
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	ikc "github.com/perl-ikc/ikc-conform/reference"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// liteProgram calls a state by the ClientLite that perl finds, in scalar and in list context.
const liteProgram = `
use POE::Component::IKC::ClientLite;
my $ikc = POE::Component::IKC::ClientLite::create_ikc_client(ip => '127.0.0.1', port => $ARGV[0], name => 'Lite', timeout => 10, protocol => $ARGV[1])
	or die "not connected: ", POE::Component::IKC::ClientLite::error(), "\n";
my $one = $ikc->call('svc/echo', 17);
my @all = $ikc->call('svc/echo', 17);
print "$one @all\n";
`

// TestRealLites: the ClientLite of each unpacked release, also of those that do not start as
// kernels, fits its release.
func TestRealLites(t *testing.T) {
	perl, err := exec.LookPath("perl")
	if err != nil {
		t.Skip("needs perl: apt-get install perl")
	}
	dir := driver.ReleasesDir()
	tried := 0
	for _, name := range release.AllReleases().Names() {
		lib := filepath.Join(dir, name)
		if _, err := os.Stat(filepath.Join(lib, "POE", "Component", "IKC", "ClientLite.pm")); err != nil {
			continue
		}
		tried++
		path := filepath.Join(t.TempDir(), "lite.pcapng")
		dialect := "IKC0"
		if name == "0.2302" { // it takes the PID of a server for a mistake
			dialect = "IKC"
		}
		recordLite(t, perl, lib, dialect, path)
		p := only(t, release.PeersOf(t, path), wire.Client)
		want := ""
		for _, run := range []string{"0.09 to 0.09", "0.12 to 0.1501", "0.18 to 0.2102", "0.2200 to 0.2402", "0.2303 to 0.2402"} {
			from, to, _ := strings.Cut(run, " to ")
			if set := release.AllReleases().Between(from, to); set.Has(name) {
				want = set.String() // of several, the last is the smallest
			}
		}
		if !p.Releases.Has(name) || p.Releases.String() != want {
			t.Errorf("%s: expected %s, got %v", name, want, p)
		}
	}
	if tried == 0 {
		t.Skipf("needs releases in %s, see IKC_RELEASES", dir)
	}
}

// recordLite records a ClientLite and a kernel in Go.
func recordLite(t *testing.T, perl, lib, dialect, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	k, err := ikc.New(ikc.Config{Name: "Server", Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	s, err := k.NewSession("svc", map[string]ikc.State{"echo": func(_ context.Context, r *ikc.Request) (any, error) { return r.Arg(0), nil }})
	must(t, err)
	s.Publish("echo")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go func() { _ = k.Serve(ctx, l) }()
	file, err := os.Create(path)
	must(t, err)
	defer file.Close()
	w, err := capture.NewWriter(file, capture.Meta{})
	must(t, err)
	r, err := relay.Start(relay.Options{TargetAddress: l.Addr().String(), Writer: w})
	must(t, err)
	_, port, _ := net.SplitHostPort(r.Addr().String())
	cmd := exec.CommandContext(ctx, perl, "-e", liteProgram, port, dialect)
	cmd.Env = append(os.Environ(), "PERL5LIB="+lib)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "17 17\n") {
		t.Errorf("%s: %v, %s", lib, err, out)
	}
	must(t, r.Close(ctx))
	must(t, w.Close())
	must(t, k.Shutdown(ctx))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
