package told

import (
	"fmt"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// NAME are about names that several kernels announce.
func NAME() []*judge.Check {
	const source = "Responder register, unregister, channel_list"
	return []*judge.Check{
		{
			ID: "NAME-001", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A name that several connected kernels announced leads to the one that registered first.",
			Source:      source, Needs: "a driver, and a post to a name that two connected kernels have announced",
			Rationale: "A second worker of the same name is not heard of by its name, until it registers when the first is gone.",
			Judge: onNamesakes(func(t *judge.Trial, log *driverLog, l *dialogue.ControlLine, to specifier.Specifier, went *judge.ConnRecord, _ int) {
				if n := log.leads(to.Kernel, l.At.Time); n.known && n.owner != nil && len(n.has) > 1 && n.owner == n.has[0] {
					t.Hold(went == n.owner, l, where(n.owner), where(went))
				}
			}),
		},
		{
			ID: "NAME-002", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "When the kernel that a name leads to goes, the name leads nowhere, though another that announced it is still connected.",
			Source:      source, Needs: "a driver, and a post to a name whose first holder has gone while another stayed",
			Judge: onNamesakes(func(t *judge.Trial, log *driverLog, l *dialogue.ControlLine,
				to specifier.Specifier, went *judge.ConnRecord, count int) {
				if n := log.leads(to.Kernel, l.At.Time); n.known && n.owner == nil && len(n.has) > 0 && log.toldOfEnd(to.Kernel, l) {
					t.Hold(went == nil && count <= 0, l, "sent to 0 kernels", fmt.Sprintf("sent to %d, by %s", count, where(went)))
				}
			}),
		},
		{
			ID: "NAME-003", Level: judge.Should, Party: judge.TheKernel,
			Requirement: "A name that is free leads to the next kernel that registers with it, not to one that announced it before.",
			Source:      source, Needs: "a driver, and a post to a name that was free while one who had announced it was connected, and has been announced again",
			Judge: onNamesakes(func(t *judge.Trial, log *driverLog, l *dialogue.ControlLine, to specifier.Specifier, went *judge.ConnRecord, _ int) {
				if n := log.leads(to.Kernel, l.At.Time); n.known && n.owner != nil && n.owner != n.has[0] {
					t.Hold(went == n.owner, l, where(n.owner), where(went))
				}
			}),
		},
		{
			ID: "NAME-004", Level: judge.Must, Party: judge.TheKernel,
			Requirement: "The id of a kernel leads to it, whoever has the same names.",
			Source:      source, Needs: "a driver, and a post to the id of a kernel that shares its name",
			Judge: onNamesakes(func(t *judge.Trial, log *driverLog, l *dialogue.ControlLine, to specifier.Specifier, went *judge.ConnRecord, _ int) {
				for _, m := range log.ownConns() {
					names := m.Names[log.Side.Other()]
					if over := m.Over(); len(names) > 1 && names[0] == to.Kernel && m.Opened.Before(l.At.Time) &&
						(over.IsZero() || over.After(l.At.Time)) && slices.ContainsFunc(names[1:], log.shared) {
						t.Hold(went == m, l, where(m), where(went))
					}
				}
			}),
		},
	}
}

// namesake is where a name leads that several kernels have announced.
type namesake struct {
	owner *judge.ConnRecord   // nil: nowhere
	has   []*judge.ConnRecord // the connections of kernels that announced it, those that came first in front
	known bool                // the original goes by what is here
}

// leads tells where a name leads at a time. When a kernel goes, its names are free, and nobody has
// them until the next registers. The original frees them even if they were another's: what a name
// leads to is not known from then on. Source: Responder register, unregister.
func (log *driverLog) leads(name string, at time.Time) namesake {
	n := namesake{known: true}
	end := func(by time.Time) {
		n.has = slices.DeleteFunc(n.has, func(m *judge.ConnRecord) bool {
			over := m.Over()
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
	for _, m := range log.ownConns() {
		names := m.Names[log.Side.Other()]
		if m.Opened.After(at) || len(names) == 0 || !slices.Contains(names[1:], name) {
			continue
		}
		end(m.Opened)
		if n.owner == nil {
			n.owner = m
		}
		n.has = append(n.has, m)
	}
	end(at)
	return n
}

// shared tells whether a name is one that several kernels announced.
func (log *driverLog) shared(name string) bool {
	ids := map[string]bool{}
	for _, m := range log.ownConns() {
		if names := m.Names[log.Side.Other()]; len(names) > 0 && slices.Contains(names[1:], name) {
			ids[names[0]] = true
		}
	}
	return len(ids) > 1
}

// onNamesakes judges what was posted to kernels that share names: by which connection it went, nil
// if by none, and how many the method said there were.
func onNamesakes(look func(t *judge.Trial, log *driverLog, l *dialogue.ControlLine,
	to specifier.Specifier, went *judge.ConnRecord, count int)) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		for _, l := range log.commands("post") {
			to, ok := log.target(l)
			var f driver.Post
			if !ok || to.Session != contract.NamesakeSession || l.Command.Decode(&f) != nil ||
				!log.wentOn(l.Command.Answer.At.Time.Add(contract.DriverDelay)) {
				continue
			}
			var went *judge.ConnRecord
			for _, x := range log.wire(func(m *dialogue.Message) bool {
				return m.Frame.From == log.Side && m.To.Session == to.Session && sameValue(m.Params(), f.Params.V)
			}) {
				went = x.on
			}
			look(t, log, l, to, went, log.sentCount(l))
		}
	})
}

// where says by which connection something went.
func where(m *judge.ConnRecord) string {
	if m == nil {
		return "none"
	}
	return fmt.Sprintf("connection %d", m.Index)
}

// toldOfEnd tells whether monitors had been told that a kernel of that name had gone, before a
// command was given.
func (log *driverLog) toldOfEnd(name string, before *dialogue.ControlLine) bool {
	return slices.ContainsFunc(log.Lines, func(l *dialogue.ControlLine) bool {
		e := l.Event
		return e != nil && e.Kind == driver.EventMonitor &&
			e.What == driver.MonitorUnregister && e.About == name && l.At.Time.Before(before.At.Time)
	})
}
