package walk

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Elems are the elements of a reference to an array; ok is false if v is something else.
func Elems(v *perl.Value) (elems []*perl.Value, ok bool) {
	if v.Kind() != perl.Ref || v.Target().Kind() != perl.Array {
		return nil, false
	}
	return v.Target().Elems(), true
}

// Contains tells whether a value, or one that it leads to, is as wanted.
func Contains(v *perl.Value, wanted func(*perl.Value) bool) bool {
	found := false
	if walkTree(v, func(v *perl.Value) { found = found || wanted(v) }) || found {
		return found
	}
	each(v, map[*perl.Value]bool{}, func(v *perl.Value) {
		found = found || wanted(v)
	})
	return found
}

// Parts appends a value and all that it leads to.
func Parts(parts []*perl.Value, v *perl.Value) []*perl.Value {
	add := func(v *perl.Value) { parts = append(parts, v) }
	if n := len(parts); !walkTree(v, add) {
		parts = parts[:n]
		each(v, map[*perl.Value]bool{}, add)
	}
	return parts
}

// Rename puts another name into the strings of a value; keys of hashes stay as they are.
func Rename(v *perl.Value, from, to string) {
	if from == "" || from == to {
		return
	}
	for _, part := range Parts(nil, v) {
		if k := part.Kind(); (k == perl.Bytes || k == perl.Text) && strings.Contains(part.Str(), from) {
			part.SetStr(strings.ReplaceAll(part.Str(), from, to))
		}
	}
}

// each visits every value once. It keeps a list of its own instead of recursing, so deep data does
// no harm.
func each(v *perl.Value, seen map[*perl.Value]bool, visit func(*perl.Value)) {
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

func IsKind(k perl.Kind) func(*perl.Value) bool {
	return func(v *perl.Value) bool { return v.Kind() == k }
}

// Shares tells whether two references in a value lead to the same container, other than as a cycle.
func Shares(v *perl.Value) bool {
	n := 0
	if walkTree(v, func(v *perl.Value) {
		if v.Kind() == perl.Ref {
			n++
		}
	}) && n < 2 {
		return false
	}
	refs := map[*perl.Value]int{}
	each(v, map[*perl.Value]bool{}, func(v *perl.Value) {
		if v.Kind() == perl.Ref {
			refs[v.Target()]++
		}
	})
	for _, n := range refs {
		if n > 1 {
			return !Cyclic(v)
		}
	}
	return false
}

// Cyclic tells whether a value leads back to itself.
func Cyclic(v *perl.Value) bool {
	if walkTree(v, func(*perl.Value) {}) {
		return false // else it would not end
	}
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

// Kinds finds out the kinds of the values that a value leads to, itself included.
func Kinds(v *perl.Value) message.Kinds {
	var s message.Kinds
	if visit := func(v *perl.Value) { s.Add(v.Kind()) }; !walkTree(v, visit) {
		each(v, map[*perl.Value]bool{}, visit)
	}
	return s
}

// walkTree visits every value as if none were shared, which is quick where few are. It gives up and
// returns false when that takes too many visits or levels: the value may be cyclic.
func walkTree(v *perl.Value, visit func(*perl.Value)) bool {
	budget := 4096
	return walkNode(v, visit, &budget, 64)
}

func walkNode(v *perl.Value, visit func(*perl.Value), budget *int, depth int) bool {
	for v != nil {
		if *budget--; *budget < 0 || depth == 0 {
			return false
		}
		visit(v)
		switch v.Kind() {
		case perl.Bytes, perl.Text, perl.Int, perl.Undef:
			return true
		case perl.Array:
			for _, e := range v.Elems() {
				if !walkNode(e, visit, budget, depth-1) {
					return false
				}
			}
		case perl.Hash:
			for _, p := range v.Pairs() {
				if !walkNode(p.Value, visit, budget, depth-1) {
					return false
				}
			}
		}
		v, depth = v.Target(), depth-1
	}
	return true
}
