package perl_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// circle is a hash that refers to itself.
func circle() *perl.Value {
	h := perl.NewHash()
	h.Set("self", perl.NewRef(h))
	return perl.NewRef(h)
}

// deepRefs is a reference to a reference and so on, n times.
func deepRefs(n int) *perl.Value {
	v := perl.NewInt(1)
	for range n {
		v = perl.NewRef(v)
	}
	return v
}

// large has many elements of long strings.
func large() *perl.Value {
	a := perl.NewArray()
	for range 10_000 {
		a.Append(perl.ArrayRef(perl.NewBytes(strings.Repeat("x", 1000))))
	}
	return perl.NewRef(a)
}

var job = perl.HashRef(perl.P("id", perl.NewInt(7)), perl.P("tags", perl.ArrayRef(perl.NewText("ä"), perl.NewUndef())))

// TestShown: package fmt shows data, and no addresses; within bounds.
func TestShown(t *testing.T) {
	const text = `{id => 7, tags => ["ä", undef]}`
	for _, tt := range []struct {
		verb string
		v    *perl.Value
		want string
	}{
		{"%v", job, text}, {"%s", job, text}, {"%d", job, text}, {"%#v", job, text},
		{"%+v", job, "{\n  id => 7,\n  tags => [\n    \"ä\",\n    undef\n  ]\n}"},
		{"%v", nil, "undef"}, {"%+v", nil, "undef"}, {"%s", new(perl.Value), "undef"},
		{"%4v|", perl.NewInt(7), "   7|"}, {"%-4v|", perl.NewInt(7), "7   |"},
		{"%v", circle(), "{self => $VAR1}"},
	} {
		if got := fmt.Sprintf(tt.verb, tt.v); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.verb, got, tt.want)
		}
	}
	if got := fmt.Sprint([]*perl.Value{job, nil}); got != "["+text+" undef]" {
		t.Errorf("in a slice: got %q", got)
	}
	for name, v := range map[string]*perl.Value{"large": large(), "deep": deepRefs(100_000)} {
		for _, verb := range []string{"%v", "%+v"} {
			if got := fmt.Sprintf(verb, v); len(got) > 5000 || !strings.Contains(got, "...") {
				t.Errorf("%s %s: %d octets", name, verb, len(got))
			}
		}
	}
}

// TestLogged: package log/slog gets attributes, within bounds.
func TestLogged(t *testing.T) {
	object := perl.NewHash(perl.P("n", perl.NewDouble(1.5)))
	object.Bless("My::Class")
	for _, tt := range []struct {
		v    *perl.Value
		want string
	}{
		{job, `{"id":7,"tags":{"0":"ä","1":null}}`},
		{perl.NewRef(object), `{"__PACKAGE__":"My::Class","n":1.5}`},
		{nil, `null`}, {perl.NewUint(1 << 63), `9223372036854775808`}, {perl.NewBool(true), `true`},
		{perl.ArrayRef(), `"[]"`}, {perl.HashRef(perl.P("e", perl.HashRef())), `{"e":"{}"}`},
		{perl.NewRef(perl.NewInt(1)), `"\\1"`}, {perl.NewBytes("\xff"), `"\"\\xff\""`},
		{circle(), `{"self":{"self":{"self":{"self":{"self":"{self => ${\\$VAR1}}"}}}}}`},
	} {
		var b bytes.Buffer
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", tt.v)
		_, got, _ := strings.Cut(strings.TrimSpace(b.String()), `"v":`)
		if got = strings.TrimSuffix(got, "}"); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
	for name, v := range map[string]*perl.Value{"large": large(), "deep": deepRefs(100_000)} {
		var b bytes.Buffer
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
		if b.Len() > 30_000 {
			t.Errorf("%s: %d octets", name, b.Len())
		}
	}
}

// TestJSON: encoding/json writes a Value and reads it as it was, wherever it stands; also one that
// refers to itself from its root.
func TestJSON(t *testing.T) {
	type message struct {
		Params *perl.Value
		More   []*perl.Value
	}
	self := perl.NewRef(nil)
	self.SetTarget(self)
	for _, v := range []*perl.Value{job, circle(), self, deepRefs(perl.MaxJSONDepth), perl.NewUndef(), perl.NewBool(true), perl.NewBytes("\xff\x00")} {
		raw, err := json.Marshal(message{v, []*perl.Value{nil, v}})
		if err != nil {
			t.Fatal(err)
		}
		var got message
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatal(err)
		}
		if got.Params == nil { // null
			got.Params = perl.NewUndef()
		}
		if why := perl.Diff(got.Params, v); why != "" {
			t.Errorf("%v: %s", v, why)
		}
	}
	if raw, err := json.Marshal(message{}); err != nil || string(raw) != `{"Params":null,"More":null}` {
		t.Errorf("nil: got %s, %v", raw, err)
	}
	if _, err := json.Marshal(deepRefs(perl.MaxJSONDepth + 1)); err == nil || !strings.Contains(err.Error(), "nests deeper than 2000") {
		t.Errorf("too deep: got %v", err)
	}
	var e *perl.JSONError
	if err := json.Unmarshal([]byte(`{"ref":{"array":[{"i":1}]}}`), new(perl.Value)); !errors.As(err, &e) || e.Path != ".ref.array[0]" {
		t.Errorf("got %v", err)
	}
}

