package mutator

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var errReset = errors.New("reset by the mutation")

// ofOrder chooses a change of when, how often, and whether something is said.
func ofOrder(r *rand.Rand, m *Mutation, u *usual) bool {
	by := m.Cast.Serializer.Wire()
	conn, n, message := someMessage(r, u, by)
	if message == nil {
		return false
	}
	m.orders = true
	m.Place = "a " + sort(message)
	m.Detail = fmt.Sprintf("frame %d of connection %d", n, conn)
	m.at = func(c, i int) bool { return c == conn && i == n }
	state, _ := message.Target().Get("event").Target().Get("state").AsString()
	like := func(v *perl.Value) bool {
		s, _ := v.Target().Get("event").Target().Get("state").AsString()
		return s == state && sort(v) == sort(message)
	}
	always := r.IntN(4) == 0
	if always {
		m.Scope, m.at = "always", everywhere
		m.Place += ", of one state"
	}
	some := 1 + r.IntN(3)
	wait := time.Duration(20+r.IntN(200)) * time.Millisecond
	chosen := r.IntN(9)
	earlier := r.IntN(n + 1)
	m.Detail += fmt.Sprintf(", %d frames, %v", some, wait)
	var op func(s *mutant, u *unit) error
	switch chosen {
	case 0, 1:
		m.Op = "lost"
		op = func(*mutant, *unit) error { return nil }
	case 2:
		m.Op = "twice"
		op = func(s *mutant, u *unit) error {
			s.later.say(s.pass, u.octets)
			s.later.say(s.pass, u.octets)
			return nil
		}
	case 3:
		m.Op = "once more, some frames later"
		op = func(s *mutant, u *unit) error {
			s.later.say(s.pass, u.octets)
			s.later.hold(s.pass, u.octets, some, wait)
			return nil
		}
	case 4:
		m.Op = "some frames later"
		op = func(s *mutant, u *unit) error {
			s.later.hold(s.pass, u.octets, some, wait)
			return nil
		}
	case 5:
		m.Op, m.delays = "late", true
		op = func(s *mutant, u *unit) error {
			time.Sleep(wait)
			s.later.say(s.pass, u.octets)
			return nil
		}
	case 6:
		m.Op = "what was said before, again"
		m.Detail += fmt.Sprintf(", and frame %d behind it", earlier)
		op = func(s *mutant, u *unit) error {
			s.later.say(s.pass, u.octets)
			s.mu.Lock()
			again := s.said[s.conn][min(earlier, len(s.said[s.conn])-1)]
			s.mu.Unlock()
			if again.frame {
				s.later.say(s.pass, again.octets)
			}
			return nil
		}
	case 7:
		return ofUnasked(r, m, conn, n, message)
	case 8:
		end := io.EOF
		m.Op = "connection closed behind it"
		if r.IntN(2) == 0 {
			end, m.Op = errReset, "connection reset behind it"
		}
		op = func(s *mutant, u *unit) error {
			s.later.say(s.pass, u.octets)
			s.buf = nil
			return end
		}
	}
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		v := u.message(by)
		if v == nil || always && !like(v) {
			s.later.say(s.pass, u.octets)
			return false, nil
		}
		return true, op(s, u)
	}
	return true
}

// ofUnasked chooses a message that nobody asked for: one that was said, made another.
func ofUnasked(r *rand.Rand, m *Mutation, conn, n int, message *perl.Value) bool {
	by := m.Cast.Serializer.Wire()
	all := withField(places(message), func(field string) bool { return field != "" })
	p := all[r.IntN(len(all))]
	list := operations(p.v.Kind())
	op := list[r.IntN(len(list))]
	m.Op = "another added, with " + op.name
	m.Place = "to " + p.where(message)
	m.Detail += ", at " + pathOf(p.steps)
	m.Scope, m.orders = "once", false
	m.at = func(c, i int) bool { return c == conn && i == n }
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		s.later.say(s.pass, u.octets)
		octets, changed := rewritten(u, by, func(v *perl.Value) bool {
			at := find(v, p.steps)
			return at != nil && op.apply(m.rand(), at)
		})
		if changed {
			s.later.say(s.pass, octets)
		}
		return changed, nil
	}
	return true
}
