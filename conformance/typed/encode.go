package typed

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Encode returns the typed JSON of v, in ASCII; nil is undef. Errors are values that no Perl could
// hold (a modifier that is not UTF-8) and values that nest deeper than MaxDepth.
func Encode(v *perl.Value) (json.RawMessage, error) {
	e := encoder{count: map[*perl.Value]int{}, number: map[*perl.Value]int{}}
	if err := e.visit(v, 0); err != nil {
		return nil, err
	}
	e.value(v)
	if e.err != nil {
		return nil, e.err
	}
	return e.out, nil
}

type encoder struct {
	out    []byte
	count  map[*perl.Value]int // places that refer to a value
	number map[*perl.Value]int // ids given so far
	err    error
}

// visit counts the references to each value.
func (e *encoder) visit(v *perl.Value, depth int) error {
	if v == nil {
		return nil
	}
	if depth > MaxDepth {
		return fmt.Errorf("typed: value nests deeper than %d", MaxDepth)
	}
	if v.Immortal() {
		return nil // shared by all of a Perl process: no identity of anybody's data
	}
	e.count[v]++
	if e.count[v] > 1 {
		return nil
	}
	switch v.Kind() {
	case perl.Ref:
		return e.visit(v.Target(), depth+1)
	case perl.Hooked:
		for _, r := range v.HookRefs() {
			if err := e.visit(r, depth+1); err != nil {
				return err
			}
		}
		return e.visit(v.HookMagic(), depth+1)
	case perl.Tied:
		if err := e.visit(v.Target(), depth+1); err != nil {
			return err
		}
		return e.visit(v.TiedKey(), depth+1)
	case perl.Array:
		for _, el := range v.Elems() {
			if err := e.visit(el, depth+1); err != nil {
				return err
			}
		}
	case perl.Hash:
		for _, p := range v.Pairs() {
			if err := e.visit(p.Value, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *encoder) raw(s string) { e.out = append(e.out, s...) }

// value writes v with its class and identity.
func (e *encoder) value(v *perl.Value) {
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
		case perl.Undef:
			e.raw("null")
			return
		case perl.Bool:
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
func (e *encoder) body(v *perl.Value) {
	switch v.Kind() {
	case perl.Undef:
		e.raw(`"undef":true`)
	case perl.Bool:
		e.raw(`"bool":`)
		e.raw(strconv.FormatBool(v.Bool()))
	case perl.Int:
		e.field("i", strconv.FormatInt(v.Int(), 10))
	case perl.Uint:
		e.field("i", strconv.FormatUint(v.Uint(), 10))
	case perl.Double:
		e.field("n", formatDouble(v.Double()))
	case perl.Bytes:
		e.octets("b", v.Str())
	case perl.Text:
		e.text(v.Str())
	case perl.Ref:
		e.raw(`"ref":`)
		e.value(v.Target())
		if v.Weak() {
			e.raw(`,"weak":true`)
		}
		if v.Overloaded() {
			e.raw(`,"overloaded":true`)
		}
	case perl.Array:
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
	case perl.Hash:
		e.hash(v)
	case perl.Code:
		e.octets("code", v.Str())
		e.utf8Flag(v)
	case perl.Regexp:
		e.octets("regexp", v.Str())
		e.raw(`,"modifiers":`)
		e.name(v.Modifiers(), "modifiers")
	case perl.VString:
		e.octets("vstring", v.Str())
		e.raw(`,"literal":`)
		e.name(v.Literal(), "literal")
		e.utf8Flag(v)
	case perl.Hooked:
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
	case perl.Tied:
		e.field("tied", tiedNames[v.TiedKind()])
		e.raw(`,"object":`)
		e.value(v.Target())
		switch v.TiedKind() {
		case perl.TiedKey:
			e.raw(`,"key":`)
			e.value(v.TiedKey())
		case perl.TiedElement:
			e.raw(`,"index":`)
			e.raw(strconv.FormatInt(v.TiedIndex(), 10))
		}
	}
}

// isText tells whether Perl shows a key as characters.
func isText(p perl.Pair) bool { return p.Flags&(perl.KeyUTF8|perl.KeyWasUTF8) != 0 }

func (e *encoder) hash(v *perl.Value) {
	pairs := append([]perl.Pair(nil), v.Pairs()...)
	sortKey := func(p perl.Pair) string {
		if p.Flags&perl.KeyWasUTF8 != 0 && p.Flags&perl.KeyUTF8 == 0 {
			return perl.FromLatin1(p.Key)
		}
		return p.Key
	}
	// Perl sorts by the octets that it would show of the key; of two with the same, octets come first.
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
		case p.Flags&perl.KeyUTF8 != 0:
			e.raw("{")
			e.text(p.Key)
			e.raw("}")
		case p.Flags&perl.KeyWasUTF8 != 0:
			e.raw("{")
			e.text(perl.FromLatin1(p.Key))
			e.raw("}")
		default:
			e.string(perl.FromLatin1(p.Key))
		}
		e.raw(",")
		switch {
		case p.Flags&perl.KeyPlaceholder != 0:
			e.raw(`null,"placeholder"`)
		case p.Flags&perl.KeyLocked != 0:
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

func (e *encoder) utf8Flag(v *perl.Value) {
	if v.UTF8() {
		e.raw(`,"utf8":true`)
	}
}

func (e *encoder) field(name, s string) {
	e.raw(`"` + name + `":`)
	e.string(s)
}

// octets writes a field with one character for each octet.
func (e *encoder) octets(name, s string) { e.field(name, perl.FromLatin1(s)) }

// text writes the field of a string with UTF-8 flag.
func (e *encoder) text(s string) {
	if utf8.ValidString(s) {
		e.field("t", s)
		return
	}
	e.octets("u", s)
}

// class writes the name of a class, which is octets.
func (e *encoder) class(name string) {
	if utf8.ValidString(name) {
		e.string(name)
		return
	}
	e.raw("{")
	e.octets("b", name)
	e.raw("}")
}

// name writes a string that is the name of something.
func (e *encoder) name(s, what string) {
	if !utf8.ValidString(s) && e.err == nil {
		e.err = fmt.Errorf("typed: %s %q is not UTF-8", what, s)
	}
	e.string(s)
}

const hexDigits = "0123456789abcdef"

// string writes a JSON string in ASCII.
func (e *encoder) string(s string) {
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

func (e *encoder) unit(u uint16) {
	e.out = append(e.out, '\\', 'u', hexDigits[u>>12], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

// formatDouble writes the fewest of 15, 16 or 17 digits that read back as f: what Perl can do as
// well.
func formatDouble(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return perl.FormatDouble(f, 17)
	}
	for digits := 15; digits < 17; digits++ {
		s := perl.FormatDouble(f, digits)
		if g, err := strconv.ParseFloat(s, 64); err == nil && g == f {
			return s
		}
	}
	return perl.FormatDouble(f, 17)
}
