package compare_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

func b(s string) *perl.Value { return perl.NewBytes(s) }

// job is a hash of several things, in which one may be another.
func job(id, name, tags *perl.Value) *perl.Value {
	return perl.HashRef(perl.P("tags", tags), perl.P("id", id), perl.P("name", name))
}

// TestShape: types and no values; what may differ is any.
func TestShape(t *testing.T) {
	v := job(perl.NewInt(1), b("x"), perl.ArrayRef(b("a"), b("b")))
	for _, test := range []struct{ noise, want string }{
		{"", `{'id' => integer, 'name' => byte string, 'tags' => [byte string ...]}`},
		{"svc/get answer {'tags'}\n", `{'id' => integer, 'name' => byte string, 'tags' => any}`},
		{"*/* * ...[*] # elements\n", `{'id' => integer, 'name' => byte string, 'tags' => [any ...]}`},
		{"svc/other answer {'id'}\nsvc/get params {'id'}\nsvc/get answer {'other'}{*}\n", `{'id' => integer, 'name' => byte string, 'tags' => [byte string ...]}`},
	} {
		n, err := compare.ReadNoise(strings.NewReader(test.noise))
		if err != nil {
			t.Fatal(err)
		}
		got := compare.Shape(v, func(steps []string) bool { return n.Allows("svc", "get", "answer", steps) })
		if got != test.want {
			t.Errorf("noise %q: expected %s, got %s", test.noise, test.want, got)
		}
	}
	circle := perl.NewArray()
	circle.Append(perl.NewRef(circle).Bless("Node"))
	if got := compare.Shape(perl.NewRef(circle), nil); !strings.Contains(got, "...") {
		t.Errorf("a circle: expected an end, got %s", got)
	}
	var pairs []perl.Pair
	for i := range 100 {
		pairs = append(pairs, perl.P(fmt.Sprint(i), perl.NewInt(1)))
	}
	if got := compare.Shape(perl.HashRef(pairs...), nil); got != "{... => integer}" {
		t.Errorf("a hash of 100 pairs: got %s", got)
	}
}

// TestReadNoise: a line that is none is named.
func TestReadNoise(t *testing.T) {
	for _, bad := range []string{"svc/get answer", "svc answer {'x'}", "svc/get result {'x'}", "svc/get answer x", "svc/get answer {'x", "svc/get answer {'x'y}", "svc/get answer [1"} {
		if _, err := compare.ReadNoise(strings.NewReader("# first\n" + bad + "\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("%q: expected an error about line 2, got %v", bad, err)
		}
	}
}

// TestFirst: the first place of two images is found whatever the order of their hashes.
func TestFirst(t *testing.T) {
	image := func(v *perl.Value) []compare.Detail {
		octets, err := storable.Freeze(v)
		if err != nil {
			t.Fatal(err)
		}
		return compare.Image(octets, "message", nil)
	}
	a := image(perl.HashRef(perl.P("a", b("x")), perl.P("b", perl.ArrayRef(b("y"), b("z")))))
	same := image(perl.HashRef(perl.P("b", perl.ArrayRef(b("y"), b("z"))), perl.P("a", b("x"))))
	other := image(perl.HashRef(perl.P("b", perl.ArrayRef(b("y"), b("Z"))), perl.P("a", b("x"))))
	if p := compare.First(a, same); p != nil {
		t.Errorf("expected no difference, got %+v", p)
	}
	if p := compare.First(a, other); p == nil || p.Path != "message{'b'}[1]" || p.OffsetA == p.OffsetB {
		t.Errorf("expected a difference in message{'b'}[1], at two offsets, got %+v", p)
	}
}

// TestValues: every place that differs is named, by its type or its value, and nothing below it.
func TestValues(t *testing.T) {
	a := job(perl.NewInt(1), b("x"), perl.ArrayRef(b("a"), b("b")))
	for _, test := range []struct {
		with *perl.Value
		want string
	}{
		{job(perl.NewInt(1), b("x"), perl.ArrayRef(b("a"), b("b"))), ""},
		{job(perl.NewInt(2), b("x"), perl.ArrayRef(b("a"), b("c"))), "value {'id'}, value {'tags'}[1]"},
		{job(b("1"), b("x"), perl.ArrayRef(b("a"), b("b"))), "type {'id'}"},
		{job(perl.NewInt(1), b("x"), b("a")), "type {'tags'}"},
		{perl.HashRef(perl.P("id", perl.NewInt(1)), perl.P("tags", perl.ArrayRef(b("a"), b("b"))), perl.P("new", perl.ArrayRef(b("c")))), "missing {'name'}, extra {'new'}"},
	} {
		var got []string
		for _, d := range compare.Values(a, test.with, "") {
			got = append(got, string(d.Kind)+" "+d.Path)
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("expected %q, got %q", test.want, got)
		}
	}
	one := perl.NewRef(perl.NewArray())
	shared, apart := perl.ArrayRef(one, perl.NewRef(one.Target())), perl.ArrayRef(perl.ArrayRef(), perl.ArrayRef())
	if d := compare.Values(shared, apart, ""); len(d) != 1 || d[0].Path != "[1]" {
		t.Errorf("what is shared: expected a difference in [1], got %+v", d)
	}
}
