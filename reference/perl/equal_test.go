package perl_test

import (
	"math"
	"strings"
	"testing"

	. "github.com/perl-ikc/ikc-conform/reference/perl"
)

func shared() *Value {
	x := NewArray(NewInt(1))
	return ArrayRef(NewRef(x), NewRef(x))
}

func cycle(extra ...*Value) *Value {
	h := NewHash()
	h.Set("self", NewRef(h))
	h.Set("list", ArrayRef(extra...))
	return NewRef(h)
}

func sharedScalar() *Value {
	x := NewInt(1)
	return ArrayRef(x, NewRef(x))
}

// TestDiff names, for pairs of values, where and how they differ.
func TestDiff(t *testing.T) {
	tests := []struct {
		name string
		a, b *Value
		want string
	}{
		{"ints", NewInt(1), NewInt(1), ""},
		{"int and string", NewInt(1), NewBytes("1"), "$VAR1: integer 1, other has byte string '1'"},
		{"bytes and text", NewBytes("a"), NewText("a"), `$VAR1: byte string 'a', other has UTF-8 string "a"`},
		{"doubles", NewDouble(0), NewDouble(math.Copysign(0, -1)), "$VAR1: double 0.0, other has double -0.0"},
		{"nan", NewDouble(math.NaN()), NewDouble(-math.NaN()), ""},
		{"hole", ArrayRef(nil), ArrayRef(NewUndef()), "$VAR1->[0]: nothing, other has undef"},
		{"holes", ArrayRef(nil), ArrayRef(nil), ""},
		{"length", ArrayRef(NewInt(1)), ArrayRef(), "@{$VAR1}: 1 elements, other has 0"},
		{"deep", HashRef(P("list", ArrayRef(nil, NewInt(3)))), HashRef(P("list", ArrayRef(nil, NewInt(4)))),
			"$VAR1->{list}[1]: integer 3, other has integer 4"},
		{"first", ArrayRef(NewInt(1), NewInt(2)), ArrayRef(NewInt(3), NewInt(4)), "$VAR1->[0]: integer 1, other has integer 3"},
		{"order", HashRef(P("a", NewInt(1)), P("b", NewInt(2))), HashRef(P("b", NewInt(2)), P("a", NewInt(1))), ""},
		{"missing key", HashRef(P("a", NewInt(1))), HashRef(P("b", NewInt(1))), "%{$VAR1}: has key a, other has not"},
		{"extra key", HashRef(P("a", NewInt(1))), HashRef(P("a", NewInt(1)), P("x y", NewInt(1))),
			`%{$VAR1}: has no key "x y", other has`},
		{"key flags", NewHash(Pair{Key: "a", Flags: KeyLocked, Value: NewInt(1)}), NewHash(P("a", NewInt(1))),
			"$VAR1: key a with flags 4, other has 0"},
		{"key kinds", NewHash(Pair{Key: "a", Flags: KeyUTF8, Value: NewInt(1)}), NewHash(P("a", NewInt(1))),
			"$VAR1: has key a, other has not"},
		{"locked", NewHash().SetRestricted(), NewHash(), "$VAR1: locked true, other has false"},
		{"class", NewRef(NewArray().Bless("A")), NewRef(NewArray().Bless("B")), `@{$VAR1}: class "A", other has class "B"`},
		{"weak", NewRef(NewInt(1)).SetWeak(), NewRef(NewInt(1)), "$VAR1: weak reference true, other has false"},
		{"overloaded", NewRef(NewInt(1)).SetOverloaded(), NewRef(NewInt(1)), ""},
		{"scalar ref", NewRef(NewRef(NewInt(1))), NewRef(NewRef(NewInt(2))), "${${$VAR1}}: integer 1, other has integer 2"},
		{"shared", shared(), shared(), ""},
		{"not shared", shared(), ArrayRef(ArrayRef(NewInt(1)), ArrayRef(NewInt(1))),
			"@{$VAR1->[1]}: shared with another place, other shares differently"},
		{"only other shared", ArrayRef(ArrayRef(NewInt(1)), ArrayRef(NewInt(1))), shared(),
			"@{$VAR1->[1]}: shared with another place, other shares differently"},
		{"shared scalars", sharedScalar(), sharedScalar(), ""},
		{"scalar not shared", sharedScalar(), ArrayRef(NewInt(1), NewRef(NewInt(1))),
			"${$VAR1->[1]}: shared with another place, other shares differently"},
		{"immortals", ArrayRef(NewRef(NewUndef().SetImmortal())), ArrayRef(NewRef(NewUndef())), ""},
		{"cycles", cycle(), cycle(), ""},
		{"cycles differ", cycle(NewInt(1)), cycle(NewInt(2)), "$VAR1->{list}[0]: integer 1, other has integer 2"},
		{"regexps", NewRegexp("a", "i"), NewRegexp("a", "x"), "$VAR1: regexp qr/a/i, other has regexp qr/a/x"},
		{"v-strings", NewVString("\x01\x02", "v1.2"), NewVString("\x01\x02", "1.2.0"), "$VAR1: v-string v1.2, other has v-string 1.2.0"},
		{"code", NewCode("{1}"), NewCode("{2}"), "$VAR1: code sub '{1}', other has code sub '{2}'"},
		{"tied", NewTied(TiedHash, HashRef()), NewTied(TiedArray, HashRef()),
			"$VAR1: tied sort 2 index 0, other has 1 and 0"},
		{"tied object", NewTied(TiedHash, HashRef(P("a", nil))), NewTied(TiedHash, HashRef()), "%{tied($VAR1)}: has key a, other has not"},
		{"tied key", NewTied(TiedKey, HashRef()).SetTiedKey(NewInt(1)), NewTied(TiedKey, HashRef()).SetTiedKey(NewInt(2)),
			"tiedkey($VAR1): integer 1, other has integer 2"},
		{"hooks", NewHooked("C", HookHash, "x", NewInt(1)), NewHooked("C", HookHash, "x", NewInt(2)),
			"$VAR1->hook[0]: integer 1, other has integer 2"},
		{"hook sorts", NewHooked("C", HookHash, "x"), NewHooked("C", HookArray, "x"),
			"$VAR1: self-serialized sort 2 with 0 references, other has 1 and 0"},
		{"hook magic", NewHooked("C", HookTiedHash, "x").SetHookMagic(NewInt(1)), NewHooked("C", HookTiedHash, "x"),
			"tied($VAR1): integer 1, other has nothing"},
		{"hook strings", NewHooked("C", HookHash, "x"), NewHooked("C", HookHash, "y"),
			"$VAR1: self-serialized object frozen('C', 'x'), other has self-serialized object frozen('C', 'y')"},
		{"long strings", ArrayRef(NewBytes(strings.Repeat("a", 100) + "x")), ArrayRef(NewBytes(strings.Repeat("a", 100) + "yz")),
			`$VAR1->[0]: byte string of 101 octets, other has one of 102; from octet 80 on "aaaaaaaaaaaaaaaaaaaax", other has "aaaaaaaaaaaaaaaaaaaayz"`},
		{"undef key", NewHash(P("a", nil), P("a", nil)), NewHash(P("a", nil)), "$VAR1: 2 pairs, other has 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Diff(tt.a, tt.b); got != tt.want {
				t.Errorf("Diff:\n got %s\nwant %s", got, tt.want)
			}
			if got := Equal(tt.b, tt.a); got != (tt.want == "") && tt.name != "undef key" {
				t.Errorf("Equal the other way: got %v", got)
			}
		})
	}
}

