package told

import (
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

const sourceMonitor = "Responder monitor, inform_monitors"

// onRegistrations judges what a monitor of every kernel was told of one kind of event, by the
// connections that it is about.
func onRegistrations(what string, look func(t *judge.Trial, log *driverLog,
	w *monitorSpan, registrations []*registration)) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		if w := log.ofAll(what); w != nil && w.wants(driver.MonitorRegister) {
			look(t, log, w, log.registrations(w))
		}
	})
}

// onEachRegistration is onLives for each connection that the capture shows, and whose id was no
// other's.
func onEachRegistration(what string, look func(t *judge.Trial, log *driverLog, v *registration)) judge.Predicate {
	return onRegistrations(what, func(t *judge.Trial, log *driverLog, _ *monitorSpan, registrations []*registration) {
		for _, v := range registrations {
			if v.met != nil && v.doubled.IsZero() {
				look(t, log, v)
			}
		}
	})
}

// saysNames tells whether an announcement names what the peer announced, each name once; the
// address of its socket may come too.
func (b *announcement) saysNames(announced []string) bool {
	var said []string
	for _, l := range b.names {
		if !isAddress(l.Event.About) {
			said = append(said, l.Event.About)
		}
	}
	var want []string
	for _, name := range announced {
		if !isAddress(name) && !slices.Contains(want, name) {
			want = append(want, name)
		}
	}
	slices.Sort(said)
	slices.Sort(want)
	return slices.Equal(said, want)
}

// said is what an announcement names, in order.
func (b *announcement) said() string {
	out := []string{b.id}
	for _, l := range b.names {
		out = append(out, l.Event.About)
	}
	return strings.Join(out, ", ")
}

// isSpecifier tells whether a kernel to be monitored was given as a specifier.
func isSpecifier(kernel string) bool { return strings.HasPrefix(kernel, "poe:") }

// errorsTold are the error events of an operation that a monitor of every kernel was told, of ids
// only if real.
func (log *driverLog) errorsTold(w *monitorSpan, operation string) (out []*dialogue.ControlLine) {
	for _, l := range log.monitored(w) {
		if l.Event.What == driver.MonitorError && text(l.Event.Args, 0) == operation {
			out = append(out, l)
		}
	}
	return out
}

// monitorSpan is a monitor: from when it was set until it was replaced or ended.
type monitorSpan struct {
	kernel string
	events []string
	set    *dialogue.ControlLine
	from   int // the index of the answer among the lines of the log
	to     int // the index of the command that replaced it, or the number of lines
}

// wants tells whether the monitor is to be told of a kind of event.
func (w *monitorSpan) wants(what string) bool { return slices.Contains(w.events, what) }

// monitorSpans are the monitors that the driver was told to set, in order, but for those that it
// was told to replace before it had answered: nobody knows when these were there.
func (log *driverLog) monitorSpans() (out []*monitorSpan) {
	current := map[string]*monitorSpan{}
	for i, l := range log.Lines {
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
		w := &monitorSpan{kernel: m.Kernel, events: m.Events, set: l, to: len(log.Lines), from: slices.Index(log.Lines, l.Command.Answer)}
		current[m.Kernel] = w
		out = append(out, w)
	}
	return slices.DeleteFunc(out, func(w *monitorSpan) bool { return w.from < 0 || w.from > w.to })
}

// ofAll is the monitor of every kernel that wants to be told of a kind of event; nil if there is
// none.
func (log *driverLog) ofAll(what string) *monitorSpan {
	for _, w := range log.monitorSpans() {
		if w.kernel == contract.EveryKernel && w.wants(what) {
			return w
		}
	}
	return nil
}

// told are the events that a monitor was told.
func (log *driverLog) monitored(w *monitorSpan) (out []*dialogue.ControlLine) {
	for _, l := range log.Lines[w.from:w.to] {
		if e := l.Event; e != nil && e.Kind == driver.EventMonitor && e.Kernel == w.kernel {
			out = append(out, l)
		}
	}
	return out
}