// TestReferencesIntoAny: a pointer stands for each variable that is referred to, as in Perl.
func TestReferencesIntoAny(t *testing.T) {
	point := func(n int, x any) any {
		for range n {
			p := new(any)
			*p, x = x, p
		}
		return x
	}
	self := perl.NewRef(nil)
	self.SetTarget(self)
	a, b := perl.NewRef(nil), perl.NewRef(nil)
	a.SetTarget(b)
	b.SetTarget(a)
	shared := perl.NewInt(5)
	for _, unmarshal := range []struct {
		name string
		f    func(*perl.Value, any) error
	}{{"function", perl.Unmarshal}, {"Types", new(perl.Types).Unmarshal}} {
		t.Run(unmarshal.name, func(t *testing.T) {
			into := func(v *perl.Value) any {
				var x any
				if err := unmarshal.f(v, &x); err != nil {
					t.Fatal(err)
				}
				return x
			}
			for n := range 4 {
				for _, end := range []*perl.Value{perl.NewInt(1), perl.NewUndef(), perl.NewBytes("x"), perl.ArrayRef(perl.NewInt(1))} {
					v := end
					for range n {
						v = perl.NewRef(v)
					}
					if got, want := follow(into(v)), follow(point(n, into(end))); got != want {
						t.Errorf("%v: got %s, want %s", v, got, want)
					}
					list, _ := into(perl.ArrayRef(v)).([]any)
					if len(list) != 1 || follow(list[0]) != follow(point(n, into(end))) {
						t.Errorf("[%v]: got %s", v, follow(list[0]))
					}
					var p *any
					if err := unmarshal.f(v, &p); err != nil {
						t.Fatal(err)
					}
					want := follow(point(max(n, 1), into(end)))
					if n == 0 && end.Kind() == perl.Undef {
						want = "nil pointer"
					}
					if got := follow(p); got != want {
						t.Errorf("%v into *any: got %s, want %s", v, got, want)
					}
				}
			}
			p := into(self).(*any)
			if *p != any(p) {
				t.Errorf("a reference to itself: got %s", follow(p))
			}
			p = into(a).(*any)
			q, _ := (*p).(*any)
			if q == nil || q == p || *q != any(p) {
				t.Errorf("two references to each other: got %s", follow(p))
			}
			list := into(perl.ArrayRef(perl.NewRef(shared), shared, perl.NewRef(shared), perl.NewRef(perl.NewRef(shared)))).([]any)
			if list[0] != list[2] || list[1] != any(int64(5)) || *(list[3].(*any)) != list[0] {
				t.Errorf("references to one variable: got %s, %v, %s, %s", follow(list[0]), list[1], follow(list[2]), follow(list[3]))
			}
		})
	}
}

// follow shows pointers to any, up to some levels.
func follow(x any) string {
	var b strings.Builder
	for range 10 {
		p, ok := x.(*any)
		if !ok {
			return b.String() + fmt.Sprintf("%#v", x)
		}
		if p == nil {
			return b.String() + "nil pointer"
		}
		b.WriteString("*")
		x = *p
	}
	return b.String() + "without end"
}

// nested takes Perl data by asking Unmarshal for what is in it.
type nested struct{}

var errBottom = errors.New("this is the bottom" + strings.Repeat("!", 100_000))

func (*nested) UnmarshalPerl(v *perl.Value) error {
	if v.Kind() != perl.Ref {
		return errBottom
	}
	return perl.Unmarshal(v.Target().Elem(0), new(nested))
}

// TestRefusalsAreShort: the error of many Unmarshalers within each other shows both ends of where
// it happened, and costs no more for that.
func TestRefusalsAreShort(t *testing.T) {
	v := perl.NewInt(1)
	for range 3000 {
		v = perl.ArrayRef(v)
	}
	err := perl.Unmarshal(v, new(nested))
	if text := fmt.Sprint(err); !errors.Is(err, errBottom) || len(text) > 2000 || !strings.Contains(text, "2995 more: ") ||
		!strings.Contains(text, "this is the bottom") {
		t.Errorf("%d octets: %.1000s", len(text), text)
	}
	if allocated := testing.AllocsPerRun(3, func() { _ = err.Error() }); allocated > 100 {
		t.Errorf("%v allocations for the text", allocated)
	}
}
