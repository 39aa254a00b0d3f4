package dialogue

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Meeting is a kernel that was connected while another one was, to the same kernel.
type Meeting struct {
	Connection int
	Opened     capture.Stamp
	// At is the line with its ID.
	At *Line
	ID string
	// Same says which other kernel was connected by this id before, and how it shows that they are
	// two; empty if there is none.
	Same string
}

// Full tells whether there were more connections than MaxPeers.
func (t *Twins) Full() bool { return t.full }

// Meetings are the kernels of a side that were connected while another one was, to the same kernel,
// in the order of the connections. Left out are those of which it is not known whether the other
// was another kernel: of one id, and without a PID. That the other was still there is shown by what
// it said later; a connection that a host forgot has no end.
func (t *Twins) Meetings(side wire.Role) []Meeting {
	all := slices.Clone(t.all)
	all = slices.DeleteFunc(all, func(p peers) bool { return p.of[side].ID == "" || p.said[side].ID == nil })
	slices.SortStableFunc(all, func(p, q peers) int {
		return cmp.Or(p.said[side].ID.At.Time.Compare(q.said[side].ID.At.Time), cmp.Compare(p.conn, q.conn))
	})
	type server struct {
		at  netip.AddrPort
		pid string // children of one have its id and its address
	}
	byID, until := map[string][]*peers{}, map[server]time.Time{}
	var out []Meeting
	for i := range all {
		p := &all[i]
		m := Meeting{Connection: p.conn, Opened: p.openedAt, At: p.said[side].ID, ID: p.of[side].ID}
		to := server{p.server, p.of[side.Other()].PID}
		met := until[to].After(m.At.At.Time)
		for _, q := range byID[m.ID] {
			if !p.toSame(q, side.Other()) || !q.said[side].Heard.After(m.At.At.Time) {
				continue
			}
			met = false // or it is the same kernel
			if why := twoKernels(q, p, side); why != "" {
				m.Same = fmt.Sprintf("connection %d, %s, was there before and is used on", q.conn, why)
				met = true
				break
			}
		}
		if met {
			out = append(out, m)
		}
		byID[m.ID] = append(byID[m.ID], p)
		if heard := p.said[side].Heard; heard.After(until[to]) {
			until[to] = heard
		}
	}
	slices.SortStableFunc(out, func(a, b Meeting) int { return cmp.Compare(a.Connection, b.Connection) })
	return out
}

// Returns are the connections by which a ClientLite came back that had given up a call on the one
// before, in the order of the connections.
func (t *Twins) Returns(side wire.Role) (out []Meeting) {
	last := map[[2]string]*peers{} // by id and PID
	all := slices.Clone(t.all)
	slices.SortStableFunc(all, func(p, q peers) int { return cmp.Or(p.opened.Compare(q.opened), cmp.Compare(p.conn, q.conn)) })
	for i := range all {
		p := &all[i]
		if p.of[side].ID == "" || !p.said[side].Lite || p.said[side].ID == nil {
			continue
		}
		key := [2]string{p.of[side].ID, p.of[side].PID}
		if q := last[key]; q != nil && q.said[side].GaveUp && p.toSame(q, side.Other()) && !q.over.IsZero() && !p.opened.Before(q.over) {
			out = append(out, Meeting{Connection: p.conn, Opened: p.openedAt, At: p.said[side].ID, ID: p.of[side].ID})
		}
		last[key] = p
	}
	slices.SortStableFunc(out, func(a, b Meeting) int { return cmp.Compare(a.Connection, b.Connection) })
	return out
}

// twoKernels tells how it shows that those who announce one id on two connections are two: empty if
// it does not. A kernel may have two connections; a ClientLite has one.
func twoKernels(first, second *peers, side wire.Role) string {
	a, b := first.of[side].PID, second.of[side].PID
	switch {
	case a != "" && b != "" && a != b:
		return fmt.Sprintf("of pid %s where this is of pid %s", a, b)
	case first.said[side].Lite && second.said[side].Lite:
		return "of another ClientLite"
	}
	return ""
}
