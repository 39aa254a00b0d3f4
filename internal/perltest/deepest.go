package perltest

import (
	"errors"
	"math"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Codec freezes and thaws.
type Codec interface {
	Freeze(v *perl.Value) ([]byte, error)
	Thaw(octets []byte) (*perl.Value, error)
}

// SmallestStack is what Go allows a stack where that is least, on machines of 32 bits, in octets.
const SmallestStack = 250_000_000

// Deepest checks that a codec with a MaxDepth of most reads and writes data as deep as that on
// the smallest stacks that Go has, and that what is deeper is an error that matches limit. A class
// may count as a level when it is read.
func Deepest(t *testing.T, c Codec, most int, limit error) {
	t.Helper()
	defer debug.SetMaxStack(debug.SetMaxStack(SmallestStack))
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
			if _, err = c.Thaw(text); err != nil && !(name == "objects" && errors.Is(err, limit)) {
				t.Error(err)
			}
			if _, err := c.Freeze(nested(most + 3)); !errors.Is(err, limit) {
				t.Errorf("deeper: got %v", err)
			}
		})
	}
}

// Everyday checks that a codec whose options are all at their maximum passes on what programs
// send: no sum of limits runs over.
func Everyday(t *testing.T, c Codec) {
	t.Helper()
	v := perl.ArrayRef(perl.NewInt(math.MinInt64), perl.NewUint(math.MaxUint64), perl.NewDouble(0.5), perl.NewText("Größe"),
		perl.HashRef(perl.P("list", perl.ArrayRef(perl.NewUndef(), perl.NewBytes(strings.Repeat("x", 1<<20))))),
		perl.NewRef(perl.NewHash(perl.P("of", perl.NewBytes("a class"))).Bless("My::Class")))
	text := freeze(t, c, v)
	for range 2 { // a text of Perl need not keep the kinds of numbers at first
		back, err := c.Thaw(text)
		if err != nil {
			t.Fatal(err)
		}
		v, text = back, freeze(t, c, back)
	}
	again, err := c.Thaw(text)
	if err != nil || !perl.Equal(again, v) {
		t.Errorf("expected the same again: %s, %v", perl.Diff(v, again), err)
	}
}

func freeze(t *testing.T, c Codec, v *perl.Value) []byte {
	t.Helper()
	text, err := c.Freeze(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
