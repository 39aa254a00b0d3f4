package perl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// JSONError says what is wrong with the typed JSON of a value, and where.
type JSONError struct {
	Path     string // from the value decoded, such as .ref.array[2]
	Expected string
	Got      string // "" if there is nothing to show
}

func (e *JSONError) Error() string {
	at := e.Path
	if at == "" {
		at = "the value"
	}
	if e.Got == "" {
		return fmt.Sprintf("perl: JSON: at %s: expected %s", at, e.Expected)
	}
	return fmt.Sprintf("perl: JSON: at %s: expected %s, got %s", at, e.Expected, e.Got)
}

// UnmarshalJSON makes v what typed JSON describes: see [Value.MarshalJSON], all of which it reads
// back as it was. v is to be new. Errors are [*JSONError], or those of encoding/json for what is
// not JSON.
func (v *Value) UnmarshalJSON(raw []byte) error {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return fmt.Errorf("perl: JSON: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return &JSONError{Expected: "one value", Got: "more after it"}
	}
	d := jsonDecoder{seen: map[int]*Value{}, root: v}
	if read := d.value(tree); read != v {
		*v = *read // null, true or false
	}
	if d.err != nil {
		return d.err
	}
	return nil
}

type jsonDecoder struct {
	seen  map[int]*Value
	path  []string
	depth int
	root  *Value     // what the first object is to become
	err   *JSONError // the first
}

func (d *jsonDecoder) fail(expected string, got any) *Value {
	if d.err == nil {
		d.err = &JSONError{Path: strings.Join(d.path, ""), Expected: expected}
		if got != nil {
			s, _ := json.Marshal(got)
			d.err.Got = shorten(string(s))
		}
	}
	return NewUndef()
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}

// below decodes something inside of the current value.
func (d *jsonDecoder) below(step string, tree any) *Value {
	if d.err != nil {
		return NewUndef()
	}
	if d.depth++; d.depth > MaxJSONDepth {
		return d.fail(fmt.Sprintf("no more than %d levels", MaxJSONDepth), nil)
	}
	d.path = append(d.path, step)
	v := d.value(tree)
	d.path = d.path[:len(d.path)-1]
	d.depth--
	return v
}

// fieldsOf lists, for each kind, the fields that may stand beside it apart from class and id.
var fieldsOf = map[string][]string{
	"i": nil, "n": nil, "b": nil, "t": nil, "u": nil, "undef": {"immortal"}, "bool": {"immortal"},
	"ref": {"weak", "overloaded"}, "array": nil, "hash": {"restricted"}, "code": {"utf8"},
	"regexp": {"modifiers"}, "vstring": {"literal", "utf8"}, "tied": {"object", "key", "index"},
	"hooked": {"sort", "refs", "magic"}, "seen": nil,
}

// kind finds the one field that says what an object is, and complains about fields that do not
// belong to it.
func (d *jsonDecoder) kind(o map[string]any) string {
	kind := ""
	for name := range o {
		if _, ok := fieldsOf[name]; ok {
			if kind != "" {
				d.fail("one kind of value", o)
				return ""
			}
			kind = name
		}
	}
	if kind == "" {
		d.fail("a kind of value, such as i, b, ref", o)
		return ""
	}
next:
	for name := range o {
		if name == kind || (name == "class" || name == "id") && kind != "seen" {
			continue
		}
		for _, f := range fieldsOf[kind] {
			if f == name {
				continue next
			}
		}
		d.fail(fmt.Sprintf("no field %q beside %q", name, kind), o)
		return ""
	}
	return kind
}

func (d *jsonDecoder) value(tree any) *Value {
	switch t := tree.(type) {
	case nil:
		return NewUndef()
	case bool:
		return NewBool(t)
	case map[string]any:
		return d.object(t)
	}
	return d.fail("null, true, false or an object", tree)
}

func (d *jsonDecoder) object(o map[string]any) *Value {
	kind := d.kind(o)
	if d.err != nil {
		return NewUndef()
	}
	if kind == "seen" {
		n := d.number(o["seen"])
		if v := d.seen[n]; v != nil {
			return v
		}
		return d.fail("an id that came before", o)
	}

	// The value is there before what is in it, which may refer back to it.
	v := d.shell(kind, o)
	if d.root != nil {
		*d.root = *v
		v, d.root = d.root, nil
	}
	if class, ok := o["class"]; ok {
		name := d.class(class)
		if name == "" {
			return d.fail("a class that is not empty", o)
		}
		v.Bless(name)
	}
	if id, ok := o["id"]; ok {
		n := d.number(id)
		if d.seen[n] != nil {
			return d.fail("an id that did not come before", o)
		}
		d.seen[n] = v
	}
	if d.err == nil {
		d.fill(v, kind, o)
	}
	return v
}

