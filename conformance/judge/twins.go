package judge

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// maxCallers bounds the names that are kept of one side.
const maxCallers = 4

// addCallers notes the kernels that rsvps name, if who negotiated is not known.
func (t *tally) addCallers(p *dialogue.Part) {
	if !p.Joined {
		return
	}
	for _, x := range p.Begun {
		names := &t.callers[x.Request.Frame.From]
		if k := x.Request.RSVP.Kernel; k != "" && len(*names) < maxCallers && !slices.Contains(*names, k) {
			*names = append(*names, strings.Clone(k))
		}
	}
}

// ofExchanges tells whether a check holds what comes back for requests against them.
func (c *Check) ofExchanges() bool {
	return slices.ContainsFunc(c.Judge, func(r rule) bool { return r.at == atRequest || r.at == atAnswer || r.at == atOrder })
}

// spare takes out the violations that are explained by answers having gone to another connection.
func (j *judge) spare(v *Verdict) (spared bool) {
	if len(v.Findings) == 0 || !v.Check.ofExchanges() {
		return false
	}
	shared := j.twins.Shared(v.Side.Other())
	if len(shared) == 0 {
		return false
	}
	kept := slices.DeleteFunc(slices.Clone(v.Findings), func(f Finding) bool { return shared[f.Connection] })
	spared = len(kept) < len(v.Findings)
	if v.Findings = kept; len(kept) == 0 && spared {
		v.More = 0
	}
	return spared && len(kept) == 0
}
