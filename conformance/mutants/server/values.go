package server

import (
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// copier copies a value, changing what change has another value for.
type copier struct {
	// change returns what stands for a value in the copy, nil to copy it.
	change func(v *perl.Value) *perl.Value
	done   map[*perl.Value]*perl.Value
}

func (c *copier) copy(v *perl.Value) *perl.Value {
	if v == nil {
		return nil
	}
	if n, ok := c.done[v]; ok {
		return n
	}
	if n := c.change(v); n != nil {
		c.done[v] = n
		return n
	}
	var n *perl.Value
	switch v.Kind() {
	case perl.Ref:
		n = perl.NewRef(perl.NewUndef())
		c.done[v] = n
		n.SetTarget(c.copy(v.Target()))
	case perl.Array:
		n = perl.NewArray()
		c.done[v] = n
		for _, e := range v.Elems() {
			n.Append(c.copy(e))
		}
	case perl.Hash:
		n = perl.NewHash()
		c.done[v] = n
		for _, p := range v.Pairs() {
			p.Value = c.copy(p.Value)
			n.AppendPair(p)
		}
	default:
		return v
	}
	if class := v.Class(); class != "" {
		n.Bless(class)
	}
	return n
}

// echo changes what the state "echo" returns.
func echo(change func(v *perl.Value) *perl.Value) func(*request) {
	return func(r *request) {
		if r.conform("echo") && len(r.list) == 1 && r.list[0] != nil {
			c := &copier{change: change, done: map[*perl.Value]*perl.Value{}}
			r.list[0] = c.copy(r.list[0])
		}
	}
}

// octets changes strings of octets in what "echo" returns.
func octetsOf(change func(s string) string) func(*request) {
	return echo(func(v *perl.Value) *perl.Value {
		if v.Kind() == perl.Bytes {
			if s := change(v.Str()); s != v.Str() {
				return perl.NewBytes(s)
			}
		}
		return nil
	})
}

func isScalar(v *perl.Value) bool {
	k := v.Kind()
	return k != perl.Ref && k != perl.Array && k != perl.Hash
}

// cut copies a value as a tree: what is shared is doubled, what leads back is undef if loops is
// true.
func cut(v *perl.Value, onPath map[*perl.Value]bool, share map[*perl.Value]*perl.Value) *perl.Value {
	if v == nil || isScalar(v) {
		return v
	}
	if onPath[v] {
		return perl.NewUndef()
	}
	if n := share[v]; n != nil {
		return n
	}
	onPath[v] = true
	defer delete(onPath, v)
	var n *perl.Value
	switch v.Kind() {
	case perl.Ref:
		t := cut(v.Target(), onPath, share)
		if onPath[v.Target()] && t.Kind() == perl.Undef {
			return t
		}
		n = perl.NewRef(t)
	case perl.Array:
		n = perl.NewArray()
		for _, e := range v.Elems() {
			n.Append(cut(e, onPath, share))
		}
	default:
		n = perl.NewHash()
		for _, p := range v.Pairs() {
			p.Value = cut(p.Value, onPath, share)
			n.AppendPair(p)
		}
	}
	if class := v.Class(); class != "" {
		n.Bless(class)
	}
	if share != nil {
		share[v] = n
	}
	return n
}

func valueDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "integers to strings", Text: "Integers come back as strings.", Kills: []string{"VAL-001"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if s, ok := v.AsString(); ok && v.Kind() == perl.Int {
					return perl.NewBytes(s)
				}
				return nil
			})},
		{Name: "octets to UTF-8", Text: "Strings of octets come back marked as UTF-8, their octets as they were.", Kills: []string{"VAL-002", "SER-005"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Bytes {
					return perl.NewText(v.Str())
				}
				return nil
			})},
		{Name: "NUL ends a string", Text: "Strings end at the first NUL.", Kills: []string{"VAL-003"},
			returned: octetsOf(func(s string) string {
				for i := 0; i < len(s); i++ {
					if s[i] == 0 {
						return s[:i]
					}
				}
				return s
			})},
		{Name: "seven bits", Text: "The eighth bit of octets is lost.", Kills: []string{"VAL-003"},
			returned: octetsOf(func(s string) string {
				b := []byte(s)
				for i := range b {
					b[i] &= 0x7f
				}
				return string(b)
			})},
		{Name: "UTF-8 flag lost", Text: "UTF-8 strings come back as their octets.", Kills: []string{"VAL-004"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Text {
					return perl.NewBytes(v.Str())
				}
				return nil
			})},
		{Name: "undef to empty", Text: "undef comes back as the empty string.", Kills: []string{"VAL-005"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Undef {
					return perl.NewBytes("")
				}
				return nil
			})},
		{Name: "last element lost", Text: "Arrays come back without their last element.", Kills: []string{"VAL-006"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if e := v.Elems(); len(e) > 1 {
					return perl.NewArray(e[:len(e)-1]...)
				}
				return nil
			})},
		{Name: "hashes to arrays", Text: "Hashes come back as arrays of keys and values.", Kills: []string{"VAL-007"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() != perl.Hash || len(v.Pairs()) < 2 {
					return nil
				}
				a := perl.NewArray()
				for _, p := range v.Pairs() {
					a.Append(perl.NewBytes(p.Key), p.Value)
				}
				return a
			})},
		{Name: "UTF-8 keys to octets", Text: "Keys lose their UTF-8 mark.", Kills: []string{"VAL-008"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() != perl.Hash || len(v.Pairs()) == 0 || v.Pairs()[0].Flags&perl.KeyUTF8 == 0 {
					return nil
				}
				return perl.NewHash(perl.P(v.Pairs()[0].Key, v.Pairs()[0].Value))
			})},
		{Name: "scalar references followed", Text: "A reference to a scalar comes back as the scalar.", Kills: []string{"VAL-009"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Ref && isScalar(v.Target()) {
					return v.Target()
				}
				return nil
			})},
		{Name: "references flattened", Text: "A reference to a reference comes back as one reference.", Kills: []string{"VAL-010"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Ref && v.Target().Kind() == perl.Ref {
					return v.Target()
				}
				return nil
			})},
		{Name: "class lost", Text: "Blessed values come back without their class.", Kills: []string{"VAL-011"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Class() != "" {
					return perl.NewHash(v.Pairs()...)
				}
				return nil
			})},
		{Name: "shared references duplicated", Text: "A container that is referenced twice comes back as two.", Kills: []string{"VAL-012"},
			returned: echo(func(v *perl.Value) *perl.Value { return cut(v, map[*perl.Value]bool{}, nil) })},
		{Name: "cycles cut", Text: "A reference that closes a cycle comes back as undef.", Kills: []string{"VAL-013"},
			returned: echo(func(v *perl.Value) *perl.Value {
				return cut(v, map[*perl.Value]bool{}, map[*perl.Value]*perl.Value{})
			})},
		{Name: "strings of 255 octets", Text: "Strings come back cut at 255 octets.", Kills: []string{"VAL-014"},
			returned: octetsOf(func(s string) string { return s[:min(len(s), 255)] })},
		{Name: "empty to undef", Text: "Empty strings come back as undef.", Kills: []string{"VAL-015"},
			returned: echo(func(v *perl.Value) *perl.Value {
				if v.Kind() == perl.Bytes && v.Str() == "" {
					return perl.NewUndef()
				}
				return nil
			})},
	}
}
