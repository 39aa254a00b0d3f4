package mutator

import (
	"fmt"
	"math/rand/v2"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Mutation is one change of what a side says, chosen by a seed.
type Mutation struct {
	Seed uint64
	Cast Cast
	// Op is what is done, Place to what, Scope how often: once unless it says more. Detail says where
	// it is.
	Op, Place, Scope, Detail string

	// orders: it changes when or whether something is said, not what.
	orders bool
	// delays: all is said that is, and in its order.
	delays bool
	at     func(conn, n int) bool
	change func(m *mutant, n int, u *unit) (changed bool, err error)
}

// Kind names what is done to what, as survivors are told apart by.
func (m *Mutation) Kind() string { return m.Op + ": " + m.Place }

// String says all of it.
func (m *Mutation) String() string {
	return fmt.Sprintf("%s: %s (%s; %s; %s)", m.Op, m.Place, m.Scope, m.Detail, m.Cast)
}

// rand is what the change takes its choices from: the same each time it is made.
func (m *Mutation) rand() *rand.Rand { return rand.New(rand.NewPCG(m.Seed, 1)) }

// mutates tells whether it is to change anything for real Perl.
func (m *Mutation) mutates() bool { return m.Scope != "" }

// unchanged is no mutation: all is passed on as it is.
func unchanged(c Cast) *Mutation {
	return &Mutation{Cast: c, Op: "nothing", Place: "as it was", at: func(int, int) bool { return false }}
}

// frozenAgain is no mutation either: each message is thawed and frozen again.
func frozenAgain(c Cast) *Mutation {
	m := &Mutation{Cast: c, Op: "nothing", Place: "thawed and frozen again", at: everywhere}
	by := c.Serializer.Wire()
	m.change = func(s *mutant, _ int, u *unit) (bool, error) {
		octets := u.octets
		if v := u.message(by); v != nil {
			if image, err := by.Freeze(v); err == nil {
				octets = wire.AppendFrame(nil, image)
			}
		}
		s.later.say(s.pass, octets)
		return true, nil
	}
	return m
}

// changesAny tells whether the mutation changes anything of what is said without it.
func (m *Mutation) changesAny(u *usual) bool {
	for conn, units := range u.said {
		for n, unit := range units {
			if !m.at(conn, n) {
				continue
			}
			s := &mutant{listener: &listener{said: u.said}, conn: conn, pass: func([]byte) {}}
			if changed, _ := m.change(s, n, unit); changed {
				return true
			}
		}
	}
	return false
}

// attempts bounds the search for something that can be mutated.
const attempts = 1000

// choose chooses the mutation of a seed. learned are the plays of a cast without a mutation.
func choose(seed uint64, list []Cast, learned func(Cast) (*usual, error)) (*Mutation, error) {
	r := rand.New(rand.NewPCG(seed, 0))
	cast := list[r.IntN(len(list))]
	u, err := learned(cast)
	if err != nil {
		return nil, err
	}
	for range attempts {
		m := &Mutation{Seed: seed, Cast: cast, Scope: "once"}
		of := ofMessage
		switch k := r.IntN(20); {
		case k < 5:
			of = ofOrder
		case k < 7:
			of = ofLine
		case k < 9:
			of = ofOctets
		}
		if of(r, m, u) && (m.orders || m.changesAny(u)) {
			return m, nil
		}
	}
	return nil, fmt.Errorf("seed %d: nothing to mutate in what %s says", seed, cast)
}
