package mutator

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// ofMessage chooses a change of something in a message.
func ofMessage(r *rand.Rand, m *Mutation, u *usual) bool {
	by := m.Cast.Serializer.Wire()
	conn, n, message := someMessage(r, u, by)
	if message == nil {
		return false
	}
	all := places(message)
	if r.IntN(3) == 0 { // params are most of most messages
		all = withField(all, func(field string) bool { return field != "params" })
	} else {
		all = withField(all, func(field string) bool { return field == "params" })
	}
	if len(all) == 0 {
		return false
	}
	p := all[r.IntN(len(all))]
	list := operations(p.v.Kind())
	op := list[r.IntN(len(list))]
	m.Op, m.Place = op.name, p.where(message)
	m.Detail = fmt.Sprintf("frame %d of connection %d, at %s", n, conn, pathOf(p.steps))
	apply := func(v *perl.Value) bool {
		at := find(v, p.steps)
		return at != nil && op.apply(m.rand(), at)
	}
	m.at = func(c, i int) bool { return c == conn && i == n }
	switch r.IntN(8) {
	case 0: // all values of a sort, wherever they are
		m.Scope, m.at = "always", everywhere
		sort, field := class(p.v), p.field()
		apply = func(v *perl.Value) bool {
			changed := false
			for _, p := range places(v) {
				if p.field() == field && class(p.v) == sort {
					changed = op.apply(m.rand(), p.v) || changed
				}
			}
			return changed
		}
	case 1: // the same place of all messages of a sort
		m.Scope, m.at = "always", everywhere
		sorted, same := sort(message), apply
		apply = func(v *perl.Value) bool { return sort(v) == sorted && same(v) }
	case 2: // from there on
		m.Scope, m.at = "from there on", func(c, i int) bool { return c > conn || c == conn && i >= n }
	case 3:
		m.Scope, m.at = "on later connections", func(c, _ int) bool { return c > 0 }
	}
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		octets, changed := rewritten(u, by, apply)
		s.later.say(s.pass, octets)
		return changed, nil
	}
	return true
}

func everywhere(int, int) bool { return true }

// someMessage chooses one of the messages that are said without a mutation.
func someMessage(r *rand.Rand, u *usual, by wire.Serializer) (conn, n int, message *perl.Value) {
	conn, n = u.someUnit(r, true)
	if n < 0 {
		return 0, 0, nil
	}
	return conn, n, u.said[conn][n].message(by)
}

func withField(all []place, is func(string) bool) (list []place) {
	for _, p := range all {
		if is(p.field()) {
			list = append(list, p)
		}
	}
	return list
}

// rewritten is a frame with its message changed. If it cannot be, changed is false, and it is as it
// was.
func rewritten(u *unit, by wire.Serializer, apply func(*perl.Value) bool) (octets []byte, changed bool) {
	v := u.message(by)
	if v == nil {
		return u.octets, false
	}
	before, err := by.Freeze(v)
	if err != nil || !apply(v) {
		return u.octets, false
	}
	image, err := by.Freeze(v)
	if err != nil || bytes.Equal(before, image) {
		return u.octets, false
	}
	return wire.AppendFrame(nil, image), true
}

// pathOf shows steps.
func pathOf(steps []step) string {
	var b strings.Builder
	b.WriteString("$message")
	for _, s := range steps {
		switch s.how {
		case "target":
			b.WriteString("->")
		case "element":
			fmt.Fprintf(&b, "[%d]", s.i)
		case "key":
			fmt.Fprintf(&b, "{%q}", s.key)
		}
	}
	return b.String()
}
