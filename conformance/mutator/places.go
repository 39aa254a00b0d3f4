package mutator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// place is where in a message a value stands.
type place struct {
	steps []step
	v     *perl.Value
}

// step leads from a value to one that it holds: the target of a reference, an element, or the value
// of a key.
type step struct {
	how string // "target", "element", "key"
	i   int
	key string
	// utf8: the key has the UTF-8 flag, and is another than one of the same octets.
	utf8 bool
}

// maxPlaces bounds the places that are found in a message.
const maxPlaces = 1000

// places are all places in a message, in the order of keys, each value once.
func places(v *perl.Value) (list []place) {
	seen := map[*perl.Value]bool{}
	var visit func(v *perl.Value, steps []step)
	visit = func(v *perl.Value, steps []step) {
		if v == nil || seen[v] || len(list) == maxPlaces {
			return
		}
		seen[v] = true
		list = append(list, place{steps, v})
		under := func(s step, v *perl.Value) { visit(v, append(slices.Clip(steps), s)) }
		if t := v.Target(); t != nil {
			under(step{how: "target"}, t)
		}
		for i, e := range v.Elems() {
			under(step{how: "element", i: i}, e)
		}
		pairs := slices.Clone(v.Pairs())
		slices.SortFunc(pairs, inOrder)
		for _, p := range pairs {
			under(step{how: "key", key: p.Key, utf8: p.Flags&perl.KeyUTF8 != 0}, p.Value)
		}
	}
	visit(v, nil)
	return list
}

// inOrder compares pairs by their keys.
func inOrder(a, b perl.Pair) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.Flags&perl.KeyUTF8, b.Flags&perl.KeyUTF8))
}

// find is the value at the place that steps lead to, nil if there is none.
func find(v *perl.Value, steps []step) *perl.Value {
	for _, s := range steps {
		switch s.how {
		case "target":
			v = v.Target()
		case "element":
			if s.i >= len(v.Elems()) {
				return nil
			}
			v = v.Elems()[s.i]
		case "key":
			i := slices.IndexFunc(v.Pairs(), func(p perl.Pair) bool {
				return p.Key == s.key && (p.Flags&perl.KeyUTF8 != 0) == s.utf8
			})
			if i < 0 {
				return nil
			}
			v = v.Pairs()[i].Value
		}
	}
	return v
}

// field is the key of the message that a place is under, with that of a specifier under it. It is
// empty for the message itself.
func (p *place) field() string {
	var keys []string
	for _, s := range p.steps {
		if s.how == "key" {
			keys = append(keys, s.key)
		}
	}
	switch {
	case len(keys) == 0:
		return ""
	case keys[0] == "params" || len(keys) == 1:
		return keys[0]
	}
	return keys[0] + "/" + keys[1]
}

// sort says what sort of message it is.
func sort(v *perl.Value) string {
	h := v.Target()
	switch {
	case h.Get("is_error").True():
		return "error report"
	case h.Get("rsvp").True():
		return "call"
	}
	state, _ := h.Get("event").Target().Get("state").AsString()
	if strings.HasPrefix(state, "IKC:") {
		return "message to " + strings.Fields(state)[0]
	}
	return "message"
}

// where names a place for people.
func (p *place) where(message *perl.Value) string {
	switch field := p.field(); field {
	case "":
		return fmt.Sprintf("the hash of a %s", sort(message))
	case "params":
		return fmt.Sprintf("%s in params of a %s", class(p.v), sort(message))
	default:
		return fmt.Sprintf("%s in %s of a %s", class(p.v), field, sort(message))
	}
}
