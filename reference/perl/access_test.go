package perl

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A setter of another kind changes nothing, and no accessor minds, whatever the kind: of nil, too.
func TestEverySetterOnEveryKind(t *testing.T) {
	kinds := map[string]func() *Value{
		"undef": NewUndef, "integer": func() *Value { return NewInt(-7) }, "unsigned": func() *Value { return NewUint(1 << 63) },
		"double": func() *Value { return NewDouble(1.5) }, "octets": func() *Value { return NewBytes("b") },
		"text": func() *Value { return NewText("\u65e5") }, "boolean": func() *Value { return NewBool(true) },
		"reference": func() *Value { return NewRef(NewInt(1)) }, "array": func() *Value { return NewArray(NewInt(1), nil) },
		"hash": func() *Value { return NewHash(P("k", NewInt(1))) }, "code": func() *Value { return NewCode("1") },
		"regexp": func() *Value { return NewRegexp("a", "i") }, "v-string": func() *Value { return NewVString("\x01", "v1") },
		"tied": func() *Value { return NewTied(TiedHash, NewInt(1)) }, "hooked": func() *Value { return NewHooked("C", HookHash, "f", NewInt(1)) },
	}
	setters := map[string]struct {
		set   func(*Value)
		kinds string // that it is for
	}{
		"SetStr":        {func(v *Value) { v.SetStr("new") }, "octets text code regexp v-string hooked"},
		"SetTarget":     {func(v *Value) { v.SetTarget(NewInt(9)) }, "reference tied"},
		"SetWeak":       {func(v *Value) { v.SetWeak() }, "reference"},
		"SetOverloaded": {func(v *Value) { v.SetOverloaded() }, "reference"},
		"SetRestricted": {func(v *Value) { v.SetRestricted() }, "hash"},
		"SetLiteral":    {func(v *Value) { v.SetLiteral("v9") }, "octets text v-string"},
		"SetTiedKey":    {func(v *Value) { v.SetTiedKey(NewInt(9)) }, "tied"},
		"SetTiedIndex":  {func(v *Value) { v.SetTiedIndex(9) }, "tied"},
		"Append":        {func(v *Value) { v.Append(NewInt(9)) }, "array"},
		"AppendPair":    {func(v *Value) { v.AppendPair(P("new", NewInt(9))) }, "hash"},
		"Set":           {func(v *Value) { v.Set("new", NewInt(9)) }, "hash"},
		"SetHookMagic":  {func(v *Value) { v.SetHookMagic(NewInt(9)) }, "hooked"},
		"SetHooked":     {func(v *Value) { v.SetHooked("D", "g", nil) }, "hooked"},
		"SetImmortal":   {func(v *Value) { v.SetImmortal() }, "undef boolean"},
		"SetUTF8":       {func(v *Value) { v.SetUTF8() }, "v-string code"},
	}
	for kind, construct := range kinds {
		for name, s := range setters {
			for _, class := range []string{"", "Some::Class"} {
				v := construct()
				if class != "" {
					v.Bless(class)
				}
				before := state(v)
				s.set(v)
				if changed := state(v) != before; changed != slices.Contains(strings.Fields(s.kinds), kind) {
					t.Errorf("%s of class %q: %s changes it: %v", kind, class, name, changed)
				}
			}
		}
	}
	state(nil)
}

// state is all that accessors tell of v.
func state(v *Value) string {
	return fmt.Sprint(v.Kind(), v.Int(), v.Uint(), v.Double(), v.Bool(), v.Str(), v.Target(), v.Weak(), v.Overloaded(), v.Restricted(), v.Class(),
		v.Modifiers(), v.Literal(), v.TiedKind(), v.TiedKey(), v.TiedIndex(), len(v.Elems()), len(v.Pairs()), v.Get("k").Kind(), v.HookType(),
		v.HookRefs(), v.HookMagic(), v.Immortal(), v.UTF8(), v.True())
}
