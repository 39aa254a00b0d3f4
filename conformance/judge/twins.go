package judge

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxCallers bounds the names that are kept of one side.
const maxCallers = 4

// addCallers notes the kernels that rsvps name, if who negotiated is not known.
func (t *tally) addCallers(p *dialogue.Part) {
	if !p.Joined {
		return
	}
	for _, x := range p.Begun {
		names := &t.said[x.Request.Frame.From].Callers
		if k := x.Request.RSVP.Kernel; k != "" && len(*names) < maxCallers && !slices.Contains(*names, k) {
			*names = append(*names, strings.Clone(k))
		}
	}
}

// OnMeeting judges the connections of a side, when all have ended, that were open while another
// kernel was connected to the same one: see dialogue.Twins.Meetings.
func OnMeeting(look func(*Trial, dialogue.Meeting)) Predicate {
	return Predicate{{at: atMeeting, meeting: look}}
}

// OnReturn judges the connections by which a ClientLite came back after it had given up a call,
// when all have ended: see dialogue.Twins.Returns.
func OnReturn(look func(*Trial, dialogue.Meeting)) Predicate {
	return Predicate{{at: atReturn, meeting: look}}
}

// judgeMeetings judges a side by the rules that are about several connections.
func (j *judge) judgeMeetings(side wire.Role) *found {
	n := len(j.verdicts[side])
	f := newFound(n, make([]quota, n))
	j.show(&f, side, j.plans[side].rules[atMeeting], j.twins.Meetings)
	j.show(&f, side, j.plans[side].rules[atReturn], j.twins.Returns)
	return &f
}

// show shows rules what is to be seen of several connections.
func (j *judge) show(f *found, side wire.Role, rules []planned, all func(wire.Role) []dialogue.Meeting) {
	if len(rules) == 0 {
		return
	}
	for _, m := range all(side) {
		c := &dialogue.Connection{Conn: &capture.Conn{Index: m.Connection}, Opened: m.Opened, Items: []dialogue.Item{m.At}}
		t := &Trial{Conn: c, Side: side, found: f, memo: new(memo)}
		for _, r := range rules {
			t.look(r.check, func(t *Trial) { r.meeting(t, m) })
		}
	}
}

// ofMeetings tells whether a check is about several connections.
func (c *Check) ofMeetings() bool {
	return slices.ContainsFunc(c.Judge, func(r rule) bool { return r.at == atMeeting })
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
