package storable

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var mutations = flag.Int("mutations", 300_000, "inputs of TestMutations")

// seeds are the images that fuzzing starts from.
func seeds(t testing.TB) (list []string) {
	for _, g := range append(readGolden(t, "testdata/golden.txt"), readHandmade(t)...) {
		if len(g.image) < 2000 {
			list = append(list, g.image)
		}
	}
	return list
}

// checkThaw thaws an image. What is accepted must be frozen and thawed again without any further change; what
// is not must be an error of this package.
func checkThaw(t testing.TB, image []byte) bool {
	v, err := Thaw(image)
	if err != nil {
		var e *Error
		var l *LimitError
		if !errors.As(err, &e) && !errors.As(err, &l) {
			t.Fatalf("%x: error of type %T: %v", image, err, err)
		}
		return false
	}
	perl.Format(v, perl.FormatOptions{MaxWidth: 1000})
	first, err := fuzzEncoder.Freeze(v)
	if err != nil {
		t.Fatalf("%x: thawed, but not frozen: %v", image, err)
	}
	w, err := Thaw(first)
	if err != nil {
		t.Fatalf("%x: frozen, but not thawed: %x: %v", image, first, err)
	}
	if second, err := fuzzEncoder.Freeze(w); err != nil || !bytes.Equal(first, second) {
		t.Fatalf("%x: frozen twice:\n%x\n%x\n%v", image, first, second, err)
	}
	return true
}

var fuzzEncoder = &Encoder{opt: FreezeOptions{Minor: minorWritten, MaxDepth: 2 * DefaultMaxDepth, Booleans: true, Layout: AMD64}}

func FuzzThaw(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, image []byte) { checkThaw(t, image) })
}

func FuzzDump(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		dumped := Dump(io.Discard, image)
		if _, err := Thaw(image); err == nil && dumped != nil {
			t.Fatalf("%x: thawed, but not dumped: %v", image, dumped)
		}
	})
}

// mutate changes, inserts, drops, copies or swaps some octets.
func mutate(r *rand.Rand, seed, other string, buf []byte) []byte {
	b := append(buf[:0], seed...)
	for range 1 + r.IntN(4) {
		if len(b) == 0 {
			b = append(b, 5, 11)
		}
		i := r.IntN(len(b))
		switch r.IntN(8) {
		case 0:
			b[i] = byte(r.Uint32())
		case 1:
			b[i] = byte(r.IntN(int(tagLast) + 1))
		case 2:
			b[i] += byte(r.IntN(3)) - 1
		case 3:
			b[i] = []byte{0, 1, 0x7f, 0x80, 0xff}[r.IntN(5)]
		case 4:
			b = append(b[:i], b[min(len(b), i+1+r.IntN(4)):]...)
		case 5:
			b = append(b[:i+1], b[i:]...)
			b[i] = byte(r.IntN(int(tagLast)))
		case 6:
			j := r.IntN(len(other))
			b = append(b[:i], other[j:]...)
		case 7:
			b = b[:i]
		}
	}
	return b
}

// TestMutations thaws very many images that are slightly wrong, for which the coverage that native
// fuzzing takes care of is not worth its time: without panic, and without delay. For a long run:
//
//	go test ./reference/storable -run TestMutations -mutations 100000000 -timeout 1h -v
func TestMutations(t *testing.T) {
	images := seeds(t)
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	var buf []byte
	accepted, slowest := 0, time.Duration(0)
	start := time.Now()
	last := start
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	octets := 0
	for i := range *mutations {
		buf = mutate(r, images[r.IntN(len(images))], images[r.IntN(len(images))], buf)
		octets += len(buf)
		if i%64 == 0 {
			if checkThaw(t, buf) {
				accepted++
			}
		} else if _, err := Thaw(buf); err == nil {
			accepted++
		}
		if i%256 == 255 {
			now := time.Now()
			slowest = max(slowest, now.Sub(last))
			last = now
		}
	}
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > uint64(64*octets+*mutations<<14) {
		t.Errorf("%d octets allocated for %d of input", got, octets)
	}
	t.Logf("%d inputs (random seed %d) in %v, %d accepted; slowest 256 in %v", *mutations, seed, time.Since(start).Round(time.Millisecond), accepted, slowest)
}
