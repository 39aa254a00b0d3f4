package perl

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"
)

// MaxJSONDepth is how deep a Value may nest to be written as JSON or read from it, each reference
// and each container counting one. It keeps well below the 10,000 levels of JSON that encoding/json
// allows.
const MaxJSONDepth = 2000

// MarshalJSON returns v as typed JSON, in ASCII, with nothing lost:
//
//	null                                   undef
//	true, false                            boolean
//	{"i": "-12"}                           integer, signed or unsigned
//	{"n": "0.1"}                           double; also Inf, -Inf, NaN
//	{"b": "..."}                           byte string: one character U+0000 to U+00FF an octet
//	{"t": "..."}                           string with UTF-8 flag
//	{"u": "..."}                           the same, given by its octets: not Unicode, but allowed in Perl
//	{"ref": V}                             reference; "weak": true, "overloaded": true
//	{"array": [V, ...]}                    array; {"hole": true} is an element that does not exist
//	{"hash": [[K, V], ...]}                hash; "restricted": true, then [K, V, "locked"], [K, null, "placeholder"]
//	{"code": "..."}                        sub
//	{"regexp": "...", "modifiers": "i"}    compiled pattern
//	{"vstring": "...", "literal": "v1.2"}  v-string: octets
//	{"tied": "array", "object": V}         tied variable
//	{"hooked": "...", "sort": "hash"}      what a class's STORABLE_freeze made; "refs": [V, ...], "magic": V
//	{"undef": true}, {"bool": true}        undef, boolean with a class, an identity, or "immortal": true
//
// "class" beside any of them is what it is blessed into: text, or {"b": "..."} if its octets are no
// UTF-8. A value that is referenced from more than one place, or from itself, has "id": n where it
// first stands and is {"seen": n} afterwards; n counts from 1 in each value that is written.
//
// The form is canonical: hashes are sorted by the octets of their keys, of two with the same the
// one without UTF-8 flag first; doubles have the fewest digits that read back as the same number.
// So two values are equal if and only if their JSON is. All NaNs are one.
//
// For JSON as other programs expect it, [Unmarshal] into an any and have that written. Errors are
// values that no Perl could hold (a modifier that is not UTF-8), values that nest deeper than
// MaxJSONDepth, and [Value.ThawError].
func (v *Value) MarshalJSON() ([]byte, error) {
	e := jsonEncoder{count: map[*Value]int{}, number: map[*Value]int{}}
	if err := e.visit(v, 0); err != nil {
		return nil, err
	}
	e.value(v)
	if e.err != nil {
		return nil, e.err
	}
	return e.out, nil
}

type jsonEncoder struct {
	out    []byte
	count  map[*Value]int // places that refer to a value
	number map[*Value]int // ids given so far
	err    error
}

