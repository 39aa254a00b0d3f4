package gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// goType is a type of Go for what was seen at a place.
type goType struct {
	expr string
	null bool // nil stands for an undef
	size bool // omitempty leaves out what is empty
	// objects: there are structs in it that stand for classes.
	objects bool
}

// valueType is what takes anything.
var valueType = goType{expr: "*perl.Value", null: true}

// declared is a type with a name.
type declared struct {
	name, doc string
	tuple     bool   // it is an array, whose elements are fields
	class     string // that it stands for
	fields    []declaredField
}

type declaredField struct {
	name, key, expr, doc string
	omit                 bool
}

// typer finds types, and declares structs.
type typer struct {
	names    namer
	maps     []place      // hashes that are maps
	met      map[int]bool // which of them there are
	declared []*declared
	classes  map[string]*shape    // by class
	structs  map[string]*declared // by class, nil for none
	within   bool                 // an object
}

// place is a place in what a state takes, or answers.
type place struct {
	state string // SESSION/STATE
	part  string // params or answer
	steps []string
	key   string // the last step, as Go has it, if that is a key
}

// parsePlace reads SESSION/STATE PART, with a path behind it or none.
func parsePlace(text string) (p place, err error) {
	words := strings.SplitN(strings.TrimSpace(text), " ", 3)
	if len(words) < 2 || !strings.Contains(words[0], "/") || words[1] != "params" && words[1] != "answer" {
		return p, fmt.Errorf("expected SESSION/STATE, params or answer, and perhaps a path, such as: svc/total params {'items'}; got %q", text)
	}
	p.state, p.part = words[0], words[1]
	if len(words) == 3 {
		p.steps, err = compare.Steps(strings.TrimSpace(words[2]))
	}
	return p, err
}

// CheckPlace says why a text names no place of Writing.Maps.
func CheckPlace(text string) error {
	_, err := parsePlace(text)
	return err
}

// is tells whether a place is meant by one that was named, in which [*] and {*} are any.
func (p place) is(named place) bool {
	return p.state == named.state && p.part == named.part && slices.EqualFunc(p.steps, named.steps, func(is, may string) bool {
		return is == may || may == "[*]" && is[0] == '[' || may == "{*}" && is[0] == '{'
	})
}

func (p place) below(step string) place {
	p.steps, p.key = append(slices.Clip(p.steps), step), ""
	return p
}

func (p place) belowKey(key string) place {
	p = p.below(keyStep(key))
	p.key = key
	return p
}

// String names the place as --map does.
func (p place) String() string {
	return strings.TrimSpace(p.state + " " + p.part + " " + strings.Join(p.steps, ""))
}

// of is the type for what was seen, undefs included. Structs get the name.
func (t *typer) of(s *shape, name string, at place) goType {
	g := t.defined(s, name, at)
	if s.undef > 0 {
		g = orNil(g)
	}
	return g
}

// orNil is the type that has nil besides.
func orNil(g goType) goType {
	if !g.null {
		g.expr, g.null = "*"+g.expr, true
	}
	return g
}

// defined is the type for what was seen besides undefs.
func (t *typer) defined(s *shape, name string, at place) goType {
	switch s.family() {
	case "array":
		if s.isTuple() {
			return t.tuple(s, name, at)
		}
		element := t.of(s.anyElement(), name, at.below("[*]"))
		return goType{expr: "[]" + element.expr, null: true, size: true, objects: element.objects}
	case "hash":
		if t.isMap(s, at) {
			value := t.of(s.anyValue(), name, at.below("{*}"))
			return goType{expr: "map[string]" + value.expr, null: true, size: true, objects: value.objects}
		}
		return t.structure(s, name, at)
	case "object":
		return t.object(sortedKeys(s.objects)[0])
	case "scalar":
		return s.scalar()
	}
	return valueType
}

// family is what sort of values was seen: "" for several, for none, and for what Go has no type
// for.
func (s *shape) family() string {
	switch {
	case len(s.others) > 0:
	case len(s.objects) == 1 && len(s.scalars) == 0 && s.arrays == 0 && s.hashes == 0:
		return "object"
	case len(s.objects) > 0:
	case len(s.scalars) > 0 && s.arrays == 0 && s.hashes == 0:
		return "scalar"
	case len(s.scalars) == 0 && s.arrays > 0 && s.hashes == 0:
		return "array"
	case len(s.scalars) == 0 && s.arrays == 0 && s.hashes > 0:
		return "hash"
	}
	return ""
}

// coarse tells types apart without declaring any.
func (s *shape) coarse() string {
	switch f := s.family(); f {
	case "scalar":
		return s.scalar().expr
	case "object":
		return objectsOf(sortedKeys(s.objects)[0])
	default:
		return f
	}
}

// objectsOf is what objects of a class are called.
func objectsOf(class string) string { return "object of " + strconv.Quote(class) }

// isTuple tells whether the elements of an array are something else each: by position.
func (s *shape) isTuple() bool {
	if s.element != nil || len(s.elements) < 2 {
		return false
	}
	return slices.ContainsFunc(s.elements, func(e *shape) bool { return e.coarse() != s.elements[0].coarse() })
}

