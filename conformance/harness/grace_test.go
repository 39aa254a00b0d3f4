package harness

import (
	"context"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
)

// TestDriversReport: before the harness goes on, drivers get more time to report than the judge
// asks for. Without that nothing at the end of a recording could be judged as not told.
func TestDriversReport(t *testing.T) {
	began := time.Now()
	if err := letDriversReport(context.Background()); err != nil {
		t.Fatal(err)
	}
	if waited := time.Since(began); waited <= contract.DriverDelay {
		t.Errorf("expected to wait for more than %v, waited for %v", contract.DriverDelay, waited)
	}
}
