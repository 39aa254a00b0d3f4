package freezethaw_test

import (
	"errors"
	"runtime/debug"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestDeepest: data as deep as MaxDepth may be is read and written on the smallest stacks that Go
// has, those of machines of 32 bits.
func TestDeepest(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(250_000_000))
	const most = 100_000
	c, err := freezethaw.Options{MaxDepth: most}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	for name, deeper := range map[string]func(*perl.Value) *perl.Value{
		"references": perl.NewRef,
		"arrays":     func(v *perl.Value) *perl.Value { return perl.NewArray(perl.NewRef(v)) },
		"hashes":     func(v *perl.Value) *perl.Value { return perl.NewHash(perl.P("k", perl.NewRef(v))) },
		"objects":    func(v *perl.Value) *perl.Value { return perl.NewArray(perl.NewRef(v)).Bless("A") },
	} {
		t.Run(name, func(t *testing.T) {
			nested := func(n int) *perl.Value {
				v := perl.NewInt(1)
				for range n {
					v = deeper(v)
				}
				return perl.NewRef(v)
			}
			text, err := c.Freeze(nested(most - 3))
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Thaw(text)
			if err != nil && !(name == "objects" && errors.Is(err, freezethaw.ErrLimit)) { // reading counts the class as a level
				t.Error(err)
			}
			if _, err := c.Freeze(nested(most + 3)); !errors.Is(err, freezethaw.ErrLimit) {
				t.Errorf("deeper: got %v", err)
			}
		})
	}
	if _, err := (freezethaw.Options{MaxDepth: most + 1}).Codec(); err == nil {
		t.Error("a MaxDepth beyond the most: got no error")
	}
}
