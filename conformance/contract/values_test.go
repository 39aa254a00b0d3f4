package contract_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestHeld: what a driver is asked to send has no integer that its Perl cannot hold, however deep.
func TestHeld(t *testing.T) {
	for _, test := range []struct {
		v    *perl.Value
		of32 bool
	}{
		{perl.NewInt(42), true},
		{perl.NewInt(-1 << 31), true},
		{perl.NewInt(1<<32 - 1), true},
		{perl.NewInt(1 << 32), false},
		{perl.NewInt(-1<<31 - 1), false},
		{perl.NewInt(-1 << 63), false},
		{perl.NewUint(1<<64 - 1), false},
		{perl.ArrayRef(perl.HashRef(perl.P("n", perl.NewInt(1<<40)))), false},
		{perl.NewBytes("18446744073709551615"), true},
	} {
		for bits, want := range map[int]bool{32: test.of32, 64: true, 0: true} {
			if got := len(contract.Held([]*perl.Value{test.v}, bits)) == 1; got != want {
				t.Errorf("%s, integers of %d bits: expected %v, got %v", perl.Format(test.v, perl.FormatOptions{}), bits, want, got)
			}
		}
	}
}

// TestEchoValues: each kind is among the values that are asked.
func TestEchoValues(t *testing.T) {
	for _, k := range contract.ValueKinds() {
		found := false
		for _, v := range contract.EchoValues() {
			found = found || k.Has(v, walk.Parts(nil, v))
		}
		if !found && k.Number != "017" && k.Number != "018" { // strings that nfreeze makes of numbers
			t.Errorf("kind %s: expected a value with %s, got none", k.Number, k.Name)
		}
	}
}

// TestKindsFit: each kind of value has a bit of a Kinds.
func TestKindsFit(t *testing.T) {
	if n := len(contract.ValueKinds()); n > 64 {
		t.Errorf("%d kinds of values, expected at most 64", n)
	}
}
