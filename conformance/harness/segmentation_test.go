package harness_test

import (
	"context"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/mutants/server"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
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
		r, err := harness.Run(context.Background(), target, harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: 20 * time.Second,
			Cells: []cell.Cell{{Role: cell.AsServer, Dialect: cell.IKC0}}, Segmentation: how})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	compare := func(address string, how cell.Segmentation) []harness.Sensitivity {
		list, err := harness.Sensitivities(try(address, cell.AsSent), try(address, how), 0, nil)
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
