package oracle

import (
	"context"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
)

// TestOneIsCompared: one cell is compared to the end, however late that is; the others are not.
func TestOneIsCompared(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	recorded := &cell.Result{Cell: cell.Cell{Role: cell.AsServer, Dialect: cell.IKC0}, Capture: "../../captures/perl-server-perl-client-ikc0.pcapng"}
	two := &cell.TargetResult{Cells: []*cell.Result{recorded, recorded}}
	r := NewReport("right")
	if err := r.add(ctx, two, two, ctx.Done()); err != nil {
		t.Fatal(err)
	}
	first, second := r.Targets[0].Cells[0].NotCompared, r.Targets[0].Cells[1].NotCompared
	if first != "" || second != context.Canceled.Error() || r.Compared != 1 {
		t.Errorf("%d compared, the first %q, the second %q: expected the first, and not the second", r.Compared, first, second)
	}
}