// announcement is what a monitor of every kernel is told of one event: once for the id of the
// kernel, then for each of its names.
type announcement struct {
	what  string
	id    string
	at    *dialogue.ControlLine
	names []*dialogue.ControlLine
}

// announcements are those of what a monitor of every kernel was told. Events that concern a name
// alone are in none.
func (log *driverLog) announcements(w *monitorSpan) (out []*announcement) {
	var open *announcement
	for _, l := range log.monitored(w) {
		e := l.Event
		switch {
		case e.Real:
			open = &announcement{what: e.What, id: e.About, at: l}
			out = append(out, open)
		case open != nil && e.What == open.what && sameArgs(e.Args, open.at.Event.Args):
			open.names = append(open.names, l)
		default:
			open = nil
		}
	}
	return out
}

// registration is what a monitor of every kernel was told of one connection to a kernel, from its
// registration on.
type registration struct {
	id            string
	announcements []*announcement
	met           *judge.ConnRecord // nil if the capture does not show the connection
	doubled       time.Time         // when a kernel of that id was connected again before the end of this had been told; zero if none was
}

// of are the blocks of a kind, and with an argument that begins with first unless that is "".
func (v *registration) of(what, first string) (out []*announcement) {
	for _, b := range v.announcements {
		if b.what == what && (first == "" || text(b.at.Event.Args, 0) == first) {
			out = append(out, b)
		}
	}
	return out
}

// registrations are those of the kernels that this kernel was connected to, each with its
// connection: of a kernel that came several times, in order.
func (log *driverLog) registrations(w *monitorSpan) []*registration {
	var out []*registration
	current := map[string]*registration{}
	count := map[string]int{}
	for _, b := range log.announcements(w) {
		if b.what == driver.MonitorRegister {
			v := &registration{id: b.id}
			n := 0
			for _, m := range log.ownConns() {
				if names := m.Names[log.Side.Other()]; len(names) > 0 && names[0] == b.id {
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
			if b.what == driver.MonitorChannel && text(b.at.Event.Args, 0) == "ready" &&
				len(v.of(driver.MonitorChannel, "ready")) > 0 && v.doubled.IsZero() && log.cameAgain(v, b.at.At.Time) {
				v.doubled = b.at.At.Time
			}
			v.announcements = append(v.announcements, b)
		}
	}
	return out
}

// cameAgain tells whether the id of a registration was announced by a later connection, before a
// time. A kernel that has not noticed the end of the earlier one then takes them for one kernel,
// and when it does, its id is that of nobody any more: so does the original, whose ClientLites have
// their names for ids. Source: Responder register_channel, delete_channel.
func (log *driverLog) cameAgain(v *registration, before time.Time) bool {
	return slices.ContainsFunc(log.Conns, func(m *judge.ConnRecord) bool {
		names := m.Names[log.Side.Other()]
		return len(names) > 0 && names[0] == v.id && m.Opened.After(v.announcements[0].at.At.Time) && m.Opened.Before(before)
	})
}

// idReused tells whether an id was that of two connections at a time, or had been and of none
// since: see cameAgain.
func idReused(registrations []*registration, id string, at time.Time) (yes bool) {
	for _, v := range registrations {
		if v.id == id && !v.announcements[0].at.At.Time.After(at) { // the last that had begun
			yes = !v.doubled.IsZero() && !v.doubled.After(at)
		}
	}
	return yes
}

// unannounced are the connections to kernels, made since a monitor was there, that no registration
// is of.
func (log *driverLog) unannounced(w *monitorSpan, registrations []*registration) (out []*judge.ConnRecord) {
	for _, m := range log.ownConns() {
		if m.Opened.After(w.set.At.Time) && len(m.Names[log.Side.Other()]) > 0 && log.hadTime(m.Opened) &&
			!idReused(registrations, m.Names[log.Side.Other()][0], m.Opened.Add(contract.DriverDelay)) &&
			!slices.ContainsFunc(registrations, func(v *registration) bool { return v.met == m }) {
			out = append(out, m)
		}
	}
	return out
}

// isAddress tells whether a name is that of a socket: an address and a port.
func isAddress(name string) bool { return slices.Contains([]byte(name), ':') }
