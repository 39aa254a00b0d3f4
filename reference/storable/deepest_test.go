package storable

import (
	"bytes"
	"errors"
	"runtime/debug"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// smallestStack is what Go allows a stack where that is least, on machines of 32 bits, in octets.
const smallestStack = 250_000_000

// TestDeepest: data as deep as MaxDepth may be is read, written and shown on the smallest stacks
// that Go has; what is one deeper is an error.
func TestDeepest(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(smallestStack))
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
