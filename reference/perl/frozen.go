package perl

import (
	"sync"
	"sync/atomic"
)

// Frozen is the target of a reference as a serializer read it: known to be sound, but no Values
// have been made of it yet. They are when they are asked for, by [Value.Target] and whatever uses
// it. What is only handed on is never thawed, and [Unmarshal] fills Go variables from it without
// Values in between.
//
// An implementation is safe for concurrent use. Nothing in what it stands for has a class, and
// nothing else refers to any of it.
//
// It is for serializers, and is here and not in an internal package since a Value holds it in its
// private parts.
type Frozen interface {
	// Thaw makes the target. It is called once. An error says that what was found sound is not: a
	// mistake of the implementation, which [Value.ThawError] tells of.
	Thaw() (*Value, error)
	// Unmarshal does what [Unmarshal] does with a reference to the target. It is false if that must
	// be left to Unmarshal; then the variable may have been changed.
	Unmarshal(variable any) bool
}

// FrozenRef is room for a reference to what is frozen, allocated together with that by whoever
// thaws. It must not be copied. The zero FrozenRef is ready.
type FrozenRef struct {
	v    Value
	from thawing
}

// To returns the reference, to f. It is called once.
func (r *FrozenRef) To(f Frozen) *Value {
	r.from.from = f
	r.v.kind = Ref
	r.v.setThawing(&r.from)
	return &r.v
}

// Is tells whether v is the reference.
func (r *FrozenRef) Is(v *Value) bool { return v == &r.v }

// Frozen returns what v was made of by [FrozenRef.To], nil if its target has been made since.
func (v *Value) Frozen() Frozen {
	if v == nil || v.flags&flagFrozen == 0 {
		return nil
	}
	return v.thawing().frozen()
}

// thawing is what is behind a reference with flagFrozen, before and after its target is made: the
// reference itself does not change then, since others may be reading it.
type thawing struct {
	from   Frozen
	once   sync.Once
	target atomic.Pointer[Value]
	err    error // set by once
}

func (t *thawing) frozen() Frozen {
	if t.target.Load() != nil {
		return nil
	}
	return t.from
}

// thaw makes the target, the first time.
func (t *thawing) thaw() (*Value, error) {
	t.once.Do(func() {
		var target *Value
		target, t.err = t.from.Thaw()
		t.target.Store(target)
	})
	return t.target.Load(), t.err
}

func newFrozen(t *thawing) *Value {
	v := &Value{kind: Ref}
	v.setThawing(t)
	return v
}

// ThawError tells why a Ref that was read from a message has no Target: what it stands for was
// found sound when it came, but cannot be thawed. It is nil for all other Values, and is a defect
// of the serializer. [Unmarshal] and the serializers return it, so a program need not ask.
func (v *Value) ThawError() error {
	switch {
	case v.Kind() != Ref:
	case v.flags&flagFrozen != 0:
		_, err := v.thawing().thaw()
		return err
	case v.flags&flagRare != 0:
		return v.rare().key.ThawError()
	}
	return nil
}

// thawInPlace makes v an ordinary reference, before it is changed.
func (v *Value) thawInPlace() {
	if v.flags&flagFrozen == 0 {
		return
	}
	from := v.thawing()
	target, err := from.thaw()
	v.flags &^= flagFrozen
	v.setPlainTarget(target)
	if err != nil {
		v.makeRare().key = newFrozen(from)
	}
}