// class reads the name of a class: text, or octets that are none.
func (d *jsonDecoder) class(tree any) string {
	if o, ok := tree.(map[string]any); ok && len(o) == 1 {
		return d.octets(o["b"])
	}
	return d.string(tree)
}

// shell makes a value without what is in it.
func (d *jsonDecoder) shell(kind string, o map[string]any) *Value {
	switch kind {
	case "undef":
		d.yes(o["undef"])
		return d.immortal(NewUndef(), o)
	case "bool":
		b, ok := o["bool"].(bool)
		if !ok {
			d.fail("true or false", o["bool"])
		}
		return d.immortal(NewBool(b), o)
	case "i":
		return d.integer(d.string(o["i"]))
	case "n":
		return d.double(d.string(o["n"]))
	case "b":
		return NewBytes(d.octets(o["b"]))
	case "t":
		return NewText(d.string(o["t"]))
	case "u":
		return NewText(d.octets(o["u"]))
	case "ref":
		v := NewRef(NewUndef())
		if w, ok := o["weak"]; ok {
			d.yes(w)
			v.SetWeak()
		}
		if w, ok := o["overloaded"]; ok {
			d.yes(w)
			v.SetOverloaded()
		}
		return v
	case "array":
		return NewArray()
	case "hash":
		v := NewHash()
		if r, ok := o["restricted"]; ok {
			d.yes(r)
			v.SetRestricted()
		}
		return v
	case "code":
		return d.utf8(NewCode(d.octets(o["code"])), o)
	case "regexp":
		return NewRegexp(d.octets(o["regexp"]), d.optional(o, "modifiers"))
	case "vstring":
		return d.utf8(NewVString(d.octets(o["vstring"]), d.optional(o, "literal")), o)
	case "hooked":
		return d.hooked(o)
	}
	return d.tied(o)
}

func (d *jsonDecoder) immortal(v *Value, o map[string]any) *Value {
	if i, ok := o["immortal"]; ok {
		d.yes(i)
		v.SetImmortal()
	}
	return v
}

func (d *jsonDecoder) utf8(v *Value, o map[string]any) *Value {
	if u, ok := o["utf8"]; ok {
		d.yes(u)
		v.SetUTF8()
	}
	return v
}

func (d *jsonDecoder) hooked(o map[string]any) *Value {
	name := d.string(o["sort"])
	for sort, n := range hookNames {
		if n == name {
			// What is in it comes later; the number of references is settled now.
			refs, _ := o["refs"].([]any)
			return NewHooked("", HookType(sort), d.octets(o["hooked"]), make([]*Value, len(refs))...)
		}
	}
	return d.fail("sort scalar, array, hash, tied-scalar, tied-array or tied-hash", o["sort"])
}

func (d *jsonDecoder) tied(o map[string]any) *Value {
	name := d.string(o["tied"])
	_, hasKey := o["key"]
	_, hasIndex := o["index"]
	for kind, n := range tiedNames {
		if n != name {
			continue
		}
		k := TiedKind(kind)
		if hasKey != (k == TiedKey) || hasIndex != (k == TiedElement) {
			return d.fail("a key with tied key, an index with tied element, nothing else", o)
		}
		v := NewTied(k, NewUndef())
		if hasIndex {
			n, ok := o["index"].(json.Number)
			i, err := strconv.ParseInt(string(n), 10, 64)
			if !ok || err != nil {
				return d.fail("an integer as index", o["index"])
			}
			v.SetTiedIndex(i)
		}
		return v
	}
	return d.fail("tied scalar, array, hash, key or element", o["tied"])
}

