package harness_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/conformance/sweep"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
)

// TestSegmentation: a server that takes reads for lines is found out, one that does not is not.
func TestSegmentation(t *testing.T) {
	t.Parallel()
	s, err := server.Start(server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	try := func(address string, how cell.Segmentation) *cell.TargetResult {
		target, err := targets.Parse("tcp:" + address)
		if err != nil {
			t.Fatal(err)
		}
		r, err := harness.Run(context.Background(), target,
			harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: 20 * time.Second,
				Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}}, Segmentation: how})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	compare := func(address string, how cell.Segmentation) []sweep.Sensitivity {
		list, err := sweep.Compare(try(address, cell.AsSent), try(address, how), 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, how := range cell.Segmentations() {
		if list := compare(s.Addr(), how); len(list) > 0 {
			t.Errorf("%s: expected nothing of a good server, got %v", how, list)
		}
	}
	whole, err := server.Start(server.Options{WholeLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	list := compare(whole.Addr(), cell.SingleOctets)
	if len(list) == 0 || list[0].Plain == judge.Fail || list[0].Outcome != judge.Fail || list[0].Finding == nil {
		t.Errorf("expected verdicts that fail with single octets only, got %v", list)
	}
}

// TestSweep: what depends on the segmentation is told with its cell, and what a release is known
// for and does not show is stale.
func TestSweep(t *testing.T) {
	t.Parallel()
	try := func(spec, implementation string, role cell.Role) *sweep.Result {
		target, err := targets.Parse(spec)
		if err != nil {
			t.Fatal(err)
		}
		opts := harness.Options{Session: true, Patience: probe.DefaultTimeout,
			Cells: []cell.Cell{{Role: role, Dialect: cell.IKC0}}, Dir: t.TempDir()}
		plain, err := harness.Run(context.Background(), target, opts)
		if err != nil {
			t.Fatal(err)
		}
		if implementation != "" {
			plain.Identity = &driver.Hello{Implementation: implementation, Release: "0.2402"}
		}
		swept, err := harness.Sweep(context.Background(), plain, opts, nil)
		if err != nil {
			t.Fatal(err)
		}
		return swept
	}
	whole, err := server.Start(server.Options{WholeLines: true})
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	for _, test := range []struct {
		spec, implementation string
		role                 cell.Role
		unknown, known       bool
		stale                int
	}{
		{"reference", "", cell.AsServer, false, false, 0},
		{"reference", "POE::Component::IKC", cell.AsServer, false, false, 1},
		{"reference", "POE::Component::IKC", cell.AsClientLite, false, false, 0},
		{"tcp:" + whole.Addr(), "", cell.AsServer, true, false, 0},
		{"tcp:" + whole.Addr(), "POE::Component::IKC", cell.AsServer, false, true, 0},
	} {
		swept := try(test.spec, test.implementation, test.role)
		unknown, known := false, false
		for _, s := range swept.Sensitive {
			if s.Cell.Role != test.role || s.Segmentation == cell.AsSent || s.Check == nil || s.Finding == nil || s.Capture == "" {
				t.Errorf("%s: expected a cell, a segmentation, a check and a finding in a capture, got %+v", test.spec, s)
			}
			if s.Segmentation == cell.SingleOctets {
				unknown, known = unknown || s.Known == nil, known || s.Known != nil
			}
		}
		if unknown != test.unknown || known != test.known || len(swept.Stale) != test.stale || !slices.Equal(swept.Tried, cell.Segmentations()) {
			t.Errorf("%s as %q: expected unknown ones: %v, known ones: %v, stale ones: %d; got %+v", test.spec, test.implementation, test.unknown, test.known, test.stale, swept)
		}
	}
}
