//go:build ikc_nounsafe

package perltest

// factor is how many times the size of its input a decoder may allocate. A perl.Value has 32 octets
// instead of 24.
const factor = 80