// fill gives a value what is in it.
func (d *jsonDecoder) fill(v *Value, kind string, o map[string]any) {
	switch kind {
	case "ref":
		v.SetTarget(d.below(".ref", o["ref"]))
	case "tied":
		v.SetTarget(d.below(".object", o["object"]))
		if k, ok := o["key"]; ok {
			v.SetTiedKey(d.below(".key", k))
		}
	case "hooked":
		for i := range v.HookRefs() {
			v.HookRefs()[i] = d.below(".refs["+strconv.Itoa(i)+"]", o["refs"].([]any)[i])
		}
		if m, ok := o["magic"]; ok {
			v.SetHookMagic(d.below(".magic", m))
		}
	case "array":
		list, ok := o["array"].([]any)
		if !ok {
			d.fail("a list", o["array"])
			return
		}
		for i, e := range list {
			if h, ok := e.(map[string]any); ok && len(h) == 1 && h["hole"] == true {
				v.Append(nil)
				continue
			}
			v.Append(d.below(".array["+strconv.Itoa(i)+"]", e))
		}
	case "hash":
		list, ok := o["hash"].([]any)
		if !ok {
			d.fail("a list of pairs", o["hash"])
			return
		}
		type key struct {
			octets string
			utf8   bool
		}
		seen := make(map[key]bool, len(list))
		for i, e := range list {
			pair, ok := e.([]any)
			if !ok || len(pair) < 2 || len(pair) > 3 {
				d.fail("[key, value]", e)
				return
			}
			p := d.key(pair)
			k := key{p.Key, p.Flags&KeyUTF8 != 0}
			if seen[k] {
				d.fail("a key that did not come before", pair[0])
			}
			seen[k] = true
			if d.err != nil {
				return
			}
			if p.Flags&KeyPlaceholder == 0 {
				p.Value = d.below(".hash["+strconv.Itoa(i)+"]", pair[1])
			} else if pair[1] != nil {
				d.fail("null as value of a placeholder", pair[1])
			}
			v.AppendPair(p)
		}
	}
}

// key reads the key of a pair and its flags.
func (d *jsonDecoder) key(pair []any) Pair {
	var p Pair
	if len(pair) == 3 {
		switch pair[2] {
		case "locked":
			p.Flags = KeyLocked
		case "placeholder":
			p.Flags = KeyPlaceholder
		default:
			d.fail(`"locked" or "placeholder"`, pair[2])
		}
	}
	switch k := pair[0].(type) {
	case string:
		p.Key = d.octets(k)
		return p
	case map[string]any:
		if len(k) == 1 {
			if t, ok := k["t"]; ok {
				p.Key = d.string(t)
				if s, ok := ToLatin1(p.Key); ok {
					p.Key, p.Flags = s, p.Flags|KeyWasUTF8
				} else {
					p.Flags |= KeyUTF8
				}
				return p
			}
			if u, ok := k["u"]; ok {
				p.Key, p.Flags = d.octets(u), p.Flags|KeyUTF8
				return p
			}
		}
	}
	d.fail(`a key: a string or {"t": string}`, pair[0])
	return p
}

func (d *jsonDecoder) yes(tree any) {
	if tree != true {
		d.fail("true, or the field absent", tree)
	}
}

func (d *jsonDecoder) string(tree any) string {
	s, ok := tree.(string)
	if !ok {
		d.fail("a string", tree)
	}
	return s
}

func (d *jsonDecoder) optional(o map[string]any, name string) string {
	if v, ok := o[name]; ok {
		return d.string(v)
	}
	return ""
}

func (d *jsonDecoder) octets(tree any) string {
	s, ok := ToLatin1(d.string(tree))
	if !ok {
		d.fail("characters up to U+00FF, one an octet", tree)
	}
	return s
}

func (d *jsonDecoder) number(tree any) int {
	n, ok := tree.(json.Number)
	if ok {
		if i, err := strconv.Atoi(string(n)); err == nil && i > 0 {
			return i
		}
	}
	d.fail("an id, an integer from 1", tree)
	return 0
}

func (d *jsonDecoder) integer(s string) *Value {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(i, 10) == s {
		return NewInt(i)
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil && strconv.FormatUint(u, 10) == s {
		return NewUint(u)
	}
	return d.fail("a decimal integer of 64 bits", s)
}

func (d *jsonDecoder) double(s string) *Value {
	switch s {
	case "NaN":
		return NewDouble(math.NaN())
	case "Inf":
		return NewDouble(math.Inf(1))
	case "-Inf":
		return NewDouble(math.Inf(-1))
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789+-.eE") != "" {
		return d.fail("a decimal number, Inf, -Inf or NaN", s)
	}
	return NewDouble(f)
}
