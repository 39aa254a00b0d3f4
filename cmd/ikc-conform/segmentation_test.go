package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// TestSegmentation: a server that takes reads for lines is conformant as long as peers write so, and the report says
// that it depends on that.
func TestSegmentation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		whole         bool
		want, wantNot string
	}{
		{false, "No verdict depends on the segmentation", "segmentation-sensitive"},
		{true, "Conformant but segmentation-sensitive:\n", "No verdict depends"},
	} {
		s, err := server.Start(server.Options{WholeLines: test.whole})
		if err != nil {
			t.Fatal(err)
		}
		status, out, errs := command(t, "run", "tcp:"+s.Addr(), "--segmentation", "--session", "--cells", "server/IKC0")
		if status != report.ExitConformant || !strings.Contains(out, test.want) || strings.Contains(out, test.wantNot) {
			t.Errorf("reads are lines: %v: expected exit 0 and %q, got %d and\n%s\n%s", test.whole, test.want, status, out, errs)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSegmentationOfPerl: what the real implementation does where CR and LF come apart is known, and nothing else depends on how
// it is sent.
func TestSegmentationOfPerl(t *testing.T) {
	t.Parallel()
	root := driver.ReleasesDir()
	if _, err := os.Stat(filepath.Join(root, "0.2402")); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	status, out, errs := command(t, "run", "perl@0.2402", "--segmentation", "--cells", "client/IKC", "--checks", "H*-*", "--patience", "1s")
	for _, want := range []string{
		"Conformant but segmentation-sensitive, as is known:\n",
		"perl@0.2402: client, IKC with line ends cut: HC-IKC-001",
		"A CR ends a line",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("expected %q, got\n%s", want, out)
		}
	}
	if status != report.ExitConformant || strings.Contains(out, "sensitive:\n") || strings.Contains(out, "remove it") {
		t.Errorf("expected exit 0 and nothing that is not known, got %d and\n%s\n%s", status, out, errs)
	}
}

// TestStaleSensitivity: what a release is known for and does not show is told.
func TestStaleSensitivity(t *testing.T) {
	t.Parallel()
	target, err := targets.Parse("reference")
	if err != nil {
		t.Fatal(err)
	}
	opts := harness.Options{Session: true, Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}}}
	plain, err := harness.Run(context.Background(), target, opts)
	if err != nil {
		t.Fatal(err)
	}
	plain.Identity.Implementation, plain.Identity.Release = "POE::Component::IKC", "0.2402"
	var stale sweep
	if err := stale.add(context.Background(), "reference", plain, opts, nil); err != nil {
		t.Fatal(err)
	}
	if len(stale.stale) != 1 || len(stale.unknown)+len(stale.known) > 0 {
		t.Errorf("expected one that is stale, got %+v", stale)
	}
}
