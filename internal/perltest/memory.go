package perltest

import (
	"runtime"
	"testing"
)

// memoryBase is what a decoder may allocate whatever its input: 256 KiB.
const memoryBase = 1 << 18

// Memory decodes an input, which must be accepted, and fails if that allocates more than factor
// times its size and 256 KiB.
func Memory(t *testing.T, name string, input []byte, decode func(input []byte) error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := decode(input)
	runtime.ReadMemStats(&after)
	if err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(factor*len(input)+memoryBase); got > most {
		t.Errorf("%s: %d octets for an input of %d, %.1f times", name, got, len(input), float64(got)/float64(len(input)))
	}
}
