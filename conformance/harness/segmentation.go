package harness

import (
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
)

// segmentationFault is what the relay does with what one side says.
func segmentationFault(s cell.Segmentation, from capture.Direction) relay.Fault {
	switch s {
	case cell.SingleOctets:
		return relay.Fault{Split: 1, Pause: time.Microsecond}
	case cell.LineEndsCut:
		return relay.Fault{SplitLineEnds: true, Pause: 5 * time.Millisecond}
	case cell.Coalesced:
		return relay.Fault{Coalesce: 3 * time.Millisecond}
	case cell.Pieces:
		return relay.Fault{Split: 97, Pause: time.Millisecond}
	case cell.ResetEnds:
		return relay.Fault{ResetAtEnd: from == capture.FromClient}
	}
	return relay.Fault{}
}
