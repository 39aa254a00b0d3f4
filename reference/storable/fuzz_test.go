package storable

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// seeds are the images that fuzzing starts from.
func seeds(t testing.TB) (list []string) {
	for _, g := range append(readGolden(t, "testdata/golden.txt"), readHandmade(t)...) {
		if len(g.image) < 2000 {
			list = append(list, g.image)
		}
	}
	return list
}

// checkThaw thaws an image. What is accepted must be frozen and thawed again without any further
// change; what is not must be an error of this package.
func checkThaw(t testing.TB, image []byte) bool {
	v, err := Thaw(image)
	sameSound(t, defaultDecoder, image)
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

// sameSound holds what is made of an image that pass has been over against what value makes of it,
// and what both take. It tells whether there was anything to hold.
func sameSound(t testing.TB, dec *Decoder, image []byte) bool {
	t.Helper()
	read := func(read func(d *decoder) (*perl.Value, error)) (*perl.Value, int64, error) {
		d := &decoder{cursor: cursor{s: string(image)}}
		if err := d.start(dec, dec.opt.MaxAlloc, deep.Shallow); err != nil {
			return nil, 0, err
		}
		v, err := read(d)
		return v, d.Cost(), err
	}
	got, cost, err := read(func(d *decoder) (*perl.Value, error) { return d.sound(), nil })
	if got == nil || err != nil {
		return false
	}
	want, wantCost, err := read((*decoder).whole)
	if err != nil {
		t.Fatalf("%x: found sound, but value has %v", image, err)
	}
	if !perl.Equal(got, want) || cost != wantCost {
		t.Fatalf("%x: cost %d, got\n%s\nwant %d,\n%s", image, cost, perl.Format(got, perl.FormatOptions{}), wantCost, perl.Format(want, perl.FormatOptions{}))
	}
	return true
}

var fuzzEncoder = &Encoder{opt: FreezeOptions{Minor: minorWritten, MaxDepth: 2 * DefaultMaxDepth, Booleans: true, Layout: AMD64,
	MaxImage: largestSize}}

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

// alphabet has the tags.
var alphabet = func() string {
	b := make([]byte, tagLast+1)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

func TestMutations(t *testing.T) {
	perltest.Mutations(t, 300_000, 1<<14, seeds(t), alphabet, func(image []byte, thorough bool) bool {
		if thorough {
			return checkThaw(t, image)
		}
		_, err := Thaw(image)
		return err == nil
	})
}
