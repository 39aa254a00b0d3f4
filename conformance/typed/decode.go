package typed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Error says what is wrong with the typed JSON of a value, and where.
type Error struct {
	Path     string // from the value decoded, such as .ref.array[2]
	Expected string
	Got      string // "" if there is nothing to show
}

func (e *Error) Error() string {
	at := e.Path
	if at == "" {
		at = "the value"
	}
	if e.Got == "" {
		return fmt.Sprintf("typed: at %s: expected %s", at, e.Expected)
	}
	return fmt.Sprintf("typed: at %s: expected %s, got %s", at, e.Expected, e.Got)
}

// Decode returns the value that typed JSON describes. Everything that Encode writes is read back as
// the same value. Errors are [*Error], or those of encoding/json for what is not JSON.
func Decode(raw json.RawMessage) (*perl.Value, error) {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("typed: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, &Error{Expected: "one value", Got: "more after it"}
	}
	d := decoder{seen: map[int]*perl.Value{}}
	v := d.value(tree)
	if d.err != nil {
		return nil, d.err
	}
	return v, nil
}

type decoder struct {
	seen  map[int]*perl.Value
	path  []string
	depth int
	err   *Error // the first
}

func (d *decoder) fail(expected string, got any) *perl.Value {
	if d.err == nil {
		d.err = &Error{Path: strings.Join(d.path, ""), Expected: expected}
		if got != nil {
			s, _ := json.Marshal(got)
			d.err.Got = shorten(string(s))
		}
	}
	return perl.NewUndef()
}

func shorten(s string) string {
	if len(s) > 60 {
		return s[:57] + "..."
	}
	return s
}

