package perltest

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

var mutations = flag.Int("mutations", 0, "inputs of TestMutations; 0 for as many as CI has time for")

// Mutate changes, inserts, drops, copies or swaps some octets of seed, taking new ones from
// alphabet, the octets that mean something in the format, or from another seed. It reuses buf.
func Mutate(r *rand.Rand, seed, other, alphabet string, buf []byte) []byte {
	b := append(buf[:0], seed...)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			b = append(b, seed[:min(2, len(seed))]...)
			b = append(b, alphabet[r.IntN(len(alphabet))])
		}
		i := r.IntN(len(b))
		switch r.IntN(8) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] = alphabet[r.IntN(len(alphabet))]
		case 2:
			b[i] += byte(r.IntN(3)) - 1
		case 3:
			b[i] = []byte{0, 1, 0x7f, 0x80, 0xff}[r.IntN(5)]
		case 4:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(4)):]...)
		case 5:
			b = append(b[:i+1], b[i:]...)
			b[i] = alphabet[r.IntN(len(alphabet))]
		case 6:
			b = append(b[:i], other[r.IntN(len(other)):]...)
		case 7:
			b = b[:i]
		}
	}
	return b
}

// Mutations gives very many inputs that are slightly wrong to a decoder, for which the coverage
// that native fuzzing takes care of is not worth its time. accepts reads one, and once in 64 times
// it is to check thoroughly what it read. Allocations over factor times the input, plus base octets
// for each, fail the test. For a long run:
//
//	go test ./reference/storable -run TestMutations -mutations 100000000 -timeout 2h -v
//
// The last one, of 2026-11-24: 40,000,000 inputs to each of Storable, FreezeThaw and Data::Dumper's
// reader, without a failure, in 54, 70 and 85 seconds; the slowest 256 in a row took 144 ms on a
// machine with other work.
func Mutations(t *testing.T, count, base int, seeds []string, alphabet string, accepts func(input []byte, thorough bool) bool) {
	if *mutations > 0 {
		count = *mutations
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	var buf []byte
	accepted, octets, slowest := 0, 0, time.Duration(0)
	var before, after, thorough runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	last, apart := start, uint64(0)
	for i := range count {
		buf = Mutate(r, seeds[r.IntN(len(seeds))], seeds[r.IntN(len(seeds))], alphabet, buf)
		octets += len(buf)
		check := i%4096 < 64
		if i%4096 == 0 {
			runtime.ReadMemStats(&thorough)
		}
		if accepts(buf, check) {
			accepted++
		}
		if i%4096 == 63 {
			runtime.ReadMemStats(&after)
			apart += after.TotalAlloc - thorough.TotalAlloc
		}
		if i%256 == 255 {
			now := time.Now()
			slowest = max(slowest, now.Sub(last))
			last = now
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc - apart; got > uint64(factor*octets+count*base) {
		t.Errorf("%d octets allocated for %d inputs of %d octets in all", got, count, octets)
	}
	t.Logf("%d inputs (random seed %d) in %v, %d accepted; slowest 256 in %v; %.1f octets allocated for one of input", count, seed,
		time.Since(start).Round(time.Millisecond), accepted, slowest, float64(after.TotalAlloc-before.TotalAlloc-apart)/float64(octets))
}
