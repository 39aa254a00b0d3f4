package conformance

import (
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// everyKernel is what a monitor of all kernels monitors.
const everyKernel = "*"

// watching is a monitor: from when it was set until it was replaced or ended.
type watching struct {
	kernel string
	events []string
	set    *dialogue.ControlLine
	from   int // the index of the answer among the lines of the account
	to     int // the index of the command that replaced it, or the number of lines
}

// wants tells whether the monitor is to be told of a kind of event.
func (w *watching) wants(what string) bool { return slices.Contains(w.events, what) }

// watchings are the monitors of an account, in order.
func (a *account) watchings() (out []*watching) {
	current := map[string]*watching{}
	for i, l := range a.Lines {
		if l.Command == nil || l.Command.Name != "monitor" || l.Command.Answer == nil || l.Command.Failed() {
			continue
		}
		var m driver.Monitor
		if l.Command.Decode(&m) != nil {
			continue
		}
		if w := current[m.Kernel]; w != nil {
			w.to = i
		}
		w := &watching{kernel: m.Kernel, events: m.Events, set: l, to: len(a.Lines), from: slices.Index(a.Lines, l.Command.Answer)}
		current[m.Kernel] = w
		out = append(out, w)
	}
	return out
}

// ofAll is the monitor of every kernel that wants to be told of a kind of event; nil if there is none.
func (a *account) ofAll(what string) *watching {
	for _, w := range a.watchings() {
		if w.kernel == everyKernel && w.wants(what) {
			return w
		}
	}
	return nil
}

// told are the events that a monitor was told.
func (a *account) monitored(w *watching) (out []*dialogue.ControlLine) {
	for _, l := range a.Lines[w.from:w.to] {
		if e := l.Event; e != nil && e.Kind == "monitor" && e.Kernel == w.kernel {
			out = append(out, l)
		}
	}
	return out
}

// block is what a monitor of every kernel is told of one event: once for the id of the kernel, then for each of its names.
type block struct {
	what  string
	id    string
	at    *dialogue.ControlLine
	names []*dialogue.ControlLine
}

// blocks are those of what a monitor of every kernel was told. Events that concern a name alone are in none.
func (a *account) blocks(w *watching) (out []*block) {
	var open *block
	for _, l := range a.monitored(w) {
		e := l.Event
		switch {
		case e.Real:
			open = &block{what: e.What, id: e.About, at: l}
			out = append(out, open)
		case open != nil && e.What == open.what && sameArgs(e.Args, open.at.Event.Args):
			open.names = append(open.names, l)
		default:
			open = nil
		}
	}
	return out
}

// life is what a monitor of every kernel was told of one connection to a kernel, from its registration on.
type life struct {
	id      string
	blocks  []*block
	met     *meeting  // nil if the capture does not show the connection
	doubled time.Time // when a kernel of that id was connected again before the end of this had been told; zero if none was
}

// of are the blocks of a kind, and with an argument that begins with first unless that is "".
func (v *life) of(what, first string) (out []*block) {
	for _, b := range v.blocks {
		if b.what == what && (first == "" || text(b.at.Event.Args, 0) == first) {
			out = append(out, b)
		}
	}
	return out
}

// lives are those of the kernels that the account's kernel was connected to, each with its connection: of a kernel that
// came several times, in order.
func (a *account) lives(w *watching) []*life {
	var out []*life
	current := map[string]*life{}
	count := map[string]int{}
	for _, b := range a.blocks(w) {
		if b.what == "register" {
			v := &life{id: b.id}
			n := 0
			for _, m := range a.meetings() {
				if names := m.names[a.Side.Other()]; len(names) > 0 && names[0] == b.id {
					if n == count[b.id] {
						v.met = m
					}
					n++
				}
			}
			count[b.id]++
			current[b.id] = v
			out = append(out, v)
		}
		if v := current[b.id]; v != nil {
			if b.what == "channel" && text(b.at.Event.Args, 0) == "ready" && len(v.of("channel", "ready")) > 0 && v.doubled.IsZero() && a.cameAgain(v, b.at.At.Time) {
				v.doubled = b.at.At.Time
			}
			v.blocks = append(v.blocks, b)
		}
	}
	return out
}

// cameAgain tells whether the id of a life was announced by a later connection, before a time. A kernel that has not noticed
// the end of the earlier one then takes them for one kernel, and when it does, its id is that of nobody any more: so does the original,
// whose ClientLites have their names for ids.
// Source: Responder register_channel, delete_channel.
func (a *account) cameAgain(v *life, before time.Time) bool {
	return slices.ContainsFunc(a.Met, func(m *meeting) bool {
		names := m.names[a.Side.Other()]
		return len(names) > 0 && names[0] == v.id && m.opened.After(v.blocks[0].at.At.Time) && m.opened.Before(before)
	})
}

// unclear tells whether an id was that of two connections at a time, or had been and of none since: see cameAgain.
func unclear(lives []*life, id string, at time.Time) (yes bool) {
	for _, v := range lives {
		if v.id == id && !v.blocks[0].at.At.Time.After(at) { // the last that had begun
			yes = !v.doubled.IsZero() && !v.doubled.After(at)
		}
	}
	return yes
}

// strangers are the connections to kernels, from when a monitor was there, that no life is of.
func (a *account) strangers(w *watching, lives []*life) (out []*meeting) {
	for _, m := range a.meetings() {
		if m.opened.After(w.set.At.Time) && len(m.names[a.Side.Other()]) > 0 && a.hadTime(m.opened) && !unclear(lives, m.names[a.Side.Other()][0], m.opened.Add(sinking)) &&
			!slices.ContainsFunc(lives, func(v *life) bool { return v.met == m }) {
			out = append(out, m)
		}
	}
	return out
}

// text is an argument as a string, "" if it is none.
func text(args []*perl.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := args[i].AsString()
	return s
}

// hadTime tells whether the kernel had the time to tell of something that happened: the harness went on, and did not shut it
// down meanwhile, which ends what monitors are told.
func (a *account) hadTime(at time.Time) bool {
	at = at.Add(sinking)
	for _, l := range a.commands("shutdown") {
		if l.At.Time.Before(at) {
			return false
		}
	}
	return a.wentOn(at)
}

// closedFirst is the side that ended the connection first; ok is false if the capture does not show the ends of both, unless it was a
// reset: what is missing may have been the first.
func (m *meeting) closedFirst() (side wire.Role, ok bool) {
	c, s := m.ended[wire.Client], m.ended[wire.Server]
	switch {
	case s.IsZero():
		return wire.Client, !c.IsZero() && m.how[wire.Client] == capture.RST
	case c.IsZero():
		return wire.Server, m.how[wire.Server] == capture.RST
	case c.Before(s):
		return wire.Client, true
	}
	return wire.Server, true
}

// isAddress tells whether a name is that of a socket: an address and a port.
func isAddress(name string) bool { return slices.Contains([]byte(name), ':') }
