package storable

import (
	"bytes"
	"errors"
	"runtime/debug"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestDeepest: data as deep as MaxDepth may be is read, written and shown on the smallest stacks
// that Go has; what is one deeper is an error.
func TestDeepest(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(perltest.SmallestStack))
	enc, err := FreezeOptions{MaxDepth: LargestMaxDepth}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	dec, err := ThawOptions{MaxDepth: LargestMaxDepth}.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]struct {
		levels int // of each
		deeper func(*perl.Value) *perl.Value
	}{
		"references": {1, perl.NewRef},
		"arrays":     {2, func(v *perl.Value) *perl.Value { return perl.NewArray(perl.NewRef(v)) }},
		"hashes":     {2, func(v *perl.Value) *perl.Value { return perl.NewHash(perl.P("k", perl.NewRef(v))) }},
		"objects":    {2, func(v *perl.Value) *perl.Value { return perl.NewArray(perl.NewRef(v)).Bless("A") }},
		"tied":       {2, func(v *perl.Value) *perl.Value { return perl.NewTied(perl.TiedArray, perl.NewRef(v)) }},
		"hooked":     {1, func(v *perl.Value) *perl.Value { return perl.NewHooked("A", perl.HookScalar, "x", v) }},
	} {
		t.Run(name, func(t *testing.T) {
			nested := func(n int) *perl.Value {
				v := perl.NewInt(1)
				for range n {
					v = kind.deeper(v)
				}
				return perl.NewRef(v)
			}
			image, err := enc.Freeze(nested(LargestMaxDepth/kind.levels - 2))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := enc.Freeze(nested(LargestMaxDepth/kind.levels + 2)); !errors.Is(err, ErrLimit) {
				t.Errorf("deeper: got %v", err)
			}
			thawed, err := dec.Thaw(image)
			if err != nil {
				t.Fatal(err)
			}
			if text := perl.Format(thawed, perl.FormatOptions{MaxDepth: 1 << 30}); len(text) < 1000 {
				t.Errorf("shown as %s", text)
			}
			if err := Dump(new(bytes.Buffer), image); !errors.Is(err, ErrLimit) { // whose limit is the default
				t.Errorf("dump: got %v", err)
			}
			var x any
			var deep *perl.ConversionError
			if err := dec.Unmarshal(nil, image, &x); name != "tied" && name != "hooked" && !errors.As(err, &deep) {
				t.Errorf("unmarshal: got %v", err)
			}
		})
	}
	for _, depth := range []int{-1, LargestMaxDepth + 1} {
		if _, err := (ThawOptions{MaxDepth: depth}).Decoder(); err == nil {
			t.Errorf("MaxDepth %d: got no error", depth)
		}
		if _, err := (FreezeOptions{MaxDepth: depth}).Encoder(); err == nil {
			t.Errorf("MaxDepth %d: got no error", depth)
		}
	}
}

// TestMaxima: each option may be as large as documented and no larger, all of them at once.
func TestMaxima(t *testing.T) {
	thaw := ThawOptions{MaxDepth: LargestMaxDepth, MaxElements: LargestMaxElements, MaxString: largestSize, MaxAlloc: largestSize}
	freeze := FreezeOptions{MaxDepth: LargestMaxDepth, MaxImage: largestSize}
	dec, err := thaw.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	enc, err := freeze.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	perltest.Everyday(t, Serializer{Decoder: dec, Encoder: enc})
	for name, o := range map[string]ThawOptions{"MaxString": {MaxString: largestSize + 1}, "MaxAlloc": {MaxAlloc: largestSize + 1}} {
		if _, err := o.Decoder(); err == nil {
			t.Errorf("a %s beyond the most: got no error", name)
		}
	}
	if _, err := (FreezeOptions{MaxImage: largestSize + 1}).Encoder(); err == nil {
		t.Error("a MaxImage beyond the most: got no error")
	}
}
