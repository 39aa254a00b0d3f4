package conformance

import (
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// sourceLite is the session that a ClientLite says it is.
const sourceLite = "IKCLite"

// elemsOf are the elements of a reference to an array; ok is false if v is none.
func elemsOf(v *perl.Value) (elems []*perl.Value, ok bool) {
	if v.Kind() != perl.Ref || v.Target().Kind() != perl.Array {
		return nil, false
	}
	return v.Target().Elems(), true
}
