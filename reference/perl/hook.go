package perl

// HookType tells what sort of variable a Hooked value is in Perl.
type HookType uint8

// The sorts of variables that classes with hooks bless. The tied ones have a magic object.
const (
	HookScalar HookType = iota
	HookArray
	HookHash
	HookTiedScalar
	HookTiedArray
	HookTiedHash
)

// NewHooked returns an object of the class that serialized itself by its STORABLE_freeze method:
// frozen is the string the method returned, refs what the references it returned point at.
// No thaw method is ever run, so the content of the object stays what the class made of it.
func NewHooked(class string, sort HookType, frozen string, refs ...*Value) *Value {
	v := newRare(Hooked, &rare{})
	v.m = uint32(sort)
	return v.SetHooked(class, frozen, refs)
}

// HookType returns the sort of a Hooked, else HookScalar.
func (v *Value) HookType() HookType {
	if v.Kind() != Hooked {
		return HookScalar
	}
	return HookType(v.m)
}

// HookRefs returns what the references that STORABLE_freeze returned point at, else nil. The slice
// is v's own.
func (v *Value) HookRefs() []*Value {
	if v.Kind() != Hooked {
		return nil
	}
	if list := v.rare().key.Elems(); len(list) > 0 {
		return list[1:]
	}
	return nil
}

// HookMagic returns the object behind a Hooked that is tied as well, else nil.
func (v *Value) HookMagic() *Value {
	if v.Kind() != Hooked {
		return nil
	}
	if list := v.rare().key.Elems(); len(list) > 0 {
		return list[0]
	}
	return nil
}

// SetHookMagic sets the object behind a Hooked of a tied sort and returns the Hooked. Other kinds
// stay as they are.
func (v *Value) SetHookMagic(object *Value) *Value {
	if v.kind == Hooked {
		v.setHookList(object, v.HookRefs())
	}
	return v
}

// Immortal tells whether an Undef or Bool is one of Perl's own read-only variables, which
// references such as \undef and \!!1 point at, rather than a copy. Storable keeps the two apart.
func (v *Value) Immortal() bool { return v != nil && v.flags&flagImmortal != 0 }

// SetImmortal marks an Undef or Bool as Perl's own read-only variable and returns it. Other kinds
// stay as they are.
func (v *Value) SetImmortal() *Value { return v.setFlag(flagImmortal, Undef, Bool) }

// UTF8 tells whether the string of v has the UTF-8 flag: always for Text, never for Bytes, and as
// it was read or set for a VString or Code.
func (v *Value) UTF8() bool { return v != nil && (v.kind == Text || v.flags&flagUTF8 != 0) }

// SetUTF8 sets the UTF-8 flag of a VString or Code and returns it. Other kinds stay as they are.
func (v *Value) SetUTF8() *Value { return v.setFlag(flagUTF8, VString, Code) }

// SetHooked completes a Hooked that was made without its content, as [Slab.Hooked] does, and
// returns it. Other kinds stay as they are.
func (v *Value) SetHooked(class, frozen string, refs []*Value) *Value {
	if v.kind != Hooked {
		return v
	}
	r := v.rare()
	r.class = class
	r.plain.setString(frozen)
	v.setHookList(v.HookMagic(), refs)
	return v
}

// setHookList sets the magic object of a Hooked and what its list refers to.
func (v *Value) setHookList(magic *Value, refs []*Value) {
	r := v.rare()
	if r.key = nil; magic != nil || len(refs) > 0 {
		r.key = NewArray(append(append(make([]*Value, 0, 1+len(refs)), magic), refs...)...)
	}
}
