package conformance

import (
	"fmt"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// namesake is where a name leads that several kernels have announced.
type namesake struct {
	owner *meeting   // nil: nowhere
	has   []*meeting // the connections of kernels that announced it, those that came first in front
	known bool       // the original goes by what is here
}

// leads tells where a name leads at a time. When a kernel goes, its names are free, and nobody has them until the next
// registers. The original frees them even if they were another's: what a name leads to is not known from then on.
// Source: Responder register, unregister.
func (a *account) leads(name string, at time.Time) namesake {
	n := namesake{known: true}
	end := func(by time.Time) {
		n.has = slices.DeleteFunc(n.has, func(m *meeting) bool {
			over := m.over()
			if over.IsZero() || over.After(by) {
				return false
			}
			if n.owner == m {
				n.owner = nil
			} else {
				n.known = false
			}
			return true
		})
	}
	for _, m := range a.meetings() {
		names := m.names[a.Side.Other()]
		if m.opened.After(at) || len(names) == 0 || !slices.Contains(names[1:], name) {
			continue
		}
		end(m.opened)
		if n.owner == nil {
			n.owner = m
		}
		n.has = append(n.has, m)
	}
	end(at)
	return n
}

// shared tells whether a name is one that several kernels announced.
func (a *account) shared(name string) bool {
	ids := map[string]bool{}
	for _, m := range a.meetings() {
		if names := m.names[a.Side.Other()]; len(names) > 0 && slices.Contains(names[1:], name) {
			ids[names[0]] = true
		}
	}
	return len(ids) > 1
}

// onNamesakes judges what was posted to kernels that share names: by which connection it went, nil if by none, and how many
// the method said there were.
func onNamesakes(judge func(t *Trial, a *account, l *dialogue.ControlLine, to specifier.Specifier, went *meeting, count int)) Predicate {
	return onAccount(func(t *Trial, a *account) {
		for _, l := range a.commands("post") {
			to, ok := a.target(l)
			var f driver.Post
			if !ok || to.Session != NamesakeSession || l.Command.Decode(&f) != nil || !a.wentOn(l.Command.Answer.At.Time.Add(sinking)) {
				continue
			}
			var went *meeting
			for _, x := range a.wire(func(m *dialogue.Message) bool {
				return m.Frame.From == a.Side && m.To.Session == to.Session && sameValue(m.Params(), f.Params.V)
			}) {
				went = x.on
			}
			judge(t, a, l, to, went, a.sentCount(l))
		}
	})
}

// where says by which connection something went.
func where(m *meeting) string {
	if m == nil {
		return "none"
	}
	return fmt.Sprintf("connection %d", m.index)
}

// toldOfEnd tells whether monitors had been told that a kernel of that name had gone, before a command was given.
func (a *account) toldOfEnd(name string, before *dialogue.ControlLine) bool {
	return slices.ContainsFunc(a.Lines, func(l *dialogue.ControlLine) bool {
		e := l.Event
		return e != nil && e.Kind == "monitor" && e.What == "unregister" && e.About == name && l.At.Time.Before(before.At.Time)
	})
}
