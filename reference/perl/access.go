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
	return int64(v.num)
}

// Uint returns the payload of a Uint or of a non-negative Int, else 0.
func (v *Value) Uint() uint64 {
	switch v.Kind() {
	case Uint:
		return v.num
	case Int:
		if int64(v.num) >= 0 {
			return v.num
		}
	}
	return 0
}

// Double returns the payload of a Double, else 0.
func (v *Value) Double() float64 {
	if v.Kind() != Double {
		return 0
	}
	return math.Float64frombits(v.num)
}

// Bool returns the payload of a Bool, else false. See [Value.True] for Perl's idea of truth.
func (v *Value) Bool() bool { return v.Kind() == Bool && v.num != 0 }

// Str returns the octets of a Bytes, Text or VString, the source of a Code and the pattern of a
// Regexp; else "". See [Value.AsString] for Perl's string of any scalar.
func (v *Value) Str() string {
	if v == nil {
		return ""
	}
	return v.str
}

// Target returns what a Ref points at, and the object behind a Tied; else nil.
func (v *Value) Target() *Value {
	if v == nil {
		return nil
	}
	return v.ref
}

// SetTarget makes a Ref point at target, or a Tied have it as its object: how cycles are built. It returns v.
func (v *Value) SetTarget(target *Value) *Value { v.ref = target; return v }

// Weak tells whether a Ref is weak.
func (v *Value) Weak() bool { return v != nil && v.flags&flagWeak != 0 }

// SetWeak marks a Ref as weak and returns it.
func (v *Value) SetWeak() *Value { v.flags |= flagWeak; return v }

// Overloaded tells whether a Ref was frozen as pointing at an object whose class overloads operators.
func (v *Value) Overloaded() bool { return v != nil && v.flags&flagOverloaded != 0 }

// SetOverloaded marks a Ref as pointing at an overloading object and returns it.
func (v *Value) SetOverloaded() *Value { v.flags |= flagOverloaded; return v }

// Restricted tells whether a Hash is locked, as by Hash::Util.
func (v *Value) Restricted() bool { return v != nil && v.flags&flagRestricted != 0 }

// SetRestricted locks a Hash and returns it.
func (v *Value) SetRestricted() *Value { v.flags |= flagRestricted; return v }

// Class returns the package that v is blessed into, or "".
func (v *Value) Class() string {
	if v == nil || v.body == nil || v.body.rare == nil {
		return ""
	}
	return v.body.rare.class
}

// Bless sets the class of v itself (Perl's bless \$v) and returns it.
func (v *Value) Bless(class string) *Value { v.needRare().class = class; return v }

// Modifiers returns the modifiers of a Regexp, else "".
func (v *Value) Modifiers() string { return v.aux(Regexp) }

// Literal returns what a VString was written as, else "".
func (v *Value) Literal() string { return v.aux(VString) }

func (v *Value) aux(k Kind) string {
	if v.Kind() != k || v.body == nil || v.body.rare == nil {
		return ""
	}
	return v.body.rare.aux
}

// TiedKind returns the sort of a Tied.
func (v *Value) TiedKind() TiedKind {
	if v.Kind() != Tied {
		return TiedScalar
	}
	return v.body.rare.tied
}

// TiedKey returns the key of a TiedKey, else nil.
func (v *Value) TiedKey() *Value {
	if v.Kind() != Tied {
		return nil
	}
	return v.body.rare.key
}

// TiedIndex returns the index of a TiedElement, else 0.
func (v *Value) TiedIndex() int64 {
	if v.Kind() != Tied {
		return 0
	}
	return v.body.rare.index
}

// SetTiedKey sets the key of a TiedKey and returns it.
func (v *Value) SetTiedKey(key *Value) *Value { v.needRare().key = key; return v }

// SetTiedIndex sets the index of a TiedElement and returns it.
func (v *Value) SetTiedIndex(i int64) *Value { v.needRare().index = i; return v }

// Elems returns the elements of an Array, else nil. A nil element is a hole. The slice is v's own.
func (v *Value) Elems() []*Value {
	if v.Kind() != Array || v.body == nil {
		return nil
	}
	return v.body.elems
}

// Append adds elements to an Array.
func (v *Value) Append(elems ...*Value) { b := v.need(); b.elems = append(b.elems, elems...) }

// Pairs returns the elements of a Hash in order, else nil. The slice is v's own.
func (v *Value) Pairs() []Pair {
	if v.Kind() != Hash || v.body == nil {
		return nil
	}
	return v.body.pairs
}

// AppendPair adds pairs to a Hash without looking whether their keys are there already.
func (v *Value) AppendPair(pairs ...Pair) { b := v.need(); b.pairs = append(b.pairs, pairs...) }

// Get returns the value of an octet key of a Hash, or nil.
func (v *Value) Get(key string) *Value {
	for _, p := range v.Pairs() {
		if p.Key == key && p.Flags&(KeyUTF8|KeyPlaceholder) == 0 {
			return p.Value
		}
	}
	return nil
}

// Set gives an octet key of a Hash a value, replacing an earlier one.
func (v *Value) Set(key string, value *Value) {
	b := v.need()
	for i := range b.pairs {
		if b.pairs[i].Key == key && b.pairs[i].Flags&KeyUTF8 == 0 {
			b.pairs[i].Value = value
			b.pairs[i].Flags &^= KeyPlaceholder
			return
		}
	}
	b.pairs = append(b.pairs, P(key, value))
}

func (v *Value) need() *body {
	if v.body == nil {
		v.body = new(body)
	}
	return v.body
}

func (v *Value) needRare() *rare {
	b := v.need()
	if b.rare == nil {
		b.rare = new(rare)
	}
	return b.rare
}
