package main

import (
	"io"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// panics is an output that is at fault.
type panics struct{}

func (panics) Write([]byte) (int, error) { panic("no output") }

// TestPanicOfTheCommand: a fault of the program is status 3, not that of usage, and says where.
func TestPanicOfTheCommand(t *testing.T) {
	var errs strings.Builder
	if code := run([]string{"list"}, strings.NewReader(""), panics{}, &errs); code != report.ExitBroken {
		t.Errorf("expected status %d, got %d", report.ExitBroken, code)
	}
	for _, want := range []string{"panic: no output", "please report it", "panic_test.go"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("expected %q, got %s", want, errs.String())
		}
	}
	if code := run([]string{"list"}, strings.NewReader(""), io.Discard, io.Discard); code != report.ExitConformant {
		t.Errorf("expected status 0 without, got %d", code)
	}
}
