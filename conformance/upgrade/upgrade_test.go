package upgrade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/client"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/conformance/upgrade"
)

// try tries an upgrade in some cells.
func try(t *testing.T, from, to *targets.Target, hostile bool, cells ...cell.Cell) *upgrade.Report {
	t.Helper()
	list, err := known.Load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := upgrade.Try(t.Context(), from, to, upgrade.Options{Known: list,
		Options: harness.Options{Cells: cells, Dir: t.TempDir(), Checks: checks.Catalogue(), Hostile: hostile}})
	if err != nil {
		t.Fatal(err)
	}
	var text, object bytes.Buffer
	if err := errors.Join(r.WriteText(&text), r.WriteJSON(&object)); err != nil {
		t.Fatal(err)
	}
	t.Log(text.String())
	validate(t, object.Bytes())
	return r
}

func validate(t *testing.T, object []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(upgrade.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(upgrade.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(upgrade.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(object, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("by its own schema: %v", err)
	}
}

func target(t *testing.T, spec string) *targets.Target {
	t.Helper()
	x, err := targets.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// mutant is the reference with a defect.
func mutant(t *testing.T, name string) *targets.Target {
	t.Helper()
	d := client.Find(name)
	if d == nil {
		t.Fatalf("there is no defect %q", name)
	}
	var cfg refdriver.Config
	d.Apply(&cfg)
	return targets.New(name, func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		return refdriver.Start(ctx, cfg, opts), nil
	})
}

var (
	server = cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0, Serializer: cell.Storable}
	asPeer = cell.Cell{Role: cell.AsClient, Dialect: cell.IKC0, Serializer: cell.Storable}
	asLite = cell.Cell{Role: cell.AsClientLite, Dialect: cell.IKC0, Serializer: cell.Storable}
)

// TestNothingChanges: the same on both sides differs in nothing. On a busy machine a ClientLite may
// have given up before it has said what it is to get no answer to, on one side: then it is tried
// again.
func TestNothingChanges(t *testing.T) {
	var r *upgrade.Report
	for range 4 {
		if r = try(t, target(t, "reference"), target(t, "reference"), false, server, asPeer, asLite); r.Different == 0 {
			break
		}
	}
	if len(r.Findings) > 0 || !r.Safe() || !r.Whole() || r.Different > 0 || r.Compared != 3 || len(r.Broken) > 0 {
		t.Errorf("expected no difference in 3 cells, got %d findings, %d different of %d, %q", len(r.Findings), r.Different, r.Compared, r.Broken)
	}
	bad := func(m upgrade.Mixed) bool { return m.Problem != "" || len(m.Failed) > 0 || m.Skipped != "" }
	if len(r.Mixed) != 4 || slices.ContainsFunc(r.Mixed, bad) {
		t.Errorf("expected four conversations that work, got %+v", r.Mixed)
	}
}

// TestSomethingBegins: a defect of the new is told with its check, what it breaks between the two
// as well, and the other way round it gets better.
func TestSomethingBegins(t *testing.T) {
	const defect, check = "boolean tags", "SER-004"
	r := try(t, target(t, "reference"), mutant(t, defect), false, asLite)
	if !has(r, upgrade.Breaks, check+" (SHOULD) begins to fail: clientlite, IKC0") {
		t.Errorf("expected %s to begin to fail", check)
	}
	r = try(t, mutant(t, defect), target(t, "reference"), false, asLite)
	if !has(r, upgrade.Better, check+" (SHOULD) no longer fails: clientlite, IKC0") {
		t.Errorf("expected %s to fail no longer", check)
	}
}

// TestNoDriver: a server that is only reached by its address plays with nobody, which is said.
func TestNoDriver(t *testing.T) {
	r := try(t, target(t, "reference"), target(t, "tcp:127.0.0.1:1"), false, server)
	if len(r.Mixed) != 1 || !strings.Contains(r.Mixed[0].Skipped, "tcp:127.0.0.1:1 has no driver") || len(r.Broken) == 0 {
		t.Errorf("expected it to be said, got %+v, %q", r.Mixed, r.Broken)
	}
}

func has(r *upgrade.Report, weight upgrade.Weight, evidence string) bool {
	return slices.ContainsFunc(r.Findings, func(f upgrade.Finding) bool {
		return f.Weight == weight && slices.ContainsFunc(f.Evidence, func(e string) bool { return strings.HasPrefix(e, evidence) })
	})
}

// TestReleases is an upgrade of the real module, whose truths are known.
func TestReleases(t *testing.T) {
	for _, release := range []string{"0.2305", "0.2402"} {
		if _, err := driver.FindPerlIn(t.Context(), filepath.Join(driver.ReleasesDir(), release)); err != nil {
			t.Skipf("release %s: %v", release, err)
		}
	}
	r := try(t, target(t, "perl@0.2305"), target(t, "perl@0.2402"), true, server)
	for _, want := range []struct {
		weight   upgrade.Weight
		evidence string
	}{
		{upgrade.Breaks, "ROB-001 (SHOULD) begins to fail"},
		{upgrade.Changes, "ERR-004 (MUST) no longer fails"},
		{upgrade.Changes, "ERR-009 (SHOULD) no longer fails"},
		{upgrade.Differs, "HAVE-004 (SHOULD) no longer fails"},
		{upgrade.Better, "HS-IKC0-013 (SHOULD) no longer fails"},
	} {
		if !has(r, want.weight, want.evidence) {
			t.Errorf("expected %q, which %v", want.evidence, want.weight)
		}
	}
}

// needGrid skips what takes its time, unless that is asked for.
func needGrid(t *testing.T) {
	t.Helper()
	if os.Getenv(gridEnv) == "" {
		t.Skip("it takes half a minute: " + gridEnv + "=all has it played")
	}
}

// TestHostile: what ends the real module's servers comes last, so that all else is tried to the
// end.
func TestHostile(t *testing.T) {
	needGrid(t)
	if _, err := driver.FindPerlIn(t.Context(), filepath.Join(driver.ReleasesDir(), "0.2402")); err != nil {
		t.Skipf("release 0.2402: %v", err)
	}
	r := try(t, target(t, "reference"), target(t, "perl@0.2402"), true, server)
	if len(r.Broken) > 0 || !has(r, upgrade.Breaks, "ROB-001 (SHOULD) begins to fail") {
		t.Errorf("expected all to be tried, and ROB-001 to fail, got %q", r.Broken)
	}
}

// TestPerls is an upgrade of Perl: booleans of the new end the old.
func TestPerls(t *testing.T) {
	needGrid(t)
	lib := filepath.Join(driver.ReleasesDir(), "0.2402")
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("release 0.2402: %v", err)
	}
	for _, perl := range []string{"5.36", "5.40"} {
		found, err := driver.FindInterpreter(t.Context(), perl)
		if err == nil {
			_, err = found.Find(t.Context(), lib)
		}
		if err != nil {
			t.Skip(err)
		}
	}
	freezer := asLite
	freezer.Serializer = cell.Freezer
	r := try(t, target(t, "perl@0.2402/5.36"), target(t, "perl@0.2402/5.40"), false, asLite, freezer)
	if !has(r, upgrade.Breaks, "SER-004 (SHOULD) begins to fail: clientlite, IKC0") || !has(r, upgrade.Breaks, "IKC0, Storable: driver: lite-call") {
		t.Error("expected booleans to break calls of the new to the old")
	}
	for _, m := range r.Mixed {
		if want := m.Client == "new" && m.Serializer == cell.Storable; (m.Problem != "") != want {
			t.Errorf("%s client, %s: expected a problem: %v, got %q", m.Client, m.Serializer, want, m.Problem)
		}
	}
}

// TestOnlyTheOldShows: a new server without a driver agrees in all that can be seen, which is less
// than what the old shows.
func TestOnlyTheOldShows(t *testing.T) {
	d := refdriver.Start(t.Context(), refdriver.Config{}, driver.Options{})
	defer d.Close()
	at, err := d.Listen(t.Context(), driver.Listen{Name: "Server"})
	if err != nil {
		t.Fatal(err)
	}
	r := try(t, target(t, "reference"), target(t, "tcp:"+at.Address), false, server)
	if len(r.Findings)+len(r.Broken) > 0 || r.Compared != 1 || !r.Safe() || r.Whole() || len(r.Undecided) == 0 {
		t.Errorf("expected no difference, and that not all was seen, got %+v", r)
	}
	for _, u := range r.Undecided {
		if u.Was != judge.Pass || u.Why == "" {
			t.Errorf("%s: expected it to have passed, and why it is not decided, got %+v", u.Check, u)
		}
	}
}
