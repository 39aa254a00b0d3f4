package dialogue

import (
	"regexp"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// refusal is how releases before 0.2400 say that a state is not published, which name no operation.
var refusal = regexp.MustCompile(`^Session '.*' (is not available for remote kernels|has not published state)`)

// Refuses tells whether an error report says that the state is none that may be asked for: that it
// was not published, or that its session is not there.
func Refuses(e *wire.RemoteError) bool {
	return e.Operation == wire.OpCheck || e.Operation == wire.OpResolve || refusal.MatchString(e.Message)
}
