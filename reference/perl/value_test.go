package perl_test

import (
	"fmt"
	"math"
	"testing"

	. "github.com/perl-ikc/ikc-conform/reference/perl"
)

// everyKind has a value of each kind; those of a slab follow those of the constructors.
func everyKind() []*Value {
	var s Slab
	array, elems := s.Array(2)
	elems[0] = NewInt(1)
	hash, pairs := s.Hash(1)
	pairs[0] = P("k", NewInt(1))
	return []*Value{
		NewUndef(), NewInt(-5), NewUint(math.MaxUint64), NewDouble(2.5), NewBytes("b"), NewText("é"), NewBool(true),
		NewRef(NewInt(1)), NewArray(NewInt(1), nil), NewHash(P("k", NewInt(1))), NewCode("{ 1 }"), NewRegexp("p", "i"),
		NewVString("\x01", "v1"), NewTied(TiedArray, NewRef(NewHash())), NewHooked("C", HookArray, "f", NewInt(1)),
		s.Undef(), s.Int(-5), s.Uint(math.MaxUint64), s.Double(2.5), s.Bytes("b"), s.Text("é"), s.Bool(true),
		s.Ref(NewInt(1)), array, hash, s.Code("{ 1 }"), s.Regexp("p", "i"),
		s.VString("\x01", "v1"), s.Tied(TiedArray).SetTarget(NewRef(NewHash())), s.Hooked(HookArray).SetHooked("C", "f", []*Value{NewInt(1)}),
	}
}

// TestAccessors calls every accessor of every kind: each gives the zero value where it does not
// apply.
func TestAccessors(t *testing.T) {
	const kinds = 15
	for i, v := range everyKind() {
		k := v.Kind()
		if int(k) != i%kinds {
			t.Fatalf("value %d: got %v", i, k)
		}
		w := everyKind()[i%kinds]
		if d := Diff(v, w); d != "" {
			t.Errorf("%v: %s", k, d)
		}
		got := fmt.Sprint(v.Int(), v.Uint(), v.Double(), v.Bool(), v.Str(),
			v.Target() != nil, len(v.Elems()), len(v.Pairs()), v.Modifiers(), v.Literal(),
			v.TiedKind(), v.TiedKey(), v.TiedIndex(), v.HookType(), len(v.HookRefs()), v.HookMagic(), v.True(), v.UTF8(), v.Class())
		want := fmt.Sprint(pick(k == Int, int64(-5)), pick(k == Uint, uint64(math.MaxUint64)), pick(k == Double, 2.5), k == Bool,
			map[Kind]string{Bytes: "b", Text: "é", Code: "{ 1 }", Regexp: "p", VString: "\x01", Hooked: "f"}[k], k == Ref || k == Tied,
			pick(k == Array, 2), pick(k == Hash, 1), pick(k == Regexp, "i"), pick(k == VString, "v1"),
			pick(k == Tied, TiedArray), (*Value)(nil), 0, pick(k == Hooked, HookArray),
			pick(k == Hooked, 1), (*Value)(nil), k != Undef, k == Text, pick(k == Hooked, "C"))
		if got != want {
			t.Errorf("%v:\n got %s\nwant %s", k, got, want)
		}
		text, ok := v.AsString()
		wantText := map[Kind]string{Undef: "", Int: "-5", Uint: "18446744073709551615", Double: "2.5", Bool: "1", Bytes: "b", Text: "é", VString: "\x01"}
		if expected, has := wantText[k]; text != expected || ok != has {
			t.Errorf("%v: AsString: got %q, %v", k, text, ok)
		}
		// The setters change what they are for, bless the rest of the value intact, and are
		// harmless elsewhere.
		before := Format(v, FormatOptions{})
		v.Bless("").SetTiedIndex(0)
		if s := Format(v, FormatOptions{}); s != before && k != Hooked {
			t.Errorf("%v: after Bless: got %s, want %s", k, s, before)
		}
		v.SetStr("new").SetTarget(NewInt(9))
		v.Append(NewInt(2))
		v.AppendPair(P("l", nil))
		v.Set("k", NewInt(3))
		v.Set("m", NewInt(4))
		if s := v.Str(); s != "" && s != "new" {
			t.Errorf("%v: SetStr: got %q", k, s)
		}
		if v.Target() != nil && v.Target().Int() != 9 || k == Array && len(v.Elems()) != 3 ||
			k == Hash && (len(v.Pairs()) != 3 || v.Get("k").Int() != 3 || v.Get("x") != nil) {
			t.Errorf("%v: after the setters: %s", k, Format(v, FormatOptions{}))
		}
		c := NewUndef().Bless("Other")
		c.Assign(v)
		if c.Kind() != k || c.Class() != "Other" || v.Class() != "" || c.Str() != v.Str() || len(c.Elems()) != len(v.Elems()) {
			t.Errorf("%v: assigned: %s", k, Format(c, FormatOptions{}))
		}
		if w.SetStr("plain"); w.Str() != "" && w.Str() != "plain" {
			t.Errorf("%v: SetStr: got %q", k, w.Str())
		}
		w.SetTarget(NewInt(8))
		if w.Target() != nil && w.Target().Int() != 8 {
			t.Errorf("%v: SetTarget: got %s", k, Format(w, FormatOptions{}))
		}
		if v.SetImmortal(); v.Immortal() != (k == Undef || k == Bool) {
			t.Errorf("%v: immortal: got %v", k, v.Immortal())
		}
	}
	var none *Value
	if none.Kind() != Undef || none.True() || none.Immortal() || none.UTF8() ||
		none.Class() != "" || none.Weak() || none.Overloaded() || none.Restricted() {
		t.Error("nil is not undef")
	}
	if v := NewInt(7); v.Uint() != 7 {
		t.Error("a positive integer is not its unsigned self")
	}
	if v := NewText("é").SetLiteral("v233"); v.Kind() != VString || !v.UTF8() || v.Literal() != "v233" || v.Str() != "é" {
		t.Errorf("got %s", Format(v, FormatOptions{}))
	}
	if v := NewTied(TiedKey, nil).SetTiedKey(NewInt(1)); v.TiedKey().Int() != 1 || v.TiedKind() != TiedKey {
		t.Errorf("got %s", Format(v, FormatOptions{}))
	}
	if v := NewTied(TiedElement, nil).SetTiedIndex(4); v.TiedIndex() != 4 {
		t.Errorf("got %s", Format(v, FormatOptions{}))
	}
	if !NewRef(nil).SetOverloaded().Overloaded() || !NewCode("").SetUTF8().UTF8() {
		t.Error("flags do not stay")
	}
	h := NewHash(Pair{Key: "a", Flags: KeyPlaceholder})
	if h.Set("a", NewInt(1)); h.Get("a").Int() != 1 || len(h.Pairs()) != 1 {
		t.Errorf("a placeholder set: got %s", Format(h, FormatOptions{}))
	}
}

