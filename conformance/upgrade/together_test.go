package upgrade_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// peers are those of the table of who can talk to whom: a column and a row for each, with its
// target.
var peers = [][2]string{
	{"5.32", "bullseye"}, {"5.36", "5.36"}, {"5.40", "trixie"}, {"5.40 i386", "trixie-i386"}, {"5.42", "sid"},
	{"5.42 s390x", "sid-s390x"}, {"Go", "reference"},
}

// gridEnv has TestTogether play the whole table: all, or what is written to it: write.
const gridEnv = "IKC_GRID"

// together is the table as it was played. The guide on upgrades shows it.
const together = "testdata/together.md"

// TestTogether plays real POE::Component::IKC 0.2402 of each Perl, and the Go kernel, with each
// other: as a kernel and as a ClientLite, with each serializer. That takes a quarter of an hour, so
// it is only done if IKC_GRID asks for it; else the table is compared with the guide.
func TestTogether(t *testing.T) {
	if asked := os.Getenv(gridEnv); asked != "" {
		got := playTable(t)
		if asked == "write" {
			if err := os.WriteFile(together, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if want, err := os.ReadFile(together); err != nil || string(want) != got {
			t.Errorf("expected, %v\n%s\ngot\n%s", err, want, got)
		}
	}
	table, err := os.ReadFile(together)
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile("../../docs/guides/upgrade.md")
	if err != nil || !strings.Contains(string(guide), "\n"+string(table)) {
		t.Errorf("expected docs/guides/upgrade.md to have the table of %s: %v", together, err)
	}
}

// pairing is who plays with whom, how.
type pairing struct {
	client, server int
	role           cell.Role
	serializer     cell.Serializer
}

func playTable(t *testing.T) string {
	var all []*targets.Target
	for _, peer := range peers {
		spec := peer[1]
		if spec != "reference" {
			found, err := driver.FindInterpreter(t.Context(), spec)
			if err == nil {
				_, err = found.Find(t.Context(), filepath.Join(driver.ReleasesDir(), "0.2402"))
			}
			if err != nil {
				t.Skipf("%s: %v", peer[0], err)
			}
			spec = "perl@0.2402/" + spec
		}
		all = append(all, target(t, spec))
	}
	var todo []pairing
	for client := range peers {
		for server := range peers {
			for _, role := range []cell.Role{cell.AsClient, cell.AsClientLite} {
				for _, s := range cell.Serializers() {
					todo = append(todo, pairing{client, server, role, s})
				}
			}
		}
	}
	dir := t.TempDir()
	outcomes := map[pairing]error{}
	var mu sync.Mutex
	var players sync.WaitGroup
	queue := make(chan pairing)
	for range harness.DefaultJobs() {
		players.Go(func() {
			for p := range queue {
				path := filepath.Join(dir, fmt.Sprintf("%d-%d-%s-%.5s.pcapng", p.client, p.server, p.role, p.serializer))
				_, _, err := harness.Pair{Server: all[p.server], Client: all[p.client], Role: p.role, Dialect: cell.IKC0, Serializer: p.serializer,
					Path: path, Patience: time.Minute}.Record(t.Context())
				mu.Lock()
				outcomes[p] = err
				mu.Unlock()
				_ = os.Remove(path)
			}
		})
	}
	for _, p := range todo {
		queue <- p
	}
	close(queue)
	players.Wait()
	var b strings.Builder
	b.WriteString("| client \\ server |")
	for _, peer := range peers {
		b.WriteString(" " + peer[0] + " |")
	}
	b.WriteString("\n|" + strings.Repeat("---|", len(peers)+1) + "\n")
	for client := range peers {
		b.WriteString("| " + peers[client][0] + " |")
		for server := range peers {
			var bad []string
			for _, p := range todo {
				if p.client == client && p.server == server && outcomes[p] != nil {
					bad = append(bad, fmt.Sprintf("%s %s", p.role, p.serializer))
					t.Logf("%s to %s, %s %s: %v", peers[client][0], peers[server][0], p.role, p.serializer, outcomes[p])
				}
			}
			word := "ok"
			switch {
			case slices.Equal(bad, []string{"clientlite Storable"}):
				word = "no **L**"
			case len(bad) > 0:
				word = strings.Join(bad, ", ")
			}
			b.WriteString(" " + word + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}
