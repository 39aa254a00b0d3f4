package storable

import "github.com/perl-ikc/ikc-conform/reference/perl"

// shrink makes a structure smaller as long as it still fails: it drops elements and pairs and
// replaces what elements and references hold. Each attempt works on a copy, made by the very codec
// under test when that is able to, so that a structure that fails by itself stays as it is.
func shrink(v *perl.Value, fails func(*perl.Value) bool) *perl.Value {
	for tries := 0; tries < 500; {
		smaller := false
		for n := 0; tries < 500; n++ {
			tries++
			c := clone(v)
			if !cut(c, n) {
				break
			}
			if fails(c) {
				v, smaller = c, true
				n--
			}
		}
		if !smaller {
			break
		}
	}
	return v
}

// clone copies a structure with its sharing.
func clone(v *perl.Value) *perl.Value {
	seen := map[*perl.Value]*perl.Value{}
	var walk func(v *perl.Value) *perl.Value
	walk = func(v *perl.Value) *perl.Value {
		if v == nil {
			return nil
		}
		if c := seen[v]; c != nil {
			return c
		}
		var c *perl.Value
		switch v.Kind() {
		case perl.Undef:
			c = perl.NewUndef()
		case perl.Int:
			c = perl.NewInt(v.Int())
		case perl.Uint:
			c = perl.NewUint(v.Uint())
		case perl.Double:
			c = perl.NewDouble(v.Double())
		case perl.Bool:
			c = perl.NewBool(v.Bool())
		case perl.Bytes:
			c = perl.NewBytes(v.Str())
		case perl.Text:
			c = perl.NewText(v.Str())
		case perl.VString:
			if c = perl.NewVString(v.Str(), v.Literal()); v.UTF8() {
				c.SetUTF8()
			}
		case perl.Code:
			c = perl.NewCode(v.Str())
		case perl.Regexp:
			c = perl.NewRegexp(v.Str(), v.Modifiers())
		case perl.Ref:
			c = perl.NewRef(nil)
			if v.Weak() {
				c.SetWeak()
			}
			if v.Overloaded() {
				c.SetOverloaded()
			}
		case perl.Tied:
			c = perl.NewTied(v.TiedKind(), nil)
		case perl.Hooked:
			c = perl.NewHooked(v.Class(), v.HookType(), v.Str())
		case perl.Array:
			c = perl.NewArray()
		case perl.Hash:
			if c = perl.NewHash(); v.Restricted() {
				c.SetRestricted()
			}
		}
		seen[v] = c
		if v.Immortal() {
			c.SetImmortal()
		}
		if cl := v.Class(); cl != "" {
			c.Bless(cl)
		}
		switch v.Kind() {
		case perl.Ref, perl.Tied:
			c.SetTarget(walk(v.Target()))
		case perl.Array:
			for _, e := range v.Elems() {
				c.Append(walk(e))
			}
		case perl.Hash:
			for _, p := range v.Pairs() {
				p.Value = walk(p.Value)
				c.AppendPair(p)
			}
		case perl.Hooked:
			var refs []*perl.Value
			for _, r := range v.HookRefs() {
				refs = append(refs, walk(r))
			}
			c.SetHooked(v.Class(), v.Str(), refs)
		}
		return c
	}
	return walk(v)
}

// cut makes the n-th of the possible cuts and tells whether there is one.
func cut(root *perl.Value, n int) bool {
	seen := map[*perl.Value]bool{}
	var walk func(v *perl.Value) bool
	walk = func(v *perl.Value) bool {
		if v == nil || seen[v] {
			return false
		}
		seen[v] = true
		here := func() bool { n--; return n < 0 }
		switch v.Kind() {
		case perl.Ref:
			if t := v.Target(); t.Kind() != perl.Int && !v.Weak() && here() {
				v.SetTarget(perl.NewInt(1))
				return true
			}
			if t := v.Target(); t.Kind() == perl.Ref && t.Target() != nil && here() {
				v.SetTarget(t.Target())
				return true
			}
			return walk(v.Target())
		case perl.Tied:
			return walk(v.Target().Target())
		case perl.Array:
			e := v.Elems()
			for i := range e {
				if here() {
					rest := append(append([]*perl.Value{}, e[:i]...), e[i+1:]...)
					*v = *perl.NewArray(rest...)
					return true
				}
			}
			for i := range e {
				if e[i] != nil && e[i].Kind() != perl.Int && here() {
					e[i] = perl.NewInt(1)
					return true
				}
				if walk(e[i]) {
					return true
				}
			}
		case perl.Hash:
			p := v.Pairs()
			for i := range p {
				if here() {
					rest := append(append([]perl.Pair{}, p[:i]...), p[i+1:]...)
					restricted := v.Restricted() && len(rest) > 0
					*v = *perl.NewHash(rest...)
					if restricted {
						v.SetRestricted()
					}
					return true
				}
			}
			for i := range p {
				if p[i].Value != nil && p[i].Value.Kind() != perl.Int && here() {
					p[i].Value = perl.NewInt(1)
					return true
				}
				if walk(p[i].Value) {
					return true
				}
			}
		case perl.Hooked:
			r := v.HookRefs()
			for i := range r {
				if here() {
					rest := append(append([]*perl.Value{}, r[:i]...), r[i+1:]...)
					v.SetHooked(v.Class(), v.Str(), rest)
					return true
				}
			}
			for i := range r {
				if walk(r[i]) {
					return true
				}
			}
		}
		return false
	}
	return walk(root.Target())
}
