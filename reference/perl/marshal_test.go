package perl_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	. "github.com/perl-ikc/ikc-conform/reference/perl"
)

type inner struct {
	A int `perl:"a"`
}

type record struct {
	inner
	Name   string          `perl:"name"`
	Count  int8            `perl:"count,omitempty"`
	Tags   []string        `perl:"tags,omitempty"`
	Map    map[string]uint `perl:"map"`
	Next   *record         `perl:"next"`
	Any    any             `perl:"any"`
	Raw    *Value          `perl:"raw"`
	When   time.Time       `perl:"when"`
	Big    *big.Int        `perl:"big"`
	Bytes  []byte          `perl:"bytes"`
	Four   [4]byte         `perl:"four"`
	Two    [2]float32      `perl:"two"`
	Yes    bool            `perl:"yes"`
	Ints   map[int]string  `perl:"ints"`
	Secret string          `perl:"-"`
	Plain  *float64
	Self   celsius           `perl:"self"`
	Empty  map[string]string `perl:",omitempty"`
	hidden int
}

type celsius float64

func (c celsius) MarshalPerl() (*Value, error) {
	if c < -273 {
		return nil, errors.New("too cold")
	}
	return NewDouble(float64(c)), nil
}

func (c *celsius) UnmarshalPerl(v *Value) error {
	if v.Kind() != Double {
		return errors.New("not a double")
	}
	*c = celsius(v.Double())
	return nil
}

func sample() *record {
	f := 2.5
	r := &record{Name: "☺", Count: 3, Tags: []string{"x", "\xff"}, Map: map[string]uint{"b": math.MaxUint, "é": 1},
		Any: []any{int64(1), nil, "s"}, Raw: NewRef(NewCode("{1}")), When: time.Unix(1e9, 0).UTC(), Big: big.NewInt(1).Lsh(big.NewInt(1), 100),
		Bytes: []byte{0, 255}, Four: [4]byte{'a', 'b'}, Two: [2]float32{1, 2}, Yes: true, Ints: map[int]string{-1: "m"}, Plain: &f, Self: 20}
	r.A = 7
	r.hidden = 1
	return r
}

func TestMarshal(t *testing.T) {
	v, err := Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	want := `{name => "☺", count => 3, tags => ['x', "\xff"], map => {b => ` + fmt.Sprint(uint(math.MaxUint)) + `, "é" => 1}, next => undef, any => [1, undef, 's'], ` +
		`raw => sub '{1}', when => '2001-09-09T01:46:40Z', big => '1267650600228229401496703205376', bytes => "\x00\xff", ` +
		`four => "ab\x00\x00", two => [1.0, 2.0], yes => '1', ints => {"-1" => 'm'}, Plain => 2.5, self => 20.0, a => 7}`
	if got := Format(v, FormatOptions{}); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var back record
	if err := Unmarshal(v, &back); err != nil {
		t.Fatal(err)
	}
	again, err := Marshal(&back)
	if err != nil {
		t.Fatal(err)
	}
	if d := Diff(v, again); d != "" {
		t.Errorf("after Unmarshal and Marshal: %s", d)
	}
}

func TestMarshalSharing(t *testing.T) {
	r := &record{Name: "loop"}
	r.Next = r
	m := map[string]any{}
	m["m"] = m
	s := []any{nil, r, r, m}
	s[0] = s
	v, err := Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	list := v.Target().Elems()
	if list[0].Target() != v.Target() || list[1].Target() != list[2].Target() || list[1].Target().Get("next").Target() != list[1].Target() ||
		list[3].Target().Get("m").Target() != list[3].Target() {
		t.Errorf("sharing lost: %s", Format(v, FormatOptions{}))
	}
	var back []any
	if err := Unmarshal(v, &back); err != nil {
		t.Fatal(err)
	}
	if back[3].(map[string]any)["m"].(map[string]any)["m"] == nil || &back[0].([]any)[0] != &back[0].([]any)[0].([]any)[0] {
		t.Error("cycles lost")
	}
	var typed struct{ Next *record }
	if err := Unmarshal(list[1], &typed); err != nil || typed.Next.Next != typed.Next {
		t.Errorf("cycle of pointers lost: %v", err)
	}
}

