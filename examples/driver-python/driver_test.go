// Package driverpython holds an example driver in Python, and tests that it is one.
package driverpython

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/drivercheck"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// python skips the test where the example cannot run: it needs Python 3.8.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.CommandContext(t.Context(), path, "-c", "import sys; assert sys.version_info >= (3, 8)").CombinedOutput(); err != nil {
		t.Skipf("%s is no Python 3.8 or later: %v: %s", path, err, out)
	}
	return path
}

func start(python string) drivercheck.Starter {
	return func(ctx context.Context, opts driver.Options) (*driver.Driver, error) {
		return driver.Start(ctx, driver.Command{Path: python, Args: []string{"driver.py"}, Options: opts})
	}
}

func TestDriver(t *testing.T) {
	r, err := drivercheck.Run(t.Context(), "driver.py", start(python(t)), 0)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Conformant() {
		var b strings.Builder
		_ = r.WriteText(&b)
		t.Error(b.String())
	}
}

// TestKernel puts its server through what any address can be asked for.
func TestKernel(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	d, err := start(python(t))(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	at, err := d.Listen(ctx, driver.Listen{Name: "Python"})
	if err != nil {
		t.Fatal(err)
	}
	target, err := targets.Parse("tcp:" + at.Address)
	if err != nil {
		t.Fatal(err)
	}
	result, err := harness.Run(ctx, target, harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, c := range result.Cells {
		if c.Skipped != "" {
			continue
		}
		tried++
		if c.Err != nil || len(c.Problems) > 0 {
			t.Errorf("%s: %v %v", c.Cell, c.Err, c.Problems)
		}
		passed := 0
		for _, v := range c.Verdicts {
			switch v.Outcome {
			case judge.Pass:
				passed++
			case judge.Fail:
				t.Errorf("%s: %s: %s", c.Cell, v.Check.ID, v.Check.Requirement)
			}
		}
		if passed < 50 {
			t.Errorf("%s: %d checks passed, expected 50 or more", c.Cell, passed)
		}
	}
	if tried != 2 {
		t.Errorf("%d cells were tried, expected the server in two dialects", tried)
	}
}
