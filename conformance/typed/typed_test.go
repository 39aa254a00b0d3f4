package typed_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// cases are values and their one encoding, the same that perlpeer writes for them.
func cases() []struct {
	name string
	v    *perl.Value
	want string
} {
	self := perl.NewArray(perl.NewInt(1))
	self.Append(perl.NewRef(self))

	shared := perl.NewInt(5)
	weak := perl.NewHash()
	weak.AppendPair(perl.P("self", perl.NewRef(weak).SetWeak()))

	sharedUndef := perl.NewUndef()
	locked := perl.NewHash(
		perl.Pair{Key: "a", Flags: perl.KeyLocked, Value: perl.NewInt(1)},
		perl.Pair{Key: "c", Flags: perl.KeyPlaceholder},
		perl.P("b", perl.NewInt(2)),
	).SetRestricted()

	return []struct {
		name string
		v    *perl.Value
		want string
	}{
		{"nil", nil, `null`},
		{"undef", perl.NewUndef(), `null`},
		{"true", perl.NewBool(true), `true`},
		{"false", perl.NewBool(false), `false`},
		{"integer", perl.NewInt(-12), `{"i":"-12"}`},
		{"least integer", perl.NewInt(math.MinInt64), `{"i":"-9223372036854775808"}`},
		{"unsigned", perl.NewUint(math.MaxUint64), `{"i":"18446744073709551615"}`},
		{"double", perl.NewDouble(0.1), `{"n":"0.1"}`},
		{"double of 17 digits", perl.NewDouble(0.30000000000000004), `{"n":"0.30000000000000004"}`},
		{"integral double", perl.NewDouble(3), `{"n":"3"}`},
		{"large double", perl.NewDouble(1e15), `{"n":"1e+15"}`},
		{"small double", perl.NewDouble(0.00001), `{"n":"1e-05"}`},
		{"minus zero", perl.NewDouble(math.Copysign(0, -1)), `{"n":"-0"}`},
		{"infinity", perl.NewDouble(math.Inf(1)), `{"n":"Inf"}`},
		{"minus infinity", perl.NewDouble(math.Inf(-1)), `{"n":"-Inf"}`},
		{"NaN", perl.NewDouble(math.NaN()), `{"n":"NaN"}`},
		{"bytes", perl.NewBytes("a\n\"\\\xff\x00"), `{"b":"a\n\"\\\u00ff\u0000"}`},
		{"text", perl.NewText("é"), `{"t":"\u00e9"}`},
		{"ASCII text", perl.NewText("abc"), `{"t":"abc"}`},
		{"astral text", perl.NewText("\U0001f600"), `{"t":"\ud83d\ude00"}`},
		{"surrogate", perl.NewText("\xed\xa0\x80"), `{"u":"\u00ed\u00a0\u0080"}`},
		{"array", perl.ArrayRef(perl.NewInt(1), perl.NewBytes("a")), `{"ref":{"array":[{"i":"1"},{"b":"a"}]}}`},
		{"empty array", perl.ArrayRef(), `{"ref":{"array":[]}}`},
		{"hole", perl.ArrayRef(nil, perl.NewUndef()), `{"ref":{"array":[{"hole":true},null]}}`},
		{"hash", perl.HashRef(
			perl.Pair{Key: "☺", Flags: perl.KeyUTF8, Value: perl.NewInt(2)},
			perl.P("a", perl.NewInt(1)),
			perl.P("\xe9", perl.NewInt(3)),
			perl.Pair{Key: "\xe9x", Flags: perl.KeyWasUTF8, Value: perl.NewInt(5)},
		), `{"ref":{"hash":[["a",{"i":"1"}],[{"t":"\u00e9x"},{"i":"5"}],[{"t":"\u263a"},{"i":"2"}],["\u00e9",{"i":"3"}]]}}`},
		{"key beyond Unicode", perl.HashRef(perl.Pair{Key: "\xed\xa0\x80", Flags: perl.KeyUTF8, Value: perl.NewInt(1)}),
			`{"ref":{"hash":[[{"u":"\u00ed\u00a0\u0080"},{"i":"1"}]]}}`},
		{"restricted hash", perl.NewRef(locked),
			`{"ref":{"hash":[["a",{"i":"1"},"locked"],["b",{"i":"2"}],["c",null,"placeholder"]],"restricted":true}}`},
		{"object", perl.NewRef(perl.NewHash().Bless("A::B")), `{"ref":{"hash":[],"class":"A::B"}}`},
		{"UTF-8 class", perl.NewRef(perl.NewHash().Bless("Größe")), `{"ref":{"hash":[],"class":"Gr\u00f6\u00dfe"}}`},
		{"class of octets", perl.NewRef(perl.NewHash().Bless("Gr\xf6\xdfe")), `{"ref":{"hash":[],"class":{"b":"Gr\u00f6\u00dfe"}}}`},
		{"keys that differ by their flag", perl.HashRef(
			perl.Pair{Key: "ü", Flags: perl.KeyUTF8, Value: perl.NewInt(1)}, perl.Pair{Key: "ü", Value: perl.NewInt(2)}),
			`{"ref":{"hash":[["\u00c3\u00bc",{"i":"2"}],[{"t":"\u00fc"},{"i":"1"}]]}}`},
		{"blessed undef", perl.NewRef(perl.NewUndef().Bless("U")), `{"ref":{"undef":true,"class":"U"}}`},
		{"blessed bool", perl.NewRef(perl.NewBool(true).Bless("U")), `{"ref":{"bool":true,"class":"U"}}`},
		{"immortal", perl.NewRef(perl.NewUndef().SetImmortal()), `{"ref":{"undef":true,"immortal":true}}`},
		{"cycle", perl.NewRef(self), `{"ref":{"array":[{"i":"1"},{"ref":{"seen":1}}],"id":1}}`},
		{"shared scalar", perl.ArrayRef(perl.NewRef(shared), perl.NewRef(shared)),
			`{"ref":{"array":[{"ref":{"i":"5","id":1}},{"ref":{"seen":1}}]}}`},
		{"shared element", perl.ArrayRef(sharedUndef, perl.NewRef(sharedUndef)),
			`{"ref":{"array":[{"undef":true,"id":1},{"ref":{"seen":1}}]}}`},
		{"weak", perl.NewRef(weak), `{"ref":{"hash":[["self",{"ref":{"seen":1},"weak":true}]],"id":1}}`},
		{"overloaded", perl.NewRef(perl.NewHash().Bless("O")).SetOverloaded(), `{"ref":{"hash":[],"class":"O"},"overloaded":true}`},
		{"reference to reference", perl.NewRef(perl.NewRef(perl.NewBytes("x"))), `{"ref":{"ref":{"b":"x"}}}`},
		{"code", perl.NewRef(perl.NewCode("{\n1\n}")), `{"ref":{"code":"{\n1\n}"}}`},
		{"regexp", perl.NewRef(perl.NewRegexp("a.b/c", "ix").Bless("Regexp")),
			`{"ref":{"regexp":"a.b/c","modifiers":"ix","class":"Regexp"}}`},
		{"v-string", perl.NewVString("\x01\x16\xc5\x8d", "v1.22.333").SetUTF8(),
			`{"vstring":"\u0001\u0016\u00c5\u008d","literal":"v1.22.333","utf8":true}`},
		{"tied array", perl.NewRef(perl.NewTied(perl.TiedArray, perl.NewRef(perl.NewHash().Bless("Foo")))),
			`{"ref":{"tied":"array","object":{"ref":{"hash":[],"class":"Foo"}}}}`},
		{"tied key", perl.NewTied(perl.TiedKey, perl.NewUndef()).SetTiedKey(perl.NewBytes("k")),
			`{"tied":"key","object":null,"key":{"b":"k"}}`},
		{"tied element", perl.NewTied(perl.TiedElement, perl.NewUndef()).SetTiedIndex(-3),
			`{"tied":"element","object":null,"index":-3}`},
		{"hooked", perl.NewRef(perl.NewHooked("H", perl.HookHash, "fro\xffzen", perl.NewInt(1))),
			`{"ref":{"hooked":"fro\u00ffzen","sort":"hash","refs":[{"i":"1"}],"class":"H"}}`},
	}
}

