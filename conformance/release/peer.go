package release

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// Peer is what is known of a kernel by what it said, in one connection or in several.
type Peer struct {
	// Connections are how many; First is the number of the first of them, from 0.
	Connections, First int
	// Releases are the releases of POE::Component::IKC that fit all it said, none if it is something
	// else. Perls are the Perls whose Storable fits.
	Releases, Perls Set
	// Evidence is what narrowed these, each the first of its kind: what is of releases first, and what
	// narrows the most before the rest.
	Evidence []Evidence

	seen  uint64
	where []Evidence
	index int32 // among those of its side, from 1
}

// Evidence is a fact that narrows what a peer may be, and where it was seen first.
type Evidence struct {
	// Saw is what the peer did, for people.
	Saw string `json:"saw"`
	// Source is where the original does so, or does otherwise.
	Source string `json:"source"`
	// Connection counts from 0, Packet from 1; Frame counts the frames of the side from 1, and is 0
	// for a line.
	Connection int   `json:"connection"`
	Packet     int64 `json:"packet,omitempty"`
	Frame      int   `json:"frame,omitempty"`

	fact fact
}

// String is the fact and its packet.
func (e Evidence) String() string {
	if e.Packet == 0 {
		return e.Saw
	}
	return fmt.Sprintf("%s, packet %d", e.Saw, e.Packet)
}

// add takes over what one more connection shows.
func (p *Peer) add(connection int, t *tracks) {
	if p.Connections == 0 || connection < p.First {
		p.First = connection
	}
	p.Connections++
	for _, w := range t.where {
		if p.seen>>w.fact&1 == 1 {
			continue
		}
		p.seen |= 1 << w.fact
		f := facts[w.fact]
		p.where = append(p.where, Evidence{
			Saw: f.saw, Source: f.source, Connection: connection, Packet: w.packet, Frame: int(w.frame), fact: w.fact,
		})
	}
}

// conclude finds out what fits.
func (p *Peer) conclude() {
	p.Releases, p.Perls, p.Evidence = AllReleases(), AllPerls(), nil
	left := slices.Clone(p.where)
	slices.SortStableFunc(left, func(a, b Evidence) int {
		if perl := facts[a.fact].perl; perl != facts[b.fact].perl {
			return map[bool]int{false: -1, true: 1}[perl]
		}
		return cmp.Or(cmp.Compare(bits.OnesCount32(a.fact.set().has), bits.OnesCount32(b.fact.set().has)), cmp.Compare(a.fact, b.fact))
	})
	for _, e := range left {
		of := &p.Releases
		if facts[e.fact].perl {
			of = &p.Perls
		}
		if narrowed := of.And(e.fact.set()); narrowed.has != of.has {
			*of = narrowed
			p.Evidence = append(p.Evidence, e)
		}
	}
	if p.Releases.Empty() { // nor is it a Perl
		p.Perls = AllPerls()
		p.Evidence = slices.DeleteFunc(p.Evidence, func(e Evidence) bool { return facts[e.fact].perl })
	}
}

// Narrow leaves of the releases those that are in a set as well, for a reason that the facts do not
// have.
func (p *Peer) Narrow(to Set, because Evidence) {
	if narrowed := p.Releases.And(to); narrowed.has != p.Releases.has {
		p.Releases = narrowed
		p.Evidence = append(p.Evidence, because)
	}
}

// Known tells whether anything is known of its release or its Perl.
func (p *Peer) Known() bool { return p != nil && !(p.Releases.Full() && p.Perls.Full()) }

// Fits says what fits, in a few words.
func (p *Peer) Fits() string {
	var s string
	switch {
	case p.Releases.Empty():
		return "not " + Implementation
	case p.Releases.Full():
		s = "the release cannot be told"
	default:
		s = "as " + Implementation + " " + p.Releases.String()
	}
	if !p.Perls.Full() && !p.Perls.Empty() {
		s += ", Perl " + p.Perls.orLater()
	}
	return s
}

// String is what fits, and the evidence.
func (p *Peer) String() string {
	because := make([]string, len(p.Evidence))
	for i, e := range p.Evidence {
		because[i] = e.String()
	}
	return p.Fits() + " (" + strings.Join(because, "; ") + ")"
}
