package release_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/recordings"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// only is the peer of a side that has one.
func only(t *testing.T, ps *release.Peers, side wire.Role) *release.Peer {
	t.Helper()
	list, whole := ps.All(side)
	if len(list) != 1 || !whole {
		t.Fatalf("expected one %v, got %d", side, len(list))
	}
	return list[0]
}

// smallest is what the facts leave of a side in a recording of captures/releases, which shows error
// reports and refusals of kernels.
func smallest(role, dialect, number string) string {
	isSetup := dialect == "IKC0" || dialect == "fallback" && role != "server"
	switch {
	case role == "clientlite" && !isSetup && number < "0.2200":
		return "0.18 to 0.2102"
	case role == "clientlite" && !isSetup:
		return "0.2200 to 0.2402"
	case isSetup && number == "0.2302":
		return "0.2302"
	case role == "clientlite":
		return "0.2303 to 0.2402"
	case number >= "0.2400":
		return "0.2400 to 0.2402"
	case isSetup:
		return "0.2303 to 0.2305"
	case dialect == "fallback":
		return "0.2302 to 0.2305"
	}
	return "0.14 to 0.2305"
}

// TestReleases: of each recorded release, the set of each side has the release, and is as small as
// the facts allow.
func TestReleases(t *testing.T) {
	const dir = "../../captures/releases"
	all, err := recordings.Load(dir)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d recordings, %v", len(all), err)
	}
	for _, s := range all {
		ps := release.PeersOf(t, filepath.Join(dir, s.Capture))
		for side, of := range map[wire.Role]recordings.Side{wire.Server: s.Server, wire.Client: s.Client} {
			p := only(t, ps, side)
			if !p.Releases.Has(of.Release) {
				t.Errorf("%s: the %v is of %s, got %v", s.Capture, side, of.Release, p)
			}
			if want := smallest(of.Role, s.Dialect, of.Release); p.Releases.String() != want {
				t.Errorf("%s: %v: expected %s, got %v", s.Capture, side, want, p)
			}
			perls := release.AllPerls()
			if s.Serializer == wire.DefaultSerializer {
				if perls = perls.Between("5.28", ""); of.Role == "clientlite" {
					perls = perls.Between("5.28", "5.36")
				}
			}
			if !p.Perls.Within(perls) || !perls.Within(p.Perls) || !p.Perls.Has("5.36") {
				t.Errorf("%s: %v: expected Perl %v, got %v", s.Capture, side, perls, p)
			}
		}
	}
}

// TestStartable: what can be started is among the releases.
func TestStartable(t *testing.T) {
	for _, name := range driver.Startable {
		if !release.AllReleases().Has(name) {
			t.Errorf("%s is none of %v", name, release.AllReleases())
		}
	}
}

// recorded is the path of a recording of testdata, or of captures/field.
func recorded(file string) string {
	if path := filepath.Join("../../captures/field", file); fileExists(path) {
		return path
	}
	return filepath.Join("testdata", file)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// TestKinds: recordings of one thing each say what they were made for, and their true release fits.
func TestKinds(t *testing.T) {
	for file, want := range map[string]struct{ server, client string }{
		"lite-0.09.pcapng":             {"as POE::Component::IKC 0.2400 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.09, Perl 5.28 or later"},
		"lite-0.12.pcapng":             {"as POE::Component::IKC 0.2400 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.12 to 0.1501, Perl 5.28 to 5.36"},
		"lite-0.1501.pcapng":           {"as POE::Component::IKC 0.2400 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.12 to 0.1501, Perl 5.28 to 5.36"},
		"lite-0.18.pcapng":             {"as POE::Component::IKC 0.2400 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.18 to 0.2102, Perl 5.28 to 5.36"},
		"lite-0.2200.pcapng":           {"as POE::Component::IKC 0.2400 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.2200 to 0.2402, Perl 5.28 to 5.36"},
		"lite-5.42-freezer.pcapng":     {"as POE::Component::IKC 0.2303 to 0.2402", "as POE::Component::IKC 0.2303 to 0.2402, Perl 5.38 or later"},
		"lite-5.42-storable.pcapng":    {"as POE::Component::IKC 0.2303 to 0.2402, Perl 5.38 or later", "as POE::Component::IKC 0.2303 to 0.2402, Perl 5.38 or later"},
		"immortal-true-5.36.pcapng":    {"as POE::Component::IKC 0.2303 to 0.2402, Perl 5.28 or later", "as POE::Component::IKC 0.2303 to 0.2402, Perl 5.28 to 5.36"},
		"old-release-0.2305.pcapng":    {"as POE::Component::IKC 0.2303 to 0.2305, Perl 5.28 or later", "as POE::Component::IKC 0.2303 to 0.2402, Perl 5.28 to 5.36"},
		"setup-ignored-0.1801.pcapng":  {"as POE::Component::IKC 0.09 to 0.2200", "as POE::Component::IKC 0.2302"},
		"number-taken-0.1903.pcapng":   {"as POE::Component::IKC 0.1903", "the release cannot be told"},
		"number-refused-0.1904.pcapng": {"as POE::Component::IKC 0.1904 to 0.2402", "the release cannot be told"},
		"pid-refused-0.2302.pcapng":    {"as POE::Component::IKC 0.2303 to 0.2402", "as POE::Component::IKC 0.2302"},
		"go-call.pcapng":               {"as POE::Component::IKC 0.2303 to 0.2402, Perl 5.28 or later", "not POE::Component::IKC"},
	} {
		ps := release.PeersOf(t, recorded(file))
		for side, fits := range map[wire.Role]string{wire.Server: want.server, wire.Client: want.client} {
			p := only(t, ps, side)
			if p.Fits() != fits {
				t.Errorf("%s: %v: expected %s, got %v", file, side, fits, p)
			}
			if p.Known() == (fits == "the release cannot be told") {
				t.Errorf("%s: %v: known is %v for %s", file, side, p.Known(), fits)
			}
		}
	}
}
