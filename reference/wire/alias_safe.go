//go:build ikc_nounsafe

package wire

// canLend is false: only package unsafe spares the copy.
const canLend = false

func octetsOf(s string) []byte { return []byte(s) }

func stringOf(b []byte) string { return string(b) }

// uncleared returns room for so many octets.
func uncleared(n int) []byte { return make([]byte, 0, n) }