// TestEqualFunc: values of different kinds are what same says, those of one kind are compared.
func TestEqualFunc(t *testing.T) {
	same := func(a, b *Value) bool {
		x, okA := a.AsString()
		y, okB := b.AsString()
		return okA && okB && x == y
	}
	for _, tt := range []struct {
		name string
		a, b *Value
		want bool
	}{
		{"same", ArrayRef(NewInt(1)), ArrayRef(NewBytes("1")), true},
		{"not the same", ArrayRef(NewInt(1)), ArrayRef(NewBytes("2")), false},
		{"of one kind", NewInt(1), NewInt(2), false},
		{"what is beside it", ArrayRef(NewInt(1), NewInt(3)), ArrayRef(NewBytes("1"), NewInt(4)), false},
		{"a class", NewRef(NewInt(1).Bless("A")), NewRef(NewBytes("1")), false},
		{"shared", func() *Value { n := NewInt(1); return ArrayRef(n, n) }(), ArrayRef(NewBytes("1"), NewBytes("1")), false},
	} {
		if got := EqualFunc(tt.a, tt.b, same); got != tt.want {
			t.Errorf("%s: expected %v, got %v", tt.name, tt.want, got)
		}
	}
}

// TestDeep has trees too deep for recursion.
func TestDeep(t *testing.T) {
	deep := func() *Value {
		v := NewInt(1)
		for range 100_000 {
			v = ArrayRef(v)
		}
		return v
	}
	a, b := deep(), deep()
	if !Equal(a, b) {
		t.Error("deep trees: got unequal")
	}
	if s := Format(a, FormatOptions{}); !strings.Contains(s, "...") || len(s) > 1000 {
		t.Errorf("Format of a deep tree: got %d octets", len(s))
	}
}
