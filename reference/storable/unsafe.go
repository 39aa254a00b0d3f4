//go:build !ikc_nounsafe

package storable

import (
	"unsafe"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// aliasOf returns the octets of b as a string without a copy: b must not be changed while it is
// used.
func aliasOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// addressOf is where v is, as a number: it keeps nothing alive.
func addressOf(v *perl.Value) uintptr { return uintptr(unsafe.Pointer(v)) }
