package gen

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestClasses: objects that are hashes become structs for their class, others stay what they are,
// and nothing but a struct for a class is registered.
func TestClasses(t *testing.T) {
	files, err := allKinds(t).Files(Writing{Package: "p"})
	if err != nil {
		t.Fatal(err)
	}
	types, client := string(files[0].Text), string(files[1].Text)
	for _, want := range []string{`{"Geo::Point", GeoPoint{}},`, `{"Node", Node{}},`, "Next *Node ", "map[string]*GeoPoint"} {
		if !strings.Contains(types, want) {
			t.Errorf("expected %q in\n%s", want, types)
		}
	}
	for _, class := range []string{"Other", "With::Odd", "Array", "Scalar", "Whole", "Regexp"} {
		if strings.Contains(types, fmt.Sprintf("{%q, ", class)) {
			t.Errorf("expected %s not to be registered", class)
		}
	}
	for _, want := range []string{"Point(ctx context.Context, params *GeoPoint) ([]*GeoPoint, error)",
		"Several(ctx context.Context, params *perl.Value)", "OtherObjects(ctx context.Context, params *perl.Value)",
		"Parent(ctx context.Context, params *perl.Value)"} {
		if !strings.Contains(client, want) {
			t.Errorf("expected %q in\n%s", want, client)
		}
	}
}

// TestCircles: what comes back to itself has no type but that for anything, and a comment says so;
// no type is a pointer to itself, or has itself in it.
func TestCircles(t *testing.T) {
	for name, v := range map[string]*perl.Value{"hash": circular(), "array": perl.NewRef(circleOfArray()), "reference": self()} {
		i := newInterface()
		s := i.state("svc", "x")
		s.calls++
		i.shapes.add(s.raw, perl.HashRef(perl.P("in", v)))
		files, err := i.Files(Writing{Package: "p"})
		if err != nil {
			t.Fatal(err)
		}
		types := string(files[0].Text)
		if want := "In *perl.Value `perl:\"in\"` // circle\n"; !strings.Contains(types, want) {
			t.Errorf("%s: expected %q in\n%s", name, want, types)
		}
		if strings.Count(types, "\ntype ") != 1 {
			t.Errorf("%s: expected no type of what is in the circle, got\n%s", name, types)
		}
	}
}

// TestManyClasses: classes are bounded, and so is how deep objects are in one another.
func TestManyClasses(t *testing.T) {
	i := newInterface()
	for n := range maxClasses + 1 {
		i.shapes.add(i.state("svc", "many").raw, perl.NewRef(perl.NewHash().Bless(fmt.Sprint("C", n))))
	}
	deep := perl.NewRef(perl.NewHash().Bless("Node"))
	for range maxObjects + 1 {
		deep = perl.NewRef(perl.NewHash(perl.P("next", deep)).Bless("Node"))
	}
	if n := len(i.shapes.classes); n != maxClasses || !i.shapes.cut {
		t.Errorf("expected %d classes, got %d, told: %v", maxClasses, n, i.shapes.cut)
	}
	i = newInterface()
	i.shapes.add(i.state("svc", "deep").raw, deep)
	if n := i.shapes.classes["Node"].hashes; n != maxObjects || !i.shapes.cut {
		t.Errorf("expected %d objects, got %d, told: %v", maxObjects, n, i.shapes.cut)
	}
}
