package main

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/deviant"
	"github.com/perl-ikc/ikc-conform/conformance/report"
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
		s, err := deviant.Start(deviant.Options{WholeLines: test.whole})
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
