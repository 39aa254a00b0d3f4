package dialogue_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestRefuses: an error of before 0.2400 and one of after say that a state is not published, or
// not.
func TestRefuses(t *testing.T) {
	for _, test := range []struct {
		e    wire.RemoteError
		want bool
	}{
		{wire.RemoteError{Operation: wire.OpCheck}, true},
		{wire.RemoteError{Operation: wire.OpResolve}, true},
		{wire.RemoteError{Operation: wire.OpInvocation, Message: "x"}, false},
		{wire.RemoteError{Message: "Session 'svc' has not published state 'x'."}, true},
		{wire.RemoteError{Message: "Session 'svc' is not available for remote kernels."}, true},
		{wire.RemoteError{Message: "it failed: Session 'svc' has not published state 'x'."}, false},
	} {
		if got := dialogue.Refuses(&test.e); got != test.want {
			t.Errorf("%+v: expected %v", test.e, test.want)
		}
	}
}
