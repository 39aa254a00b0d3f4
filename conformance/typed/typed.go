// Package typed writes Perl values as the typed JSON of the driver protocol, and reads them.
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
// UTF-8. A value that is referenced from more than one place has "id": n where it first stands and
// is {"seen": n} afterwards; n counts from 1 in each encoded value.
//
// Encode is canonical: hashes are sorted by the octets of their keys, of two with the same the one
// without UTF-8 flag first; doubles have the fewest digits that read back as the same number. So
// two values are equal if and only if their encodings are. All NaNs are one.
package typed

import (
	"encoding/json"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// MaxDepth is how deep values may nest, each reference and each container counting one. It keeps
// well below the 10,000 levels of JSON that encoding/json allows.
const MaxDepth = 2000

// Value is a Perl value as a field of a struct that encoding/json writes and reads. A nil V is
// undef.
type Value struct{ V *perl.Value }

// MarshalJSON encodes v.V.
func (v Value) MarshalJSON() ([]byte, error) { return Encode(v.V) }

// UnmarshalJSON decodes into v.V, which is not nil afterwards.
func (v *Value) UnmarshalJSON(b []byte) error {
	d, err := Decode(b)
	if err != nil {
		return err
	}
	v.V = d
	return nil
}

// Wrap makes Values of vs.
func Wrap(vs []*perl.Value) []Value {
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i].V = v
	}
	return out
}

// Unwrap is the reverse of Wrap.
func Unwrap(vs []Value) []*perl.Value {
	out := make([]*perl.Value, len(vs))
	for i, v := range vs {
		out[i] = v.V
	}
	return out
}

var (
	_ json.Marshaler   = Value{}
	_ json.Unmarshaler = (*Value)(nil)
)

var tiedNames = [...]string{
	perl.TiedScalar: "scalar", perl.TiedArray: "array", perl.TiedHash: "hash",
	perl.TiedKey: "key", perl.TiedElement: "element",
}

var hookNames = [...]string{
	perl.HookScalar: "scalar", perl.HookArray: "array", perl.HookHash: "hash",
	perl.HookTiedScalar: "tied-scalar", perl.HookTiedArray: "tied-array", perl.HookTiedHash: "tied-hash",
}
