package oracle

import (
	"errors"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// TestAbandonedAnywhere: a reading may be abandoned after any event, also when a connection has
// ended that was opened after one that has not.
func TestAbandonedAnywhere(t *testing.T) {
	for n := 0; ; n++ {
		r, err := capture.Open("../../captures/field/two-clients-one-name.pcapng")
		if err != nil {
			t.Fatal(err)
		}
		done, taken := make(chan struct{}), 0
		source := func(yield func(capture.Event, error) bool) {
			for ev, err := range r.Events(capture.Limits{}) {
				if taken++; taken == n {
					close(done)
				}
				if !yield(ev, err) {
					return
				}
			}
		}
		all, err := connections(source, dialogue.Options{AssumeIKC: true, Done: done})
		r.Close()
		switch {
		case n > 0 && taken < n:
			if err != nil || len(all) < 3 {
				t.Fatalf("%d events, %d connections, %v: expected more, to have something to abandon", n, len(all), err)
			}
			return
		case n > 0 && (all != nil || !errors.Is(err, dialogue.ErrAbandoned)):
			t.Fatalf("abandoned at event %d: %d connections, %v: expected none, and that it was abandoned", n, len(all), err)
		}
	}
}
