package replay

import (
	"cmp"
	"maps"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// Plan is what a replay would send.
type Plan struct {
	Connections int
	// Left are connections that cannot be replayed: their start, or octets, are not in the capture.
	Left   int
	states map[string]*Sends
	names  map[string]bool // of those who would talk to us
}

// Survey reads a capture for what would be sent.
func Survey(events dialogue.Source, opts Options) (*Plan, error) {
	p := &Plan{states: map[string]*Sends{}, names: map[string]bool{}}
	side := opts.Side
	err := dialogue.ReadParts(events, dialogue.Options{}, dialogue.Window{}, func(part *dialogue.Part) {
		c := part.Connection
		if !c.IsIKC || c.Control != nil {
			return
		}
		if part.First {
			p.Connections++
		}
		if part.Last && !c.Replayable() {
			p.Left++
		}
		if name := dialogue.ChosenName(c.Negotiation.Peers[side.Other()], c.Negotiation.Dialect); c.Replayable() && len(p.names) < maxSends {
			p.names[name] = true
		}
		for _, x := range part.Exchanges {
			if m := x.Request; c.Replayable() && m.Frame.From == side && opts.keeps(c, m.Frame) {
				p.sends(m)
			}
		}
	})
	return p, err
}

// Sends counts what would be sent to a state.
type Sends struct {
	State        string
	Calls, Posts int
}

// maxSends bounds the states that are told apart, and the names.
const maxSends = 4096

func (p *Plan) sends(m *dialogue.Message) {
	name := compare.StateOf(m.To)
	s := p.states[name]
	if s == nil && len(p.states) >= maxSends {
		name = "(further states)"
		s = p.states[name]
	}
	if s == nil {
		s = &Sends{State: name}
		p.states[name] = s
	}
	if m.Kind == dialogue.Call {
		s.Calls++
	} else {
		s.Posts++
	}
}

// States are what would be sent, by state.
func (p *Plan) States() []*Sends {
	return slices.SortedFunc(maps.Values(p.states), func(a, b *Sends) int { return cmp.Compare(a.State, b.State) })
}
