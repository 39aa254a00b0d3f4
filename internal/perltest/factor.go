//go:build !ikc_nounsafe

package perltest

// factor is how many times the size of its input a decoder may allocate.
const factor = 64
