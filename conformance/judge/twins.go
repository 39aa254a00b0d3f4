package judge

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Two processes may be connected to a kernel by one name at the same time. What is addressed to
// that name, answers to calls too, goes to the one that came first: an answer on its connection may
// be for a call of the other, and none comes there. Source: Responder register, channel_list.

// peers are the two kernels of a connection, and from when until when they were connected.
type peers struct {
	conn         int
	server       netip.AddrPort
	of           [2]wire.Peer
	opened, over time.Time // over is zero if the capture does not show it
}

// maxPeers bounds the connections whose peers are kept.
const maxPeers = 4096

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

// addPeers notes who talked on a connection.
func (j *judge) addPeers(c *dialogue.Connection, t *tally) {
	if !c.Negotiation.Complete && !c.Joined || len(j.connected) == maxPeers {
		return
	}
	p := peers{conn: c.Conn.Index, server: c.Conn.Server, of: c.Negotiation.Peers, opened: c.Opened.Time}
	if c.Joined {
		for side := range p.of {
			p.of[side] = wire.Peer{Aliases: t.callers[side]}
		}
	}
	for _, end := range c.Ends {
		if end != nil && (p.over.IsZero() || end.At.Time.Before(p.over)) {
			p.over = end.At.Time
		}
	}
	j.connected = append(j.connected, p)
}

// shared are the connections on which a side shares a name with another process that was connected
// to the same kernel at the same time.
func (j *judge) shared(side wire.Role) map[int]bool {
	out := map[int]bool{}
	for i, a := range j.connected {
		for _, b := range j.connected[:i] {
			x, y := a.of[side], b.of[side]
			if twoProcesses(x, y) && a.toSame(b, side.Other()) && a.meets(b) && sameName(x, y) {
				out[a.conn], out[b.conn] = true, true
			}
		}
	}
	return out
}

// twoProcesses tells whether two kernels are in two processes by what they announced, or may be
// since the capture joined their connections in the middle.
func twoProcesses(a, b wire.Peer) bool { return a.PID != b.PID || a.ID == "" && b.ID == "" }

// toSame tells whether a side is the same kernel on two connections.
func (p peers) toSame(q peers, side wire.Role) bool {
	a, b := p.of[side].ID, q.of[side].ID
	return p.server == q.server && (a == b || a == "" || b == "")
}

// meets tells whether two connections were open at the same time.
func (p peers) meets(q peers) bool {
	return (p.over.IsZero() || q.opened.Before(p.over)) && (q.over.IsZero() || p.opened.Before(q.over))
}

// sameName tells whether two kernels have a name in common. Those with a colon are addresses.
func sameName(a, b wire.Peer) bool {
	names := append([]string{b.ID}, b.Aliases...)
	return slices.ContainsFunc(append([]string{a.ID}, a.Aliases...), func(name string) bool {
		return name != "" && !strings.Contains(name, ":") && slices.Contains(names, name)
	})
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
	shared := j.shared(v.Side.Other())
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
