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
// or, shorter, [ArrayRef]. A class is a property of what a reference points at, not of the
// reference.
//
// Most programs need little of it: [Marshal] makes Values of Go data, [Unmarshal] fills Go
// variables, [Format], package fmt, log/slog and encoding/json show a Value, and the accessors
// named after kinds, such as [Value.Int] and [Value.Str], read a scalar.
//
//	v, err := perl.Marshal(map[string]any{"id": 7, "tags": []string{"a", "b"}})
//	err = perl.Unmarshal(v, &job)
//	fmt.Println(perl.Format(v, perl.FormatOptions{}))
//
// Methods that read take a nil Value for an undef, so that a path such as
// v.Target().Get("id").Int() needs no checks; those that change a Value must not be called on nil.
// An accessor of another kind than the Value's returns zero, a setter of another kind changes
// nothing.
//
// Values are not safe for concurrent mutation; reading from several goroutines is fine.
//
// [Slab] and [Frozen] are for those who write serializers.
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
	Hooked              // Str: what the class's STORABLE_freeze returned; see NewHooked
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
	spare uint16  // see repr.go
	m     uint32  // see repr.go
	p     pointer // see repr.go
}

type valueFlags uint8

const (
	flagWeak       valueFlags = 1 << iota // Ref: a weak reference
	flagOverloaded                        // Ref: the target's class overloads operators
	flagRestricted                        // Hash: locked by Hash::Util
	flagImmortal                          // Undef, Bool: Perl's one and only read-only undef, yes or no
	flagUTF8                              // VString, Code: the string is UTF-8
	flagRare                              // p points to a rare
	flagFrozen                            // Ref: p points to a thawing; never with flagRare
)

// Pair is one element of a hash. [P] and [TextPair] make them.
type Pair struct {
	Key   string // octets of the key; UTF-8 if Flags has KeyUTF8
	Flags KeyFlags
	Value *Value // nil for the placeholder of a deleted key in a restricted hash
}

// KeyFlags tell how Perl holds a hash key.
type KeyFlags uint8

// The flags of hash keys.
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
	TiedKey     // an element of a tied hash, whose key Value.TiedKey returns
	TiedElement // an element of a tied array, whose index Value.TiedIndex returns
)

// NewUndef returns a new undef.
func NewUndef() *Value { return &Value{} }

// NewInt returns an integer.
func NewInt(i int64) *Value { return newNumber(Int, uint64(i)) }

// NewUint returns an integer of the kind that Perl would give it: Int if it fits, else Uint.
func NewUint(u uint64) *Value {
	if u <= math.MaxInt64 {
		return NewInt(int64(u))
	}
	return newNumber(Uint, u)
}

// NewDouble returns a floating point number. An integral one stays a Double.
func NewDouble(f float64) *Value { return newNumber(Double, math.Float64bits(f)) }

// NewBytes returns a string of octets.
func NewBytes(s string) *Value { return newString(Bytes, s) }

// CopyBytes is NewBytes of a copy of s. If that is short it is allocated together with the Value.
func CopyBytes(s string) *Value { return copyString(Bytes, s) }

// NewText returns a string of characters, UTF-8 flag on. The caller vouches for valid UTF-8.
func NewText(s string) *Value { return newString(Text, s) }

// NewBool returns a boolean.
func NewBool(b bool) *Value {
	v := &Value{kind: Bool}
	if b {
		v.m = 1
	}
	return v
}

// NewRef returns a reference to target. It may be nil until [Value.SetTarget]; a reference to
// nothing cannot be frozen.
func NewRef(target *Value) *Value {
	v := &Value{kind: Ref}
	v.setPlainTarget(target)
	return v
}

// NewArray returns an array. A nil element is a hole: an element that does not exist.
func NewArray(elems ...*Value) *Value {
	v := &Value{kind: Array}
	v.setElems(elems)
	return v
}

// NewHash returns a hash with the pairs in the order given. Keys must be unique.
func NewHash(pairs ...Pair) *Value {
	v := &Value{kind: Hash}
	v.setPairs(pairs)
	return v
}

// NewCode returns a sub given by its source text.
func NewCode(source string) *Value { return newString(Code, source) }

// NewRegexp returns a compiled pattern with its modifiers, such as "ix". Perl blesses it into
// class Regexp; so does whoever builds one to be frozen.
func NewRegexp(pattern, modifiers string) *Value {
	return newRare(Regexp, rareStr(pattern, modifiers))
}

// NewVString returns a version string: its octets, and the literal ("v1.22.333") it was written as.
func NewVString(s, literal string) *Value {
	return newRare(VString, rareStr(s, literal))
}

// NewTied returns a variable tied to object. TiedKey and TiedElement need SetTiedKey or
// SetTiedIndex.
func NewTied(kind TiedKind, object *Value) *Value {
	v := &Value{kind: Tied, m: uint32(kind)}
	v.setPlainTarget(object)
	return v
}

// ArrayRef returns a reference to a new array.
func ArrayRef(elems ...*Value) *Value { return NewRef(NewArray(elems...)) }

// HashRef returns a reference to a new hash.
func HashRef(pairs ...Pair) *Value { return NewRef(NewHash(pairs...)) }

// P builds a Pair for a key of octets.
func P(key string, v *Value) Pair { return Pair{Key: key, Value: v} }
