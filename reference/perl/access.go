package perl

import "math"

// Kind tells what v is. A nil Value, an array's hole, is Undef.
func (v *Value) Kind() Kind {
	if v == nil {
		return Undef
	}
	return v.kind
}

// Int returns the payload of an Int, else 0.
func (v *Value) Int() int64 {
	if v.Kind() != Int {
		return 0
	}
	return int64(v.number())
}

// Uint returns the payload of a Uint or of a non-negative Int, else 0.
func (v *Value) Uint() uint64 {
	switch v.Kind() {
	case Uint:
		return v.number()
	case Int:
		if n := v.number(); int64(n) >= 0 {
			return n
		}
	}
	return 0
}

// Double returns the payload of a Double, else 0.
func (v *Value) Double() float64 {
	if v.Kind() != Double {
		return 0
	}
	return math.Float64frombits(v.number())
}

// Bool returns the payload of a Bool, else false. See [Value.True] for Perl's idea of truth.
func (v *Value) Bool() bool { return v.Kind() == Bool && v.number() != 0 }

// Str returns the octets of a Bytes, Text or VString, the source of a Code, the pattern of a Regexp
// and the frozen string of a Hooked; else "". See [Value.AsString] for Perl's string of any scalar.
func (v *Value) Str() string {
	switch v.Kind() {
	case Bytes, Text, Code, VString, Regexp, Hooked:
		if v.flags&flagRare != 0 {
			v = &v.rare().plain
		}
		return v.plainStr()
	}
	return ""
}

// SetStr replaces what Str returns, of the kinds that have it. It returns v. Other kinds stay as
// they are.
func (v *Value) SetStr(s string) *Value {
	switch v.kind {
	case Bytes, Text, Code:
		if v.flags&flagRare == 0 {
			v.setString(s)
			return v
		}
		v.rare().plain.setString(s)
	case VString, Regexp, Hooked:
		v.rare().plain.setString(s)
	}
	return v
}

// Target returns what a Ref points at, and the object behind a Tied; else nil. Of a Ref that was
// read from a message it may be nil as well, see [Value.ThawError].
func (v *Value) Target() *Value {
	if k := v.Kind(); k != Ref && k != Tied {
		return nil
	}
	switch v.flags & (flagRare | flagFrozen) {
	case 0:
		return v.plainTarget()
	case flagFrozen:
		target, _ := v.thawing().thaw()
		return target
	}
	return v.rare().plain.plainTarget()
}

// SetTarget makes a Ref point at target, or a Tied have it as its object: how cycles are built. It
// returns v, which stays as it is if it is of another kind.
func (v *Value) SetTarget(target *Value) *Value {
	switch {
	case v.kind != Ref && v.kind != Tied:
	case v.flags&flagRare != 0:
		r := v.rare()
		r.plain.setPlainTarget(target)
		if v.kind == Ref {
			r.key = nil
		}
	default:
		v.flags &^= flagFrozen
		v.setPlainTarget(target)
	}
	return v
}

// Weak tells whether a Ref is weak.
func (v *Value) Weak() bool { return v != nil && v.flags&flagWeak != 0 }

// SetWeak marks a Ref as weak and returns it. Other kinds stay as they are.
func (v *Value) SetWeak() *Value { return v.setFlag(flagWeak, Ref, Ref) }

// Overloaded tells whether a Ref was frozen as pointing at an object whose class overloads
// operators.
func (v *Value) Overloaded() bool { return v != nil && v.flags&flagOverloaded != 0 }

// SetOverloaded marks a Ref as pointing at an overloading object and returns it. Other kinds stay
// as they are.
func (v *Value) SetOverloaded() *Value { return v.setFlag(flagOverloaded, Ref, Ref) }

// Restricted tells whether a Hash is locked, as by Hash::Util.
func (v *Value) Restricted() bool { return v != nil && v.flags&flagRestricted != 0 }

// SetRestricted locks a Hash and returns it. Other kinds stay as they are. It is a mark: Set heeds
// it no more than AppendPair.
func (v *Value) SetRestricted() *Value { return v.setFlag(flagRestricted, Hash, Hash) }

// setFlag sets a flag if v is of one of two kinds.
func (v *Value) setFlag(flag valueFlags, one, other Kind) *Value {
	if v.kind == one || v.kind == other {
		v.flags |= flag
	}
	return v
}

// Class returns the package that v is blessed into, or "".
func (v *Value) Class() string {
	if v == nil || v.flags&flagRare == 0 {
		return ""
	}
	return v.rare().class
}

// Bless sets the class of v itself (Perl's bless \$v) and returns it. A class of "" takes it away.
func (v *Value) Bless(class string) *Value { v.makeRare().class = class; return v }