// visit counts the references to each value.
func (e *jsonEncoder) visit(v *Value, depth int) error {
	if v == nil {
		return nil
	}
	if depth > MaxJSONDepth {
		return fmt.Errorf("perl: value nests deeper than %d", MaxJSONDepth)
	}
	if v.Immortal() {
		return nil // shared by all of a Perl process: no identity of anybody's data
	}
	e.count[v]++
	if e.count[v] > 1 {
		return nil
	}
	switch v.Kind() {
	case Ref:
		if err := v.ThawError(); err != nil {
			return err
		}
		return e.visit(v.Target(), depth+1)
	case Hooked:
		for _, r := range v.HookRefs() {
			if err := e.visit(r, depth+1); err != nil {
				return err
			}
		}
		return e.visit(v.HookMagic(), depth+1)
	case Tied:
		if err := e.visit(v.Target(), depth+1); err != nil {
			return err
		}
		return e.visit(v.TiedKey(), depth+1)
	case Array:
		for _, el := range v.Elems() {
			if err := e.visit(el, depth+1); err != nil {
				return err
			}
		}
	case Hash:
		for _, p := range v.Pairs() {
			if err := e.visit(p.Value, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *jsonEncoder) raw(s string) { e.out = append(e.out, s...) }

// value writes v with its class and identity.
func (e *jsonEncoder) value(v *Value) {
	if v == nil {
		e.raw("null")
		return
	}
	shared := e.count[v] > 1
	if shared {
		if n := e.number[v]; n != 0 {
			e.raw(`{"seen":`)
			e.raw(strconv.Itoa(n))
			e.raw("}")
			return
		}
		e.number[v] = len(e.number) + 1
	}
	plain := !shared && v.Class() == "" && !v.Immortal()
	if plain {
		switch v.Kind() {
		case Undef:
			e.raw("null")
			return
		case Bool:
			e.raw(strconv.FormatBool(v.Bool()))
			return
		}
	}
	e.raw("{")
	e.body(v)
	if v.Class() != "" {
		e.raw(`,"class":`)
		e.class(v.Class())
	}
	if v.Immortal() {
		e.raw(`,"immortal":true`)
	}
	if shared {
		e.raw(`,"id":`)
		e.raw(strconv.Itoa(e.number[v]))
	}
	e.raw("}")
}

// body writes the fields that say what v is.
func (e *jsonEncoder) body(v *Value) {
	switch v.Kind() {
	case Undef:
		e.raw(`"undef":true`)
	case Bool:
		e.raw(`"bool":`)
		e.raw(strconv.FormatBool(v.Bool()))
	case Int:
		e.field("i", strconv.FormatInt(v.Int(), 10))
	case Uint:
		e.field("i", strconv.FormatUint(v.Uint(), 10))
	case Double:
		e.field("n", shortestDouble(v.Double()))
	case Bytes:
		e.octets("b", v.Str())
	case Text:
		e.text(v.Str())
	case Ref:
		e.raw(`"ref":`)
		e.value(v.Target())
		if v.Weak() {
			e.raw(`,"weak":true`)
		}
		if v.Overloaded() {
			e.raw(`,"overloaded":true`)
		}
	case Array:
		e.raw(`"array":[`)
		for i, el := range v.Elems() {
			if i > 0 {
				e.raw(",")
			}
			if el == nil {
				e.raw(`{"hole":true}`)
			} else {
				e.value(el)
			}
		}
		e.raw("]")
	case Hash:
		e.hash(v)
	case Code:
		e.octets("code", v.Str())
		e.utf8Flag(v)
	case Regexp:
		e.octets("regexp", v.Str())
		e.raw(`,"modifiers":`)
		e.name(v.Modifiers(), "modifiers")
	case VString:
		e.octets("vstring", v.Str())
		e.raw(`,"literal":`)
		e.name(v.Literal(), "literal")
		e.utf8Flag(v)
	case Hooked:
		e.octets("hooked", v.Str())
		e.raw(`,"sort":`)
		e.string(hookNames[v.HookType()])
		if refs := v.HookRefs(); len(refs) > 0 {
			e.raw(`,"refs":[`)
			for i, r := range refs {
				if i > 0 {
					e.raw(",")
				}
				e.value(r)
			}
			e.raw("]")
		}
		if m := v.HookMagic(); m != nil {
			e.raw(`,"magic":`)
			e.value(m)
		}
	case Tied:
		e.field("tied", tiedNames[v.TiedKind()])
		e.raw(`,"object":`)
		e.value(v.Target())
		switch v.TiedKind() {
		case TiedKey:
			e.raw(`,"key":`)
			e.value(v.TiedKey())
		case TiedElement:
			e.raw(`,"index":`)
			e.raw(strconv.FormatInt(v.TiedIndex(), 10))
		}
	}
}

// isText tells whether Perl shows a key as characters.
func isText(p Pair) bool { return p.Flags&(KeyUTF8|KeyWasUTF8) != 0 }

func (e *jsonEncoder) hash(v *Value) {
	pairs := append([]Pair(nil), v.Pairs()...)
	sortKey := func(p Pair) string {
		if p.Flags&KeyWasUTF8 != 0 && p.Flags&KeyUTF8 == 0 {
			return FromLatin1(p.Key)
		}
		return p.Key
	}
	// Perl sorts by the octets that it would show of the key; of two with the same, octets come
	// first.
	sort.SliceStable(pairs, func(i, j int) bool {
		a, b := sortKey(pairs[i]), sortKey(pairs[j])
		if a != b {
			return a < b
		}
		return !isText(pairs[i]) && isText(pairs[j])
	})
	e.raw(`"hash":[`)
	for i, p := range pairs {
		if i > 0 {
			e.raw(",")
		}
		e.raw("[")
		switch {
		case p.Flags&KeyUTF8 != 0:
			e.raw("{")
			e.text(p.Key)
			e.raw("}")
		case p.Flags&KeyWasUTF8 != 0:
			e.raw("{")
			e.text(FromLatin1(p.Key))
			e.raw("}")
		default:
			e.string(FromLatin1(p.Key))
		}
		e.raw(",")
		switch {
		case p.Flags&KeyPlaceholder != 0:
			e.raw(`null,"placeholder"`)
		case p.Flags&KeyLocked != 0:
			e.value(p.Value)
			e.raw(`,"locked"`)
		default:
			e.value(p.Value)
		}
		e.raw("]")
	}
	e.raw("]")
	if v.Restricted() {
		e.raw(`,"restricted":true`)
	}
}

func (e *jsonEncoder) utf8Flag(v *Value) {
	if v.UTF8() {
		e.raw(`,"utf8":true`)
	}
}

func (e *jsonEncoder) field(name, s string) {
	e.raw(`"` + name + `":`)
	e.string(s)
}

// octets writes a field with one character for each octet.
func (e *jsonEncoder) octets(name, s string) { e.field(name, FromLatin1(s)) }

// text writes the field of a string with UTF-8 flag.
func (e *jsonEncoder) text(s string) {
	if utf8.ValidString(s) {
		e.field("t", s)
		return
	}
	e.octets("u", s)
}

// class writes the name of a class, which is octets.
func (e *jsonEncoder) class(name string) {
	if utf8.ValidString(name) {
		e.string(name)
		return
	}
	e.raw("{")
	e.octets("b", name)
	e.raw("}")
}

// name writes a string that is the name of something.
func (e *jsonEncoder) name(s, what string) {
	if !utf8.ValidString(s) && e.err == nil {
		e.err = fmt.Errorf("perl: %s %q is not UTF-8", what, s)
	}
	e.string(s)
}

const hexDigits = "0123456789abcdef"

// string writes a JSON string in ASCII.
func (e *jsonEncoder) string(s string) {
	e.out = append(e.out, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			e.out = append(e.out, '\\', byte(r))
		case r == '\n':
			e.raw(`\n`)
		case r == '\r':
			e.raw(`\r`)
		case r == '\t':
			e.raw(`\t`)
		case r >= 0x20 && r < 0x7f:
			e.out = append(e.out, byte(r))
		case r < 0x10000:
			e.unit(uint16(r))
		default:
			r -= 0x10000
			e.unit(uint16(0xd800 + r>>10))
			e.unit(uint16(0xdc00 + r&0x3ff))
		}
	}
	e.out = append(e.out, '"')
}

func (e *jsonEncoder) unit(u uint16) {
	e.out = append(e.out, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

// shortestDouble writes the fewest of 15, 16 or 17 digits that read back as f: what Perl can do as
// well.
func shortestDouble(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return FormatDouble(f, 17)
	}
	for digits := 15; digits < 17; digits++ {
		s := FormatDouble(f, digits)
		if g, err := strconv.ParseFloat(s, 64); err == nil && g == f {
			return s
		}
	}
	return FormatDouble(f, 17)
}

var tiedNames = [...]string{
	TiedScalar: "scalar", TiedArray: "array", TiedHash: "hash",
	TiedKey: "key", TiedElement: "element",
}

var hookNames = [...]string{
	HookScalar: "scalar", HookArray: "array", HookHash: "hash",
	HookTiedScalar: "tied-scalar", HookTiedArray: "tied-array", HookTiedHash: "tied-hash",
}
