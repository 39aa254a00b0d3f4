package harness_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/deviant"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// runDeviant runs the command's 'run tcp:ADDR --session' on a server with a defect.
func runDeviant(t *testing.T, d *deviant.Defect) *report.Report {
	t.Helper()
	s, err := deviant.Start(deviant.Options{Defect: d})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	target, err := harness.ParseTarget("tcp:" + s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	opts := harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: 20 * time.Second}
	if d != nil {
		opts.Hostile = d.Hostile
		if d.Silent {
			opts.Timeout = time.Second
		}
	}
	r, err := harness.Run(context.Background(), target, opts)
	if err != nil {
		t.Fatal(err)
	}
	return report.FromRun(r, conformance.Should, nil)
}

func failing(r *report.Report) (ids []string) {
	for _, c := range r.Checks {
		if c.Outcome == conformance.Fail {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

func problems(r *report.Report) (out []string) {
	for _, p := range r.Parts {
		out = append(out, p.Problems...)
		if p.Error != "" {
			out = append(out, p.Error)
		}
	}
	return out
}

// needsMore are checks that a server reached by its address alone gives no evidence for.
var needsMore = []string{
	"HS-IKC-010", // a server that speaks only IKC
}

func TestServerWithoutDefect(t *testing.T) {
	t.Parallel()
	for _, hostile := range []bool{false, true} {
		r := runDeviant(t, &deviant.Defect{Hostile: hostile})
		if ids := failing(r); len(ids) > 0 || r.Exit != report.ExitConformant {
			t.Errorf("hostile %v: expected no failing check and exit status 0, got %v, %d, problems %v", hostile, ids, r.Exit, problems(r))
		}
		for _, c := range r.Checks {
			// What is inconclusive on a good server says nothing on a bad one.
			if hostile && c.Outcome != conformance.Pass && !slices.Contains(needsMore, c.ID) && !requests(c.ID) && !otherSerializer(c.ID) {
				t.Errorf("%s: expected pass, got %s: %s", c.ID, c.Outcome, c.Reason)
			}
		}
	}
}

// requests tells whether a check is about requests, of which this server makes none.
func requests(id string) bool {
	for _, c := range conformance.Catalogue() {
		if c.ID == id {
			return c.Party == conformance.TheRequester
		}
	}
	return false
}

func TestServersWithDefects(t *testing.T) {
	var (
		mu     sync.Mutex
		killed = map[string][]string{}
	)
	t.Run("defects", func(t *testing.T) {
		for _, d := range deviant.Defects() {
			t.Run(d.Name, func(t *testing.T) {
				t.Parallel()
				r := runDeviant(t, d)
				ids := failing(r)
				if r.Exit != report.ExitNotConformant {
					t.Errorf("%s: expected exit status %d, got %d; failing %v, problems %v", d.Text, report.ExitNotConformant, r.Exit, ids, problems(r))
				}
				for _, want := range d.Kills {
					if !slices.Contains(ids, want) {
						t.Errorf("%s: expected %s to fail, got %v; problems %v", d.Text, want, ids, problems(r))
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for _, id := range ids {
					killed[id] = append(killed[id], d.Name)
				}
			})
		}
	})
	for _, c := range conformance.Catalogue() {
		if c.Party == conformance.TheClient {
			continue // see the table of clients in the package conformance
		}
		if len(killed[c.ID]) == 0 {
			t.Logf("%s kills no defect: %s", c.ID, c.Requirement)
		} else {
			t.Logf("%s kills %q", c.ID, killed[c.ID])
		}
	}
}

func TestDefectsAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range deviant.Defects() {
		if seen[d.Name] || d.Text == "" || len(d.Kills) == 0 {
			t.Errorf("defect %q: expected a name of its own, a text, and the check that names it", d.Name)
		}
		seen[d.Name] = true
		if _, err := conformance.Select(d.Kills...); err != nil {
			t.Errorf("defect %q: %v", d.Name, err)
		}
		if deviant.Find(d.Name).Text != d.Text {
			t.Errorf("defect %q cannot be found", d.Name)
		}
	}
	if len(seen) < 25 {
		t.Errorf("expected at least 25 defects, got %d", len(seen))
	}
}
