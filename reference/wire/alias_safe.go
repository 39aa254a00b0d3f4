//go:build ikc_nounsafe

package wire

// canLend is false: only package unsafe spares the copy.
const canLend = false

func octetsOf(s string) []byte { return []byte(s) }

func stringOf(b []byte) string { return string(b) }