func pick[T any](cond bool, v T) (w T) {
	if cond {
		return v
	}
	return w
}

func TestTruth(t *testing.T) {
	for _, v := range []*Value{NewUndef(), NewInt(0), NewDouble(0),
		NewDouble(math.Copysign(0, -1)), NewBytes(""), NewBytes("0"), NewText("0"), NewBool(false)} {
		if v.True() {
			t.Errorf("%s is true", Format(v, FormatOptions{}))
		}
	}
	for _, v := range []*Value{NewInt(-1), NewDouble(math.NaN()), NewBytes("00"), NewBytes("0.0"), NewText(" "), NewBool(true), NewArray(), NewCode("")} {
		if !v.True() {
			t.Errorf("%s is false", Format(v, FormatOptions{}))
		}
	}
}

func TestFormatDouble(t *testing.T) {
	for f, want := range map[float64]string{0.1: "0.1", 1e15: "1e+15", 123456789012345: "123456789012345", 1e-5: "1e-05", 0.0001: "0.0001", 1e300: "1e+300",
		-2.5: "-2.5", 100: "100", math.Inf(1): "Inf", math.Inf(-1): "-Inf", 9007199254740993: "9.00719925474099e+15", 1.5e20: "1.5e+20"} {
		if got := FormatDouble(f, 15); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := FormatDouble(math.NaN(), 15); got != "NaN" {
		t.Errorf("got %s", got)
	}
	if s, _ := NewDouble(math.Copysign(0, -1)).AsString(); s != "0" {
		t.Errorf("got %s", s)
	}
	if s, _ := NewBool(false).AsString(); s != "" {
		t.Errorf("got %s", s)
	}
	if got := RegexpString(NewRegexp("a", "i")); got != "(?^i:a)" {
		t.Errorf("got %s", got)
	}
}

// TestSlab allocates over many chunks and finds every Value by its number.
func TestSlab(t *testing.T) {
	var s Slab
	for _, x := range []struct{ expected, octets int }{
		{0, 0}, {1, 0}, {100, 0}, {1 << 20, 0}, {1, 3000}, {1, math.MaxInt}, {1 << 20, 50}, {1 << 20, 30000},
	} {
		s.Reset()
		s.Expect(x.expected)
		pos := 0
		if x.octets > 0 {
			s.Follow(&pos, x.octets)
		}
		var all []*Value
		for i := range 30000 {
			pos = min(i, x.octets)
			if s.Len() != i {
				t.Fatalf("Len: got %d, want %d", s.Len(), i)
			}
			var v *Value
			switch i % 5 {
			case 0:
				var elems []*Value
				if v, elems = s.Array(i % 90); len(elems) != i%90 || len(v.Elems()) != i%90 {
					t.Fatal("Array: wrong length")
				}
				for j := range elems {
					elems[j] = NewInt(int64(i))
				}
			case 1:
				var pairs []Pair
				if v, pairs = s.Hash(i % 70); len(pairs) != i%70 || len(v.Pairs()) != i%70 {
					t.Fatal("Hash: wrong length")
				}
				for j := range pairs {
					pairs[j].Value = NewInt(int64(i))
				}
			default:
				v = s.Int(int64(i))
			}
			all = append(all, v)
		}
		for i, v := range all {
			if s.At(i) != v {
				t.Fatalf("At(%d): another Value", i)
			}
			for _, e := range v.Elems() {
				if e.Int() != int64(i) {
					t.Fatal("elements overlap")
				}
			}
			for _, p := range v.Pairs() {
				if p.Value.Int() != int64(i) {
					t.Fatal("pairs overlap")
				}
			}
			v.Append(nil) // must not reach into the neighbour
			v.AppendPair(Pair{})
		}
		if got := all[10].Elems(); got[len(got)-1] != nil || all[15].Elems()[0].Int() != 15 {
			t.Fatal("Append reached into a neighbour")
		}
	}
}

func TestKeys(t *testing.T) {
	for text, want := range map[string]Pair{"a": {Key: "a"}, "é": {Key: "\xe9", Flags: KeyWasUTF8}, "☺": {Key: "☺", Flags: KeyUTF8}, "aé☺": {Key: "aé☺", Flags: KeyUTF8}} {
		got := TextPair(text, nil)
		if got != want || got.Name() != text {
			t.Errorf("%s: got %+v, named %s", text, got, got.Name())
		}
	}
	if _, ok := ToLatin1("\xff"); ok {
		t.Error("octets that are no UTF-8 became Latin-1")
	}
	if got := FromLatin1("a\xe9"); got != "aé" {
		t.Errorf("got %s", got)
	}
}

// TestNumbers holds that numbers of all sizes stay what they are: alone, in a Slab, with a class,
// and assigned. It fails if a number that is not small is taken for one that is.
func TestNumbers(t *testing.T) {
	var s Slab
	for _, i := range []int64{
		0, 1, -1, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxUint32, 1 << 40, math.MaxInt64, math.MinInt64,
	} {
		f := math.Float64frombits(uint64(i))
		for name, pair := range map[string][2]*Value{"alone": {NewInt(i), NewDouble(f)}, "of a slab": {s.Int(i), s.Double(f)}} {
			for range 3 {
				if got := pair[0].Int(); got != i {
					t.Errorf("%s, %q: got %d, expected %d", name, pair[0].Class(), got, i)
				}
				if got := math.Float64bits(pair[1].Double()); got != uint64(i) {
					t.Errorf("%s, %q: got a double of %#x, expected %#x", name, pair[1].Class(), got, uint64(i))
				}
				copied := NewUndef().Bless("B")
				copied.Assign(pair[0])
				if got := copied.Int(); got != i || copied.Class() != "B" {
					t.Errorf("%s, assigned: got %d of class %q, expected %d of B", name, got, copied.Class(), i)
				}
				pair[0].Bless(pair[0].Class() + "A")
				pair[1].Bless(pair[1].Class() + "A")
			}
		}
	}
	if v := NewUint(math.MaxUint64).Bless("A"); v.Uint() != math.MaxUint64 || s.Uint(math.MaxUint64).Uint() != math.MaxUint64 {
		t.Errorf("got %d", v.Uint())
	}
	tied := NewTied(TiedElement, NewInt(7)).SetTiedIndex(-1 << 40)
	if tied.TiedKind() != TiedElement || tied.TiedIndex() != -1<<40 || tied.Target().Int() != 7 {
		t.Errorf("tied: got %d, index %d, object %d", tied.TiedKind(), tied.TiedIndex(), tied.Target().Int())
	}
}

// TestSpareCapacity: a container keeps its capacity however much it is, so that what is appended
// one by one is not copied each time.
func TestSpareCapacity(t *testing.T) {
	for _, spare := range []int{0, 1, math.MaxUint16, math.MaxUint16 + 1, 1 << 20} {
		array, hash := NewArray(make([]*Value, 3, 3+spare)...), NewHash(make([]Pair, 3, 3+spare)...)
		for n := 3; n < 6; n++ {
			if a, h := array.Elems(), hash.Pairs(); len(a) != n || len(h) != n || n == 3 && (cap(a) != 3+spare || cap(h) != 3+spare) {
				t.Errorf("%d spare: got %d of %d elements and %d of %d pairs, expected %d", spare, len(a), cap(a), len(h), cap(h), n)
			}
			before, pairs := array.Elems(), hash.Pairs()
			array.Append(NewInt(int64(n)))
			hash.AppendPair(P("a", nil))
			if moved := &before[0] != &array.Elems()[0] || &pairs[0] != &hash.Pairs()[0]; moved && spare > 3 {
				t.Errorf("%d spare: what was there was copied", spare)
			}
			array.Bless("A")
		}
		if got := array.Elem(5).Int(); got != 5 || array.Class() != "A" {
			t.Errorf("%d spare: got %d", spare, got)
		}
	}
}
