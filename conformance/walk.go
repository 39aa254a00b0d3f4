package conformance

import "github.com/perl-ikc/ikc-conform/reference/perl"

// contains tells whether a value, or one that it leads to, is as wanted.
func contains(v *perl.Value, wanted func(*perl.Value) bool) bool {
	found := false
	walk(v, map[*perl.Value]bool{}, func(v *perl.Value) {
		found = found || wanted(v)
	})
	return found
}

// walk visits every value once. It keeps a list of its own instead of recursing, so deep data does
// no harm.
func walk(v *perl.Value, seen map[*perl.Value]bool, visit func(*perl.Value)) {
	todo := []*perl.Value{v}
	for len(todo) > 0 {
		v = todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v == nil || seen[v] {
			continue
		}
		seen[v] = true
		visit(v)
		if t := v.Target(); t != nil {
			todo = append(todo, t)
		}
		todo = append(todo, v.Elems()...)
		for _, p := range v.Pairs() {
			todo = append(todo, p.Value)
		}
	}
}

func isKind(k perl.Kind) func(*perl.Value) bool {
	return func(v *perl.Value) bool { return v.Kind() == k }
}

// shares tells whether two references in a value lead to the same container, other than as a cycle.
func shares(v *perl.Value) bool {
	refs := map[*perl.Value]int{}
	walk(v, map[*perl.Value]bool{}, func(v *perl.Value) {
		if v.Kind() == perl.Ref {
			refs[v.Target()]++
		}
	})
	for _, n := range refs {
		if n > 1 {
			return !cyclic(v)
		}
	}
	return false
}

// cyclic tells whether a value leads back to itself.
func cyclic(v *perl.Value) bool {
	const onPath, done = 1, 2
	state := map[*perl.Value]int{}
	type frame struct {
		v        *perl.Value
		children []*perl.Value
	}
	children := func(v *perl.Value) (c []*perl.Value) {
		if t := v.Target(); t != nil {
			c = append(c, t)
		}
		c = append(c, v.Elems()...)
		for _, p := range v.Pairs() {
			c = append(c, p.Value)
		}
		return c
	}
	if v == nil {
		return false
	}
	state[v] = onPath
	stack := []frame{{v, children(v)}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		if len(top.children) == 0 {
			state[top.v] = done
			stack = stack[:len(stack)-1]
			continue
		}
		next := top.children[0]
		top.children = top.children[1:]
		switch {
		case next == nil || state[next] == done:
		case state[next] == onPath:
			return true
		default:
			state[next] = onPath
			stack = append(stack, frame{next, children(next)})
		}
	}
	return false
}

// kindSet is the kinds of the values that a value leads to, itself included.
type kindSet uint32

func (s kindSet) has(k perl.Kind) bool { return s&(1<<k) != 0 }

// kindsOf finds out the kinds in a value. What is cyclic, or shared too often to be walked like a tree, takes longer.
func kindsOf(v *perl.Value) kindSet {
	budget := 4096
	var s kindSet
	if s.add(v, &budget, 64) {
		return s
	}
	s = 0
	walk(v, map[*perl.Value]bool{}, func(v *perl.Value) { s |= 1 << v.Kind() })
	return s
}

// add walks a value like a tree; it returns false if that takes more than budget values or depth levels.
func (s *kindSet) add(v *perl.Value, budget *int, depth int) bool {
	if v == nil {
		return true
	}
	if *budget--; *budget < 0 || depth == 0 {
		return false
	}
	k := v.Kind()
	*s |= 1 << k
	switch k {
	case perl.Array:
		for _, e := range v.Elems() {
			if !s.add(e, budget, depth-1) {
				return false
			}
		}
	case perl.Hash:
		for _, p := range v.Pairs() {
			if !s.add(p.Value, budget, depth-1) {
				return false
			}
		}
	}
	return s.add(v.Target(), budget, depth-1)
}
