package report

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Fit says which releases of POE::Component::IKC some kernels can be, by what they said. Nothing is
// said of kernels of which nothing is known.
type Fit struct {
	// Kernels are how many, and Connections how many they had.
	Kernels     int `json:"kernels"`
	Connections int `json:"connections"`
	// Releases are those that fit, none if none does: then it is another implementation.
	Releases []string `json:"releases"`
	// Perls are the Perls whose Storable fits, none if that is not known.
	Perls []string `json:"perls,omitempty"`
	// Text says it in a few words, without the evidence.
	Text string `json:"text"`
	// Evidence is what says so, of the first of the kernels.
	Evidence []release.Evidence `json:"evidence"`
}

// maxFits bounds how many different fits are told of a part.
const maxFits = 16

// fits are what is known of the kernels of a side: those that are alike by the same evidence are
// one. More says how many kernels have fits beyond those that are told.
func fits(f *judge.Judgement, side wire.Role) (list []*Fit, more int) {
	if f.Peers == nil {
		return nil, 0
	}
	byText := map[string]*Fit{}
	peers, _ := f.Peers.All(side)
	for _, p := range peers {
		if !p.Known() {
			continue
		}
		key := p.Fits()
		for _, e := range p.Evidence {
			key += "\n" + e.Saw
		}
		have := byText[key]
		if have == nil && len(list) == maxFits {
			more++
			continue
		}
		if have == nil {
			have = &Fit{Releases: append([]string{}, p.Releases.Names()...), Text: p.Fits(), Evidence: p.Evidence}
			if !p.Perls.Full() {
				have.Perls = p.Perls.Names()
			}
			byText[key] = have
			list = append(list, have)
		}
		have.Kernels++
		have.Connections += p.Connections
	}
	return list, more
}

// line is the fit in one line: who, what fits, and the evidence.
func (t *Fit) line(role string) string {
	if t.Kernels > 1 {
		role = plural(t.Kernels, role)
	}
	because := make([]string, len(t.Evidence))
	for i, e := range t.Evidence {
		because[i] = e.String()
	}
	return fmt.Sprintf("%s: %s (%s)", role, t.Text, strings.Join(because, "; "))
}

// fitLines are the lines of a part.
func (p *Part) fitLines() (lines []string) {
	for _, t := range p.Fits {
		lines = append(lines, t.line(p.Role))
	}
	if p.MoreFits > 0 {
		lines = append(lines, fmt.Sprintf("%s more, of other releases", plural(p.MoreFits, p.Role)))
	}
	return lines
}
