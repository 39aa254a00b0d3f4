package mutants_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutants"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// runServer runs the command's 'run tcp:ADDR --session' on a server with a defect.
func runServer(t *testing.T, d *server.Behaviour) *report.Report {
	t.Helper()
	srv, err := server.Start(server.Options{Behaviour: d})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	target, err := targets.Parse("tcp:" + srv.Addr())
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
	return report.FromRun(r, judge.Should, nil)
}

// needsMore are checks that a server reached by its address alone gives no evidence for.
var needsMore = []string{
	"HS-IKC-010", // a server that speaks only IKC
	"RSVP-003",   // one that calls
	"LOC-002",    // one that is told to send to itself
}

func TestServerWithoutDefect(t *testing.T) {
	t.Parallel()
	for _, hostile := range []bool{false, true} {
		r := runServer(t, &server.Behaviour{Hostile: hostile})
		if ids := r.Failed(); len(ids) > 0 || r.Exit != report.ExitConformant {
			t.Errorf("hostile %v: expected no failing check and exit status 0, got %v, %d, problems %v", hostile, ids, r.Exit, r.Problems())
		}
		for _, c := range r.Checks {
			// What is inconclusive on a good server says nothing on a bad one.
			if hostile && c.Outcome != judge.Pass && !slices.Contains(needsMore, c.ID) &&
				!requests(c.ID) && !byDriver(c.ID) && c.ID != "SER-007" && c.ID != "SER-008" {
				t.Errorf("%s: expected pass, got %s: %s", c.ID, c.Outcome, c.Reason)
			}
		}
	}
}

// requests tells whether a check is about requests, of which this server makes none.
func requests(id string) bool {
	for _, c := range checks.Catalogue() {
		if c.ID == id {
			return c.Party == judge.TheRequester
		}
	}
	return false
}

// byDriver tells whether a check is about what a driver reports, and this server has none.
func byDriver(id string) bool {
	return slices.ContainsFunc(checks.Catalogue(), func(c *judge.Check) bool { return c.ID == id && c.ByDriver() })
}

// matrixFile is what 'ikc-conform mutants' printed.
const matrixFile = "matrix.txt"

// sampleEnv has TestMutations try all defects: all. Else it tries every second one, those of odd or
// of even numbers from one day to the next; what the others are killed by is what the matrix says.
const sampleEnv = "IKC_MUTANTS"

// Every defect is killed by the checks that name it, every check kills one, and the matrix in the
// tree has them all.
func TestMutations(t *testing.T) {
	var tried []*mutants.Defect
	third := time.Now().YearDay() % 3
	for i, d := range mutants.Defects() {
		if os.Getenv(sampleEnv) == "all" || i%3 == third {
			tried = append(tried, d)
		}
	}
	t.Logf("%d of %d defects are tried; %s=all tries all", len(tried), len(mutants.Defects()), sampleEnv)
	recorded, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{} // by role and defect
	for line := range strings.Lines(string(recorded)) {
		if len(line) > 53 && line[0] == ' ' {
			lines[strings.Join(strings.Fields(line[:51]), " ")] = strings.Fields(line[51:])
		}
	}
	kills := map[string]bool{}
	for _, d := range mutants.Defects() {
		have := lines[string(d.Cell.Role)+" "+d.Name]
		if len(have) == 0 {
			t.Errorf("%s: expected a line of %s, %q; write it anew by 'ikc-conform mutants'", matrixFile, d.Cell.Role, d.Name)
		}
		same := func(o *mutants.Defect) bool { return o.Name == d.Name && o.Cell == d.Cell }
		if !slices.ContainsFunc(tried, same) {
			for _, id := range have {
				kills[id] = true
			}
		}
	}
	_, err = mutants.Mutations(context.Background(), tried, 0, func(m *mutants.Mutation, _, _ int) {
		if m.Survived() {
			t.Errorf("%s, %q (%s): expected %v to fail, got %v; problems %v", m.Cell.Role, m.Name, m.Text, m.Kills, m.Killed, m.Problems)
		}
		have := lines[string(m.Cell.Role)+" "+m.Name]
		for _, id := range m.Kills {
			if !slices.Contains(have, id) {
				t.Errorf("%s: expected %s, %q, killed by %s, got %q; write it anew by 'ikc-conform mutants'", matrixFile, m.Cell.Role, m.Name, id, have)
			}
		}
		for _, id := range m.Killed {
			kills[id] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if all := len(mutants.Defects()); all < 400 || len(lines) != all {
		t.Errorf("there are %d defects, %s has %d; expected the same, 400 at least", all, matrixFile, len(lines))
	}
	for _, c := range checks.Catalogue() {
		if !kills[c.ID] {
			t.Errorf("%s kills no defect: %s", c.ID, c.Requirement)
		}
	}
}

func TestDefectsAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range mutants.Defects() {
		if key := string(d.Cell.Role) + " " + d.Name; seen[key] || d.Text == "" || len(d.Kills) == 0 {
			t.Errorf("defect %q: expected a name of its own in its role, a text, and the check that names it", d.Name)
		} else {
			seen[key] = true
		}
		if _, err := checks.Select(d.Kills...); err != nil {
			t.Errorf("defect %q: %v", d.Name, err)
		}
		if found := mutants.Find(strings.ReplaceAll(d.Name, " ", "-")); found == nil ||
			found.Name != d.Name || d.Cell.Role != cell.AsServer && found.Text != d.Text {
			t.Errorf("defect %q cannot be found", d.Name)
		}
	}
	if len(seen) < 200 {
		t.Errorf("expected at least 200 defects, got %d", len(seen))
	}
}

// TestMutationsInterrupted: what was tried to the end is kept.
func TestMutationsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	ended := map[string]bool{}
	mutations, err := mutants.Mutations(ctx, mutants.Defects(), 1, func(m *mutants.Mutation, done, _ int) {
		if ended[string(m.Cell.Role)+" "+m.Name] = true; done == 3 {
			cancel(stop)
		}
	})
	if !errors.Is(err, stop) || len(mutations) != 3 || len(ended) != 3 {
		t.Errorf("%d defects and %v: expected the 3 that were tried, and the cause", len(mutations), err)
	}
	for _, m := range mutations {
		if !ended[string(m.Cell.Role)+" "+m.Name] {
			t.Errorf("%s was not tried to the end", m.Name)
		}
	}
}