// isMap tells whether the keys of a hash are data: it was named so, there are many, no field can
// have such a name, all are numbers, or each hash has others.
func (t *typer) isMap(s *shape, at place) bool {
	for i, named := range t.maps {
		if at.is(named) {
			t.met[i] = true
			return true
		}
	}
	if s.value != nil || len(s.fields) == 0 {
		return true
	}
	numbers, rare, alike := true, s.hashes >= 3 && len(s.fields) >= 3, true
	last := ""
	for _, key := range sortedKeys(s.fields) {
		if noTag(key) {
			return true
		}
		f := s.fields[key]
		numbers = numbers && strings.Trim(key, "0123456789") == ""
		rare = rare && f.seen*2 <= s.hashes
		alike = alike && (last == "" || last == f.coarse())
		last = f.coarse()
	}
	return numbers || rare && alike
}

// scalar is the type that takes all numbers and strings that were seen: an integer that comes as a
// string now and then is an integer, if all such strings are.
func (s *shape) scalar() goType {
	has := func(k perl.Kind) bool { return s.scalars[k] > 0 }
	words := has(perl.Bytes) || has(perl.Text)
	integers := has(perl.Int) || has(perl.Uint)
	switch {
	case has(perl.Bool) && (words || integers || has(perl.Double)):
		return valueType
	case has(perl.Bool):
		return goType{expr: "bool"}
	case !words && has(perl.Double) && (s.big || has(perl.Uint)):
		return valueType
	case !words && has(perl.Double):
		return goType{expr: "float64"}
	case !words && !has(perl.Uint):
		return goType{expr: "int64"}
	case !words && s.negative:
		return valueType
	case !words:
		return goType{expr: "uint64"}
	case has(perl.Int) && !has(perl.Uint) && !has(perl.Double) && !s.words:
		return goType{expr: "int64"}
	case s.wild, s.octets && s.wide, s.precise:
		return valueType
	case s.octets:
		return goType{expr: "[]byte", null: true, size: true}
	}
	return goType{expr: "string"}
}

// structure declares a struct for a hash.
func (t *typer) structure(s *shape, name string, at place) goType {
	d := &declared{name: t.names.pick(name), doc: fmt.Sprintf("is the hash of %s", at)}
	t.declared = append(t.declared, d)
	return goType{expr: d.name, objects: t.fields(d, s, at)}
}

// fields declares the fields for the keys of a hash, and tells whether there are objects in them.
func (t *typer) fields(d *declared, s *shape, at place) (objects bool) {
	fields := namer{}
	for _, key := range sortedKeys(s.fields) {
		f := s.fields[key]
		field := declaredField{name: fields.pick(identifier(key)), key: key, doc: f.kinds(), omit: f.seen < s.hashes}
		g := t.of(f, d.name+field.name, at.belowKey(key))
		objects = objects || g.objects
		if field.omit {
			g = omitted(g, f)
			field.doc += fmt.Sprintf("; in %d of %d", f.seen, s.hashes)
		}
		field.expr = g.expr
		d.fields = append(d.fields, field)
	}
	return objects
}

// keyStep is a key as a piece of a path.
func keyStep(key string) string {
	v, err := perl.Marshal(key) // octets, or text
	if err != nil {
		v = perl.NewBytes(key)
	}
	return "{" + perl.Format(v, perl.FormatOptions{MaxString: 100}) + "}"
}

// omitted is the type of a field that is not always there: omitempty has to tell that from what is
// there and empty, or an undef.
func omitted(g goType, f *shape) goType {
	switch {
	case g.expr == valueType.expr:
		return g
	case f.undef > 0:
		return valueType
	case g.size && f.empty > 0:
		return goType{expr: "*" + g.expr, null: true, objects: g.objects}
	}
	if g.size {
		return g
	}
	return orNil(g)
}

// tuple declares a struct for an array. In an object it has none: it marshals itself, and a circle
// through both would have no end.
func (t *typer) tuple(s *shape, name string, at place) goType {
	names, why := elementNames(s, at.key)
	d := &declared{name: t.names.pick(name), doc: fmt.Sprintf("is the array of %s%s", at, why), tuple: true}
	t.declared = append(t.declared, d)
	objects := false
	for i, e := range s.elements {
		field := declaredField{name: names[i], doc: e.kinds()}
		g := t.of(e, d.name+field.name, at.below(fmt.Sprintf("[%d]", i)))
		if g.objects && t.within {
			g = valueType
		}
		field.expr, objects = g.expr, objects || g.objects
		d.fields = append(d.fields, field)
	}
	return goType{expr: d.name, objects: objects}
}

// kinds says what was seen at a place.
func (s *shape) kinds() string {
	var list []string
	for k := range perl.Hooked {
		if s.scalars[k] > 0 {
			list = append(list, k.String())
		}
	}
	if s.arrays > 0 {
		list = append(list, "array"+s.ofKinds())
	}
	if s.hashes > 0 {
		list = append(list, "hash")
	}
	for _, class := range sortedKeys(s.objects) {
		list = append(list, objectsOf(class))
	}
	list = append(list, sortedKeys(s.others)...)
	if s.undef > 0 {
		list = append(list, "undef")
	}
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// ofKinds says what was seen in arrays of one sort of elements.
func (s *shape) ofKinds() string {
	of := ""
	elements := s.elements
	if s.element != nil {
		elements = []*shape{s.element}
	}
	for i, e := range elements {
		kinds := e.kinds()
		if i > 0 && kinds != of || strings.HasPrefix(kinds, "array") {
			return ""
		}
		of = kinds
	}
	if of == "" {
		return ""
	}
	return " of " + of
}

// tag is the tag of a field, as a literal.
func (f declaredField) tag() string {
	options := ""
	if f.omit {
		options = ",omitempty"
	}
	tag := "perl:" + strconv.Quote(f.key+options)
	if strconv.CanBackquote(tag) {
		return "`" + tag + "`"
	}
	return strconv.Quote(tag)
}
