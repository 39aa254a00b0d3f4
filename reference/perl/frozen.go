package perl

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// Frozen is the target of a reference as a serializer read it: known to be sound, but no Values have been made of it yet. They
// are when they are asked for, by [Value.Target] and whatever uses it. What is only handed on is never thawed, and
// [Unmarshal] fills Go variables from it without Values in between.
//
// An implementation is safe for concurrent use. Nothing in what it stands for has a class, and nothing else refers to any of it.
type Frozen interface {
	// Thaw makes the target. It cannot fail, and is called once.
	Thaw() *Value
	// Unmarshal does what [Unmarshal] does with a reference to the target. It is false if that must be left to Unmarshal; then
	// the variable may have been changed.
	Unmarshal(variable any) bool
}

// NewFrozen returns a reference to what is frozen.
func NewFrozen(f Frozen) *Value {
	return &Value{kind: Ref, flags: flagFrozen, p: unsafe.Pointer(&thawing{from: f})}
}

// Frozen returns what v was made of by [NewFrozen], nil if its target has been made since.
func (v *Value) Frozen() Frozen {
	if v == nil || v.flags&flagFrozen == 0 {
		return nil
	}
	return v.thawing().frozen()
}

// thawing is what is behind a reference with flagFrozen, before and after its target is made: the reference itself does not
// change then, since others may be reading it.
type thawing struct {
	from   Frozen
	once   sync.Once
	target atomic.Pointer[Value]
}

func (v *Value) thawing() *thawing { return (*thawing)(v.p) }

func (t *thawing) frozen() Frozen {
	if t.target.Load() != nil {
		return nil
	}
	return t.from
}

func (t *thawing) thawed() *Value {
	t.once.Do(func() { t.target.Store(t.from.Thaw()) })
	return t.target.Load()
}

// settle makes v an ordinary reference, before it is changed.
func (v *Value) settle() {
	if v.flags&flagFrozen != 0 {
		target := v.thawing().thawed()
		v.flags &^= flagFrozen
		v.p = unsafe.Pointer(target)
	}
}
