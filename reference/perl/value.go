// Package perl holds Perl values as Go data, with everything that a serializer can carry across a
// process boundary: the kind of each scalar, references and their identity, cycles, blessings,
// weak references, holes in arrays, and the flags of hash keys.
//
// A [Value] is what Perl calls an SV: a container with an identity. Two references to the same
// *Value are two references to the same Perl variable. As in Perl, arrays and hashes are values of
// their own that data structures hold by reference: Perl's [1, 2] is
//
//	perl.NewRef(perl.NewArray(perl.NewInt(1), perl.NewInt(2)))
//
// or, shorter, [ArrayRef]. A class is a property of what a reference points at, not of the reference.
//
// Values are not safe for concurrent mutation; reading from several goroutines is fine.
package perl

import (
	"fmt"
	"math"
)

// Kind tells what a Value is. It keeps apart what Perl's own dumper shows alike but a serializer
// writes differently, such as the number 1 and the string "1".
type Kind uint8

// The kinds of Value. The comment gives the accessor that holds the payload.
const (
	Undef   Kind = iota // no payload
	Int                 // Int: a signed integer, Perl's IV
	Uint                // Uint: an integer above the range of int64, Perl's UV
	Double              // Double: a floating point number, Perl's NV
	Bytes               // Str: a string of octets, UTF-8 flag off
	Text                // Str: a string of characters in UTF-8, UTF-8 flag on
	Bool                // Bool: a boolean as Perl 5.36 and later tell them from strings
	Ref                 // Target: a reference
	Array               // Elems
	Hash                // Pairs
	Code                // Str: the source text of a sub, never run here
	Regexp              // Str: the pattern; Modifiers: its modifiers
	VString             // Str: the string value; Literal: what it was written as
	Tied                // Target: the object behind a tied variable; TiedKind tells which
	Hooked              // Str: what the class's STORABLE_freeze returned; see Hook
)

var kindNames = [...]string{"undef", "integer", "unsigned integer", "double", "byte string", "UTF-8 string",
	"boolean", "reference", "array", "hash", "code", "regexp", "v-string", "tied", "self-serialized object"}

// String names the kind as messages to people do.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Value is one Perl value. The zero Value is undef. Use the New functions; a Value must not be
// copied, since its address is its identity.
type Value struct {
	kind  Kind
	flags valueFlags
	num   uint64 // Int, Uint, Bool, and the bits of a Double
	str   string
	ref   *Value // Ref, Tied
	body  *body  // arrays, hashes and everything uncommon
}

type valueFlags uint8

const (
	flagWeak       valueFlags = 1 << iota // Ref: a weak reference
	flagOverloaded                        // Ref: the target's class overloads operators
	flagRestricted                        // Hash: locked by Hash::Util
	flagImmortal                          // Undef, Bool: Perl's one and only read-only undef, yes or no
	flagUTF8                              // VString, Code: the string is UTF-8
)

// body is what containers and uncommon values have, apart from the rest to keep scalars small.
type body struct {
	elems []*Value
	pairs []Pair
	rare  *rare
}

// rare is what only blessed and exotic values have.
type rare struct {
	class    string
	aux      string // Regexp: modifiers; VString: literal
	tied     TiedKind
	hookType HookType
	key      *Value // Tied: the key of a tied hash element; Hooked: the magic object of a tied variable
	index    int64  // Tied: the index of a tied array element
}

// Pair is one element of a hash.
type Pair struct {
	Key   string // octets of the key; UTF-8 if Flags has KeyUTF8
	Flags KeyFlags
	Value *Value // nil for the placeholder of a deleted key in a restricted hash
}

// KeyFlags tell how Perl holds a hash key.
type KeyFlags uint8

const (
	KeyUTF8        KeyFlags = 1 << iota // the key is UTF-8 and does not fit Latin-1
	KeyWasUTF8                          // the key was given as UTF-8 and fits Latin-1; Key holds Latin-1 octets
	KeyLocked                           // the value of this key is read-only (restricted hash)
	KeyPlaceholder                      // the key may exist in a restricted hash, but does not now
)

// TiedKind tells what sort of variable is tied.
type TiedKind uint8

// The sorts of tied variables.
const (
	TiedScalar TiedKind = iota
	TiedArray
	TiedHash
	TiedKey     // an element of a tied hash: Key
	TiedElement // an element of a tied array: Index
)

// NewUndef returns a new undef.
func NewUndef() *Value { return &Value{} }

// NewInt returns an integer.
func NewInt(i int64) *Value { return &Value{kind: Int, num: uint64(i)} }

// NewUint returns an integer of the kind that Perl would give it: Int if it fits, else Uint.
func NewUint(u uint64) *Value {
	if u <= math.MaxInt64 {
		return NewInt(int64(u))
	}
	return &Value{kind: Uint, num: u}
}

// NewDouble returns a floating point number. An integral one stays a Double.
func NewDouble(f float64) *Value { return &Value{kind: Double, num: math.Float64bits(f)} }

// NewBytes returns a string of octets.
func NewBytes(s string) *Value { return &Value{kind: Bytes, str: s} }

// NewText returns a string of characters, UTF-8 flag on. The caller vouches for valid UTF-8.
func NewText(s string) *Value { return &Value{kind: Text, str: s} }

// NewBool returns a boolean.
func NewBool(b bool) *Value {
	v := &Value{kind: Bool}
	if b {
		v.num = 1
	}
	return v
}

// NewRef returns a reference to target, which must not be nil.
func NewRef(target *Value) *Value { return &Value{kind: Ref, ref: target} }

// NewArray returns an array. A nil element is a hole: an element that does not exist.
func NewArray(elems ...*Value) *Value { return &Value{kind: Array, body: &body{elems: elems}} }

// NewHash returns a hash with the pairs in the order given. Keys must be unique.
func NewHash(pairs ...Pair) *Value { return &Value{kind: Hash, body: &body{pairs: pairs}} }

// NewCode returns a sub given by its source text.
func NewCode(source string) *Value { return &Value{kind: Code, str: source} }

// NewRegexp returns a compiled pattern with its modifiers, such as "ix". Perl blesses it into
// class Regexp; so does whoever builds one to be frozen.
func NewRegexp(pattern, modifiers string) *Value {
	return &Value{kind: Regexp, str: pattern, body: &body{rare: &rare{aux: modifiers}}}
}

// NewVString returns a version string: its octets, and the literal ("v1.22.333") it was written as.
func NewVString(s, literal string) *Value {
	return &Value{kind: VString, str: s, body: &body{rare: &rare{aux: literal}}}
}

// NewTied returns a variable tied to object. TiedKey and TiedElement need SetTiedKey or SetTiedIndex.
func NewTied(kind TiedKind, object *Value) *Value {
	return &Value{kind: Tied, ref: object, body: &body{rare: &rare{tied: kind}}}
}

// ArrayRef returns a reference to a new array.
func ArrayRef(elems ...*Value) *Value { return NewRef(NewArray(elems...)) }

// HashRef returns a reference to a new hash.
func HashRef(pairs ...Pair) *Value { return NewRef(NewHash(pairs...)) }

// P builds a Pair for a key of octets.
func P(key string, v *Value) Pair { return Pair{Key: key, Value: v} }