func TestEncode(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			got, err := typed.Encode(c.v)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("Encode\n got %s\nwant %s", got, c.want)
			}
			if !json.Valid(got) {
				t.Error("not JSON")
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			v, err := typed.Decode(json.RawMessage(c.want))
			if err != nil {
				t.Fatal(err)
			}
			got, err := typed.Encode(v)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("Encode(Decode)\n got %s\nwant %s", got, c.want)
			}
		})
	}
}

// What the encoding cannot show: the identity of what was decoded.
func TestDecodeIdentity(t *testing.T) {
	v, err := typed.Decode(json.RawMessage(`{"ref":{"id":1,"array":[{"ref":{"seen":1}},{"ref":{"seen":1},"weak":true}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	elems := v.Target().Elems()
	if elems[0].Target() != v.Target() || elems[1].Target() != v.Target() {
		t.Error("the elements do not point at the array that holds them")
	}
	if elems[0].Weak() || !elems[1].Weak() {
		t.Error("the second reference is the weak one")
	}
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ in, expected string }{
		{`1`, "null, true, false or an object"},
		{`"x"`, "null, true, false or an object"},
		{`{}`, "a kind of value, such as i, b, ref"},
		{`{"b":"x","t":"x"}`, "one kind of value"},
		{`{"b":"x","weak":true}`, `no field "weak" beside "b"`},
		{`{"hole":true}`, "a kind of value, such as i, b, ref"},
		{`{"i":"1.5"}`, "a decimal integer of 64 bits"},
		{`{"i":"+1"}`, "a decimal integer of 64 bits"},
		{`{"i":1}`, "a string"},
		{`{"n":"0x1p3"}`, "a decimal number, Inf, -Inf or NaN"},
		{`{"n":"nan"}`, "a decimal number, Inf, -Inf or NaN"},
		{`{"b":"☺"}`, "characters up to U+00FF, one an octet"},
		{`{"seen":1}`, "an id that came before"},
		{`{"ref":{"array":[{"i":"1","id":1},{"i":"2","id":1}]}}`, "an id that did not come before"},
		{`{"ref":{"i":"1","id":0}}`, "an id, an integer from 1"},
		{`{"ref":{"hash":[["a",null],["a",null]]}}`, "a key that did not come before"},
		{`{"ref":{"hash":[["a"]]}}`, "[key, value]"},
		{`{"ref":{"array":{}}}`, "a list"},
		{`{"tied":"list","object":null}`, "tied scalar, array, hash, key or element"},
		{`{"tied":"key","object":null}`, "a key with tied key, an index with tied element, nothing else"},
	} {
		_, err := typed.Decode(json.RawMessage(c.in))
		var te *typed.Error
		if !errors.As(err, &te) {
			t.Errorf("Decode(%s): got error %v, want a *typed.Error", c.in, err)
			continue
		}
		if te.Expected != c.expected {
			t.Errorf("Decode(%s): expected %q, want %q", c.in, te.Expected, c.expected)
		}
	}
	for _, in := range []string{``, `{`, `null null`, `{"b":"x"} x`} {
		if _, err := typed.Decode(json.RawMessage(in)); err == nil {
			t.Errorf("Decode(%q) gave no error", in)
		}
	}
}

func TestDecodeErrorPath(t *testing.T) {
	_, err := typed.Decode(json.RawMessage(`{"ref":{"array":[null,{"ref":{"hash":[["k",{"i":"x"}]]}}]}}`))
	var te *typed.Error
	if !errors.As(err, &te) || te.Path != ".ref.array[1].ref.hash[0]" || te.Got != `"x"` {
		t.Errorf("got %v", err)
	}
}

func TestDepth(t *testing.T) {
	deep := perl.NewUndef()
	for range typed.MaxDepth {
		deep = perl.NewRef(deep)
	}
	raw, err := typed.Encode(deep)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Decode(raw); err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Encode(perl.NewRef(deep)); err == nil {
		t.Error("Encode takes a value that is too deep")
	}
	if _, err := typed.Decode(json.RawMessage(`{"ref":` + string(raw) + `}`)); err == nil {
		t.Error("Decode takes a value that is too deep")
	}
	n := 9000
	if _, err := typed.Decode(json.RawMessage(strings.Repeat(`{"ref":`, n) + "null" + strings.Repeat("}", n))); err == nil {
		t.Error("Decode takes a value that is far too deep")
	}
}

func TestValueInStruct(t *testing.T) {
	in := struct {
		Params typed.Value   `json:"params"`
		Args   []typed.Value `json:"args"`
	}{typed.Value{V: perl.NewInt(1)}, typed.Wrap([]*perl.Value{nil, perl.NewBytes("x")})}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"params":{"i":"1"},"args":[null,{"b":"x"}]}`; string(b) != want {
		t.Fatalf("got %s, want %s", b, want)
	}
	out := in
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if vs := typed.Unwrap(out.Args); out.Params.V.Int() != 1 || vs[1].Str() != "x" {
		t.Errorf("read back %v", out)
	}
}

// FuzzDecode: what can be decoded has one encoding, which decodes to the same again.
func FuzzDecode(f *testing.F) {
	for _, c := range cases() {
		f.Add([]byte(c.want))
	}
	f.Add([]byte(`{"id":3,"ref":{"seen":3}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		v, err := typed.Decode(in)
		if err != nil {
			return
		}
		one, err := typed.Encode(v)
		if err != nil {
			t.Fatalf("decoded %s, but: %v", in, err)
		}
		again, err := typed.Decode(one)
		if err != nil {
			t.Fatalf("encoded %s, but: %v", one, err)
		}
		two, err := typed.Encode(again)
		if err != nil {
			t.Fatal(err)
		}
		if string(one) != string(two) {
			t.Fatalf("encoded %s, then %s", one, two)
		}
	})
}
