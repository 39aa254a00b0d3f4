package storable

import (
	"math"
	"reflect"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

type person struct {
	Name    string    `perl:"name"`
	Age     int       `perl:"age"`
	Friends []*person `perl:"friends,omitempty"`
}

func TestMarshal(t *testing.T) {
	a := &person{Name: "Änne", Age: 40}
	b := &person{Name: "Bo", Age: math.MaxInt, Friends: []*person{a}}
	a.Friends = []*person{b, a}
	image, err := Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	var got person
	if err := Unmarshal(image, &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != a.Name || got.Friends[0].Age != b.Age || got.Friends[1].Friends[1] != got.Friends[1] {
		t.Errorf("got %+v", got)
	}
	for _, x := range []any{5, "text", "", 2.5, []string{"a"}, map[string]int{"a": 1}} {
		image, err := Marshal(x)
		if err != nil {
			t.Fatal(err)
		}
		p := reflect.New(reflect.TypeOf(x))
		if err := Unmarshal(image, p.Interface()); err != nil || !reflect.DeepEqual(p.Elem().Interface(), x) {
			t.Errorf("%v: got %v, %v", x, p.Elem(), err)
		}
	}
	if _, err := Marshal(func() {}); err == nil {
		t.Error("a function: got no error")
	}
	if err := Unmarshal([]byte("\x05"), &got); err == nil {
		t.Error("a bad image: got no error")
	}
	var types perl.Types
	if err := types.Register("Person", &person{}); err != nil {
		t.Fatal(err)
	}
	image, err = defaultEncoder.Marshal(&types, &person{Name: "Cy"})
	if err != nil {
		t.Fatal(err)
	}
	var x any
	if err := defaultDecoder.Unmarshal(&types, image, &x); err != nil || x.(*person).Name != "Cy" {
		t.Errorf("got %v, %v", x, err)
	}
}

// TestUnmarshalReferences: a reference to a reference is no circle, whichever way an image is read.
func TestUnmarshalReferences(t *testing.T) {
	image, err := Freeze(perl.ArrayRef(perl.NewRef(perl.NewRef(perl.NewInt(1))), perl.NewRef(perl.NewUndef())))
	if err != nil {
		t.Fatal(err)
	}
	var list []any
	if err := Unmarshal(image, &list); err != nil {
		t.Fatal(err)
	}
	p, _ := list[0].(*any)
	if p == nil || *p == nil {
		t.Fatalf("got %#v", list[0])
	}
	if q, _ := (*p).(*any); q == nil || *q != any(int64(1)) {
		t.Errorf("\\\\1: got %#v", *p)
	}
	if p, _ := list[1].(*any); p == nil || *p != nil {
		t.Errorf("\\undef: got %#v", list[1])
	}
}
