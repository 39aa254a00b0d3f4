//go:build !unix

package outfile

// noFollow is not known here.
const noFollow = 0