func TestMarshalErrors(t *testing.T) {
	deep := any(1)
	for range 20_000 {
		deep = []any{deep}
	}
	for _, x := range []any{make(chan int), map[string]any{"f": func() {}}, []any{complex(1, 1)}, deep, map[float64]int{1: 1}, celsius(-300),
		[]any{badText{}}} {
		if v, err := Marshal(x); err == nil {
			t.Errorf("%T: got %s, want an error", x, Format(v, FormatOptions{MaxWidth: 100}))
		}
	}
	_, err := Marshal(map[string]any{"a": []any{1, make(chan int)}})
	var ce *ConversionError
	if !errors.As(err, &ce) || ce.Path != "$VAR1->{a}[1]" || !strings.Contains(err.Error(), "chan int") {
		t.Errorf("got %v", err)
	}
}

type badText struct{}

func (badText) MarshalText() ([]byte, error) { return nil, errors.New("bad") }
func (*badText) UnmarshalText([]byte) error  { return errors.New("bad") }

func TestUnmarshal(t *testing.T) {
	shared := NewArray(NewInt(1))
	tests := []struct {
		v      *Value
		target any
		want   string // JSON, or an error
	}{
		{NewInt(5), new(int), "5"},
		{NewInt(300), new(int8), `perl: $VAR1: expected an int8, got integer 300`},
		{NewBytes(" 42 "), new(int), "42"},
		{NewBytes("4e2"), new(int), "400"},
		{NewBytes("4.5"), new(int), `perl: $VAR1: expected an int, got byte string '4.5'`},
		{NewDouble(7), new(int64), "7"},
		{NewBool(true), new(int), "1"},
		{NewUint(math.MaxUint64), new(uint64), "18446744073709551615"},
		{NewBytes("18446744073709551615"), new(uint64), "18446744073709551615"},
		{NewInt(-1), new(uint), `perl: $VAR1: expected a uint, got integer -1`},
		{NewUint(math.MaxUint64), new(int64), `perl: $VAR1: expected an int64, got unsigned integer 18446744073709551615`},
		{NewUint(math.MaxUint64), new(float64), "18446744073709552000"},
		{NewInt(2), new(float32), "2"},
		{NewText("1.5"), new(float64), "1.5"},
		{NewText("x"), new(float64), `perl: $VAR1: expected a number, got UTF-8 string "x"`},
		{ArrayRef(), new(float64), `perl: $VAR1: expected a number, got reference`},
		{NewBytes("0"), new(bool), "false"},
		{ArrayRef(), new(bool), "true"},
		{NewInt(5), new(string), `"5"`},
		{NewCode("{1}"), new(string), `"{1}"`},
		{ArrayRef(), new(string), `perl: $VAR1: expected a string, got reference`},
		{NewUndef(), new(string), `""`},
		{nil, new(any), "null"},
		{NewBytes("ab"), new([]byte), `"YWI="`},
		{NewBytes("ab"), new([2]byte), `[97,98]`},
		{NewBytes("abc"), new([2]byte), `perl: $VAR1: expected at most 2 octets, got byte string 'abc'`},
		{NewTied(TiedHash, HashRef()), new([]byte), `perl: $VAR1: expected a string, got tied`},
		{ArrayRef(NewInt(1), NewInt(2)), new([]byte), `"AQI="`},
		{ArrayRef(NewInt(1), NewInt(2), NewInt(3)), new([2]int), `perl: ${$VAR1}: expected at most 2 elements, got integer 3`},
		{ArrayRef(NewInt(1)), new([2]int), `[1,0]`},
		{HashRef(), new([]int), `perl: ${$VAR1}: expected a reference to an array, got hash`},
		{ArrayRef(), new(map[string]int), `perl: ${$VAR1}: expected a reference to a hash, got array`},
		{ArrayRef(), new(record), `perl: ${$VAR1}: expected a reference to a hash, got array`},
		{HashRef(P("a", ArrayRef(NewBytes("x")))), new(map[string][]int), `perl: $VAR1->{a}[0]: expected an int, got byte string 'x'`},
		{HashRef(P("x", NewInt(1))), new(map[int]int), `perl: $VAR1->{x}: expected an int, got UTF-8 string "x"`},
		{HashRef(P("A", NewBytes("x"))), new(inner), `perl: $VAR1->{A}: expected an int, got byte string 'x'`},
		{HashRef(P("A", NewInt(3)), P("zz", NewInt(4)), Pair{Key: "a", Flags: KeyPlaceholder}), new(inner), `{"A":3}`},
		{NewHash(TextPair("é", NewInt(1)), Pair{Key: "x", Flags: KeyPlaceholder}), new(map[string]int), `{"é":1}`},
		{NewArray(NewInt(1)), new(any), `[1]`},
		{NewHash(P("a", NewInt(1))), new(any), `{"a":1}`},
		{ArrayRef(NewInt(1), NewUint(1<<63), NewDouble(1.5), NewBytes("b"), NewText("☺"),
			NewBool(true), NewUndef(), nil, NewRef(NewInt(5)), NewRef(NewCode("c"))),
			new(any), `[1,9223372036854775808,1.5,"b","☺",true,null,null,5,"c"]`},
		{NewInt(1), new(chan int), `perl: $VAR1: expected no chan int to fill, got integer 1`},
		{NewInt(1), new(error), `perl: $VAR1: expected an object of a class registered for error, got integer 1`},
		{NewRef(NewInt(5)), new(*int), "5"},
		{ArrayRef(NewRef(shared), NewRef(shared)), new([][]int), "[[1],[1]]"},
		{HashRef(P("a", NewRef(shared)), P("b", NewRef(shared))), new(map[string][]int), `{"a":[1],"b":[1]}`},
		{NewInt(1e9), new(time.Time), `"2001-09-09T01:46:40Z"`},
		{NewDouble(1.5), new(time.Time), `"1970-01-01T00:00:01.5Z"`},
		{NewBytes("x"), new(time.Time), `perl: $VAR1: parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"`},
		{NewInt(5), new(big.Int), "5"},
		{NewInt(5), new(celsius), "perl: $VAR1: not a double"},
		{NewInt(5), new(badText), "perl: $VAR1: bad"},
		{ArrayRef(), new(badText), "perl: ${$VAR1}: expected a reference to a hash, got array"},
		{NewInt(1), nil, "perl: $VAR1: expected a pointer to fill, got <nil>"},
	}
	for _, tt := range tests {
		err := Unmarshal(tt.v, tt.target)
		got := ""
		if err != nil {
			got = err.Error()
		} else if text, err := json.Marshal(tt.target); err != nil {
			t.Errorf("%s into %T: %v", Format(tt.v, FormatOptions{}), tt.target, err)
		} else {
			got = string(text)
		}
		if got != tt.want {
			t.Errorf("%s into %T:\n got %s\nwant %s", Format(tt.v, FormatOptions{}), tt.target, got, tt.want)
		}
	}
	var raw any
	if err := Unmarshal(NewRef(NewHooked("C", HookHash, "x")), &raw); err != nil || raw.(*Value).Target().Kind() != Hooked {
		t.Errorf("hooked into any: %v %v", raw, err)
	}
	if err := Unmarshal(NewTied(TiedHash, HashRef()), &raw); err != nil || raw.(*Value).Kind() != Tied {
		t.Errorf("tied into any: %v %v", raw, err)
	}
	type endless []endless
	loop := NewArray()
	loop.Append(NewRef(loop))
	var e endless
	if err := Unmarshal(NewRef(loop), &e); err != nil || &e[0] != &e[0][0] {
		t.Errorf("cycle of slices: %v", err)
	}
	deep := NewInt(1)
	for range 20_000 {
		deep = ArrayRef(deep)
	}
	if err := Unmarshal(deep, &raw); err == nil {
		t.Error("20,000 levels: got no error")
	}
	self := NewRef(nil)
	self.SetTarget(self)
	if err := Unmarshal(self, &raw); err != nil || *raw.(*any) != raw {
		t.Errorf("a reference to itself: %v", err)
	}
}

type shape interface{ Area() int }

type square struct {
	Side int `perl:"side"`
}

func (s *square) Area() int { return s.Side * s.Side }

func TestTypes(t *testing.T) {
	var types Types
	if err := types.Register("Square", square{}); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{types.Register("Square", &inner{}), types.Register("Other", &square{}), types.Register("Int", 5), types.Register("Nil", nil)} {
		if err == nil {
			t.Error("wrong registration: got no error")
		}
	}
	v, err := types.Marshal([]shape{&square{3}, nil})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Format(v, FormatOptions{}), `[bless({side => 3}, 'Square'), undef]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	var shapes []shape
	if err := types.Unmarshal(v, &shapes); err != nil || shapes[0].Area() != 9 || shapes[1] != nil {
		t.Errorf("got %v, %v", shapes, err)
	}
	var list []any
	if err := types.Unmarshal(v, &list); err != nil || !reflect.DeepEqual(list, []any{&square{3}, nil}) {
		t.Errorf("got %v, %v", list, err)
	}
	if err := types.Unmarshal(ArrayRef(ArrayRef(NewInt(1))), &shapes); err == nil {
		t.Error("an array as a shape: got no error")
	}
}
