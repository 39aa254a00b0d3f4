//go:build !ikc_nounsafe

package wire

import "unsafe"

// canLend tells whether strings can be written from where they are.
const canLend = true

// octetsOf returns the octets of a string without a copy. They must not be changed.
func octetsOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// stringOf returns octets as a string without a copy. They must not be changed while it is used.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