// below decodes something inside of the current value.
func (d *decoder) below(step string, tree any) *perl.Value {
	if d.err != nil {
		return perl.NewUndef()
	}
	if d.depth++; d.depth > MaxDepth {
		return d.fail(fmt.Sprintf("no more than %d levels", MaxDepth), nil)
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
func (d *decoder) kind(o map[string]any) string {
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

func (d *decoder) value(tree any) *perl.Value {
	switch t := tree.(type) {
	case nil:
		return perl.NewUndef()
	case bool:
		return perl.NewBool(t)
	case map[string]any:
		return d.object(t)
	}
	return d.fail("null, true, false or an object", tree)
}

func (d *decoder) object(o map[string]any) *perl.Value {
	kind := d.kind(o)
	if d.err != nil {
		return perl.NewUndef()
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
func (d *decoder) class(tree any) string {
	if o, ok := tree.(map[string]any); ok && len(o) == 1 {
		return d.octets(o["b"])
	}
	return d.string(tree)
}

// shell makes a value without what is in it.
func (d *decoder) shell(kind string, o map[string]any) *perl.Value {
	switch kind {
	case "undef":
		d.yes(o["undef"])
		return d.immortal(perl.NewUndef(), o)
	case "bool":
		b, ok := o["bool"].(bool)
		if !ok {
			d.fail("true or false", o["bool"])
		}
		return d.immortal(perl.NewBool(b), o)
	case "i":
		return d.integer(d.string(o["i"]))
	case "n":
		return d.double(d.string(o["n"]))
	case "b":
		return perl.NewBytes(d.octets(o["b"]))
	case "t":
		return perl.NewText(d.string(o["t"]))
	case "u":
		return perl.NewText(d.octets(o["u"]))
	case "ref":
		v := perl.NewRef(perl.NewUndef())
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
		return perl.NewArray()
	case "hash":
		v := perl.NewHash()
		if r, ok := o["restricted"]; ok {
			d.yes(r)
			v.SetRestricted()
		}
		return v
	case "code":
		return d.utf8(perl.NewCode(d.octets(o["code"])), o)
	case "regexp":
		return perl.NewRegexp(d.octets(o["regexp"]), d.optional(o, "modifiers"))
	case "vstring":
		return d.utf8(perl.NewVString(d.octets(o["vstring"]), d.optional(o, "literal")), o)
	case "hooked":
		return d.hooked(o)
	}
	return d.tied(o)
}

func (d *decoder) immortal(v *perl.Value, o map[string]any) *perl.Value {
	if i, ok := o["immortal"]; ok {
		d.yes(i)
		v.SetImmortal()
	}
	return v
}

func (d *decoder) utf8(v *perl.Value, o map[string]any) *perl.Value {
	if u, ok := o["utf8"]; ok {
		d.yes(u)
		v.SetUTF8()
	}
	return v
}

func (d *decoder) hooked(o map[string]any) *perl.Value {
	name := d.string(o["sort"])
	for sort, n := range hookNames {
		if n == name {
			// What is in it comes later; the number of references is settled now.
			refs, _ := o["refs"].([]any)
			return perl.NewHooked("", perl.HookType(sort), d.octets(o["hooked"]), make([]*perl.Value, len(refs))...)
		}
	}
	return d.fail("sort scalar, array, hash, tied-scalar, tied-array or tied-hash", o["sort"])
}

func (d *decoder) tied(o map[string]any) *perl.Value {
	name := d.string(o["tied"])
	_, hasKey := o["key"]
	_, hasIndex := o["index"]
	for kind, n := range tiedNames {
		if n != name {
			continue
		}
		k := perl.TiedKind(kind)
		if hasKey != (k == perl.TiedKey) || hasIndex != (k == perl.TiedElement) {
			return d.fail("a key with tied key, an index with tied element, nothing else", o)
		}
		v := perl.NewTied(k, perl.NewUndef())
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
func (d *decoder) fill(v *perl.Value, kind string, o map[string]any) {
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
			k := key{p.Key, p.Flags&perl.KeyUTF8 != 0}
			if seen[k] {
				d.fail("a key that did not come before", pair[0])
			}
			seen[k] = true
			if d.err != nil {
				return
			}
			if p.Flags&perl.KeyPlaceholder == 0 {
				p.Value = d.below(".hash["+strconv.Itoa(i)+"]", pair[1])
			} else if pair[1] != nil {
				d.fail("null as value of a placeholder", pair[1])
			}
			v.AppendPair(p)
		}
	}
}

// key reads the key of a pair and its flags.
func (d *decoder) key(pair []any) perl.Pair {
	var p perl.Pair
	if len(pair) == 3 {
		switch pair[2] {
		case "locked":
			p.Flags = perl.KeyLocked
		case "placeholder":
			p.Flags = perl.KeyPlaceholder
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
				if s, ok := perl.ToLatin1(p.Key); ok {
					p.Key, p.Flags = s, p.Flags|perl.KeyWasUTF8
				} else {
					p.Flags |= perl.KeyUTF8
				}
				return p
			}
			if u, ok := k["u"]; ok {
				p.Key, p.Flags = d.octets(u), p.Flags|perl.KeyUTF8
				return p
			}
		}
	}
	d.fail(`a key: a string or {"t": string}`, pair[0])
	return p
}

func (d *decoder) yes(tree any) {
	if tree != true {
		d.fail("true, or the field absent", tree)
	}
}

func (d *decoder) string(tree any) string {
	s, ok := tree.(string)
	if !ok {
		d.fail("a string", tree)
	}
	return s
}

func (d *decoder) optional(o map[string]any, name string) string {
	if v, ok := o[name]; ok {
		return d.string(v)
	}
	return ""
}

func (d *decoder) octets(tree any) string {
	s, ok := perl.ToLatin1(d.string(tree))
	if !ok {
		d.fail("characters up to U+00FF, one an octet", tree)
	}
	return s
}

func (d *decoder) number(tree any) int {
	n, ok := tree.(json.Number)
	if ok {
		if i, err := strconv.Atoi(string(n)); err == nil && i > 0 {
			return i
		}
	}
	d.fail("an id, an integer from 1", tree)
	return 0
}

func (d *decoder) integer(s string) *perl.Value {
	if i, err := strconv.ParseInt(s, 10, 64); err == nil && strconv.FormatInt(i, 10) == s {
		return perl.NewInt(i)
	}
	if u, err := strconv.ParseUint(s, 10, 64); err == nil && strconv.FormatUint(u, 10) == s {
		return perl.NewUint(u)
	}
	return d.fail("a decimal integer of 64 bits", s)
}

func (d *decoder) double(s string) *perl.Value {
	switch s {
	case "NaN":
		return perl.NewDouble(math.NaN())
	case "Inf":
		return perl.NewDouble(math.Inf(1))
	case "-Inf":
		return perl.NewDouble(math.Inf(-1))
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strings.Trim(s, "0123456789+-.eE") != "" {
		return d.fail("a decimal number, Inf, -Inf or NaN", s)
	}
	return perl.NewDouble(f)
}
