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
