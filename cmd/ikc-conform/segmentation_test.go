package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// TestSegmentation: a server that takes reads for lines fails where a line comes in pieces, and the
// report says with which.
func TestSegmentation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		whole         bool
		status        int
		want, wantNot string
	}{
		{false, report.ExitConformant, "No verdict depends on the segmentation", "with a segmentation"},
		{true, report.ExitNotConformant, "Failed with a segmentation:\n", "No verdict depends"},
	} {
		s, err := server.Start(server.Options{WholeLines: test.whole})
		if err != nil {
			t.Fatal(err)
		}
		status, out, errs := command(t, "run", "tcp:"+s.Addr(), "--segmentation", "--session", "--cells", "server/IKC0")
		if status != test.status || !strings.Contains(out, test.want) || strings.Contains(out, test.wantNot) {
			t.Errorf("reads are lines: %v: expected exit %d and %q, got %d and\n%s\n%s", test.whole, test.status, test.want, status, out, errs)
		}
		// Nothing else is on standard output where a report goes there.
		status, out, errs = command(t, "run", "tcp:"+s.Addr(), "--segmentation", "--session", "--cells", "server/IKC0", "--json", "-")
		d, err := report.Read(strings.NewReader(out))
		if status != test.status || err != nil || d.Reports[0].Segmentation == nil ||
			(len(d.Reports[0].Segmentation.Sensitive) > 0) != test.whole {
			t.Errorf("reads are lines: %v: expected exit %d and a stored run that says so, got %d, %v and\n%s\n%s", test.whole, test.status, status, err, out, errs)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestSegmentationOfPerl: what the real implementation does where CR and LF come apart is known,
// and nothing else depends on how it is sent.
func TestSegmentationOfPerl(t *testing.T) {
	t.Parallel()
	root := driver.ReleasesDir()
	if _, err := os.Stat(filepath.Join(root, "0.2402")); err != nil {
		t.Skipf("no real Perl implementation: %v", err)
	}
	if os.Getenv("IKC_GRID") == "" {
		t.Skip("it plays a cell five times with real Perl, most of a minute: IKC_GRID=all has it played")
	}
	status, out, errs := command(t, "run", "perl@0.2402", "--segmentation", "--cells", "client/IKC", "--checks", "H*-*", "--patience", "1s")
	for _, want := range []string{
		"Conformant but segmentation-sensitive, as is known:\n",
		"  client, IKC with line ends cut: HC-IKC-001",
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
