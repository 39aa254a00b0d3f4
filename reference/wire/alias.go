//go:build !ikc_nounsafe

package wire

import (
	"strings"
	"unsafe"
)

// canLend tells whether strings can be written from where they are.
const canLend = true

// octetsOf returns the octets of a string without a copy. They must not be changed.
func octetsOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// stringOf returns octets as a string without a copy. They must not be changed while it is used.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// uncleared returns room for so many octets, one at least, which hold whatever was there before: to
// clear a long buffer takes a tenth of the time of a call.
func uncleared(n int) []byte {
	var b strings.Builder
	b.Grow(n) // which clears nothing
	b.WriteByte(0)
	return unsafe.Slice(unsafe.StringData(b.String()), n)[:0]
}
