package gen

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Bounds of classes: how many, and objects within objects that are looked at.
const (
	maxClasses = 200
	maxObjects = 200
)

// classRules says which objects become structs.
const classRules = "Objects that are hashes are structs named for their class, of which RegisterTypes tells a perl.Types: so they keep " +
	"it on their way to Perl, and what is unmarshalled by that into an any is a pointer to the struct. That the object " +
	"which comes is of the class is not checked. Other objects, those in places where several classes came, and those in an array " +
	"of several kinds in an object, are a *perl.Value."

// object enters an object, which is v, or the target t of it.
func (b *shaper) object(s *shape, v, t *perl.Value) {
	class := v.Class() + t.Class()
	unusual := b.held[v] > 1 || b.held[t] > 1 || v.Class() != "" || v.Weak() || t.Kind() != perl.Hash || len(class) > maxKey
	var of *shape
	if !unusual && b.objects < maxObjects {
		of = b.class(class)
	}
	if of == nil {
		b.cut = b.cut || !unusual
		s.other(objectsOf(class[:min(len(class), 80)]))
		return
	}
	if s.objects == nil {
		s.objects = map[string]int{}
	}
	if s.objects[class]++; s.objects[class] == 1 && len(s.objects) > maxOthers {
		delete(s.objects, class)
		s.other(tooMuch)
	}
	of.seen++
	b.objects++
	b.hash(of, t, 1)
	b.objects--
}

// class is the shape of the objects of a class, wherever they are; nil if there are too many.
func (b *shaper) class(name string) *shape {
	if s := b.classes[name]; s != nil {
		return s
	}
	if b.classes == nil {
		b.classes = map[string]*shape{}
	}
	if len(b.classes) == maxClasses {
		return nil
	}
	s := b.shape()
	if s != nil {
		b.classes[strings.Clone(name)] = s // which is a piece of the image
	}
	return s
}

// object is the type of objects of a class: a pointer, since they may have others of their class.
func (t *typer) object(class string) goType {
	d, known := t.structs[class]
	if !known {
		d = t.class(class)
	}
	if d == nil {
		return valueType
	}
	return goType{expr: "*" + d.name, null: true, objects: true}
}

// class declares the struct of a class, nil if none has its keys.
func (t *typer) class(class string) *declared {
	s := t.classes[class]
	if s.family() != "hash" || s.value != nil || slices.ContainsFunc(sortedKeys(s.fields), noTag) {
		t.structs[class] = nil
		return nil
	}
	objects := fmt.Sprintf("objects of %q", class)
	d := &declared{name: t.names.pick(identifier(class)), doc: "is the hash of " + objects, class: class}
	t.structs[class] = d
	t.declared = append(t.declared, d)
	outside := t.within
	t.within = true
	t.fields(d, s, place{state: objects})
	t.within = outside
	return d
}

// noTag tells whether no tag of a field can have a key.
func noTag(key string) bool { return key == "" || key == "-" || strings.Contains(key, ",") }

// registered are the structs that stand for classes, by name of the class.
func (t *typer) registered() (list []*declared) {
	for _, class := range sortedKeys(t.structs) {
		if d := t.structs[class]; d != nil {
			list = append(list, d)
		}
	}
	return list
}

// marshal is what turns values into those of Perl.
func (p *packageWriter) marshal() string {
	if len(p.types.registered()) > 0 {
		return "types.Marshal"
	}
	return "perl.Marshal"
}

// registering writes what knows the classes.
func (p *packageWriter) registering(b *bytes.Buffer) {
	b.WriteString("\n")
	comment(b, "", p.register+" has values of the structs and objects of their classes stand for each other. "+
		"An error says that a class, or a struct, has a counterpart already.")
	fmt.Fprintf(b, "func %s(t *perl.Types) error {\nfor _, c := range []struct {\nclass string\nsample any\n}{\n", p.register)
	for _, d := range p.types.registered() {
		fmt.Fprintf(b, "{%s, %s{}},\n", strconv.Quote(d.class), d.name)
	}
	fmt.Fprintf(b, `} {
	if err := t.Register(c.class, c.sample); err != nil {
		return err
	}
}
return nil
}

// types are those of the package.
var types = func() *perl.Types {
	t := new(perl.Types)
	if err := %s(t); err != nil {
		panic(err) // each class is there once
	}
	return t
}()
`, p.register)
}

// classesTest writes that objects keep their class.
func (p *packageWriter) classesTest(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n// Test%s: objects keep their class, from Go to Perl and back.\nfunc Test%s(t *testing.T) {\n", p.register, p.register)
	for _, d := range p.types.registered() {
		fmt.Fprintf(b, "keepsClass[%s](t, %s)\n", d.name, strconv.Quote(d.class))
	}
	b.WriteString("}\n" + keepsClassText)
}

const keepsClassText = `
// keepsClass has an object go to Perl and back, twice.
func keepsClass[T any](t *testing.T, class string) {
	t.Helper()
	var x any = new(T)
	for range 2 {
		v, err := types.Marshal(x)
		if err != nil || v.Target().Class() != class {
			t.Fatalf("expected an object of %s, got %v, %v", class, v, err)
		}
		if err := types.Unmarshal(v, &x); err != nil {
			t.Fatal(err)
		}
		if _, ok := x.(*T); !ok {
			t.Fatalf("%s: expected a %T, got a %T", class, new(T), x)
		}
	}
}
`

const asRecordedText = `
// asRecorded compares what came from a kernel with what was recorded, classes included.
func asRecorded(got *perl.Value, recorded string) error {
	want, err := value(recorded)
	if err == nil && !perl.EqualFunc(want, got, alike) {
		err = fmt.Errorf("expected %v, got %v", want, got)
	}
	return err
}
`

const sendsText = `
// sends demands that a session sends objects of the classes that were recorded.
func sends(t *testing.T, kernel *ikc.Kernel, to, params, answer string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	given, err := value(params)
	if err != nil {
		t.Fatal(err)
	}
	got, err := kernel.Call(ctx, to, given)
	if err != nil {
		t.Fatalf("%s: %v", to, err)
	}
	if err := asRecorded(got, answer); err != nil {
		t.Errorf("%s: %v", to, err)
	}
}
`