// Modifiers returns the modifiers of a Regexp, else "".
func (v *Value) Modifiers() string {
	if v.Kind() != Regexp {
		return ""
	}
	return v.rare().aux
}

// Literal returns what a VString was written as, else "".
func (v *Value) Literal() string {
	if v.Kind() != VString {
		return ""
	}
	return v.rare().aux
}

// SetLiteral makes a Bytes or Text a VString that was written as literal, gives a VString another
// literal, and returns it. Other kinds stay as they are.
func (v *Value) SetLiteral(literal string) *Value {
	if v.kind != Bytes && v.kind != Text && v.kind != VString {
		return v
	}
	v.makeRare().aux = literal
	if v.kind == Text {
		v.flags |= flagUTF8
	}
	v.kind = VString
	return v
}

// TiedKind returns the sort of a Tied.
func (v *Value) TiedKind() TiedKind {
	if v.Kind() != Tied {
		return TiedScalar
	}
	return TiedKind(v.m)
}

// TiedKey returns the key of a TiedKey, else nil.
func (v *Value) TiedKey() *Value {
	if v.Kind() != Tied || v.flags&flagRare == 0 {
		return nil
	}
	return v.rare().key
}

// TiedIndex returns the index of a TiedElement, else 0.
func (v *Value) TiedIndex() int64 {
	if v.Kind() != Tied || v.flags&flagRare == 0 {
		return 0
	}
	return v.rare().index
}

// SetTiedKey sets the key of a TiedKey and returns it. Other kinds stay as they are.
func (v *Value) SetTiedKey(key *Value) *Value {
	if v.kind == Tied {
		v.makeRare().key = key
	}
	return v
}

// SetTiedIndex sets the index of a TiedElement and returns it. Other kinds stay as they are.
func (v *Value) SetTiedIndex(i int64) *Value {
	if v.kind == Tied {
		v.makeRare().index = i
	}
	return v
}

// Elems returns the elements of an Array, else nil. A nil element is a hole. The slice is v's own.
func (v *Value) Elems() []*Value {
	if v.Kind() != Array {
		return nil
	}
	if v.flags&flagRare != 0 {
		return v.rare().elems()
	}
	return v.plainElems()
}

// Elem returns element i of an Array, counted from 0; nil if there is none, or if it is a hole.
// Like Get it takes any Value, also nil: r.Arg(0).Target().Elem(1).Target().Get("state") needs one
// test at its end.
func (v *Value) Elem(i int) *Value {
	if elems := v.Elems(); i >= 0 && i < len(elems) {
		return elems[i]
	}
	return nil
}

// Append adds elements to an Array. Other kinds stay as they are.
func (v *Value) Append(elems ...*Value) {
	if v.kind == Array {
		v.setElems(append(v.Elems(), elems...))
	}
}

// Pairs returns the elements of a Hash in order, else nil. The slice is v's own.
func (v *Value) Pairs() []Pair {
	if v.Kind() != Hash {
		return nil
	}
	if v.flags&flagRare != 0 {
		return v.rare().pairs()
	}
	return v.plainPairs()
}

// AppendPair adds pairs to a Hash without looking whether their keys are there already. Other kinds
// stay as they are.
func (v *Value) AppendPair(pairs ...Pair) {
	if v.kind == Hash {
		v.setPairs(append(v.Pairs(), pairs...))
	}
}

// Get returns the value of an octet key of a Hash, or nil.
func (v *Value) Get(key string) *Value {
	for _, p := range v.Pairs() {
		if p.Key == key && p.Flags&(KeyUTF8|KeyPlaceholder) == 0 {
			return p.Value
		}
	}
	return nil
}

// Set gives an octet key of a Hash a value, replacing an earlier one. Other kinds stay as they are.
// Like Get, it looks at one pair after the other.
func (v *Value) Set(key string, value *Value) {
	pairs := v.Pairs()
	for i := range pairs {
		if pairs[i].Key == key && pairs[i].Flags&KeyUTF8 == 0 {
			pairs[i].Value = value
			pairs[i].Flags &^= KeyPlaceholder
			return
		}
	}
	v.AppendPair(P(key, value))
}

// Assign gives v the kind and the content of from, as Perl's assignment of scalars, arrays and
// hashes does. v keeps its class and its identity. Elements are shared with from, which must not be
// used any more if it is an array or a hash.
func (v *Value) Assign(from *Value) {
	class := v.Class()
	*v = *from
	v.thawInPlace()
	if v.flags&flagRare != 0 {
		own := *v.rare()
		v.setRare(&own)
	}
	if v.Class() != class {
		v.Bless(class)
	}
}
