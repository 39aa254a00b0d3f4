package told

import (
	"cmp"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// driverLog reads what the driver of a kernel told.
type driverLog struct{ *judge.DriverLog }

func newDriverLog(l *judge.DriverLog) *driverLog { return &driverLog{l} }

// onLog judges what the driver of a kernel told.
func onLog(look func(*judge.Trial, *driverLog)) judge.Predicate {
	return judge.OnDriverLog(func(t *judge.Trial, l *judge.DriverLog) { look(t, newDriverLog(l)) })
}

// exchanged is a request or a message and the connection that it was on.
type exchanged struct {
	*dialogue.Exchange
	on *judge.ConnRecord
}

// wire are the requests that are wanted of all connections of the kernel, in the order of the
// capture.
func (log *driverLog) wire(wanted func(*dialogue.Message) bool) (out []exchanged) {
	for _, m := range log.ownConns() {
		for _, x := range m.Exchanges {
			if wanted(x.Request) {
				out = append(out, exchanged{x, m})
			}
		}
	}
	slices.SortStableFunc(out, func(x, y exchanged) int { return cmp.Compare(x.Request.Frame.At.Packet, y.Request.Frame.At.Packet) })
	return out
}

// hadTime tells whether the kernel had the time to tell of something that happened: the harness
// went on, and did not shut it down meanwhile, which ends what monitors are told.
func (log *driverLog) hadTime(at time.Time) bool {
	at = at.Add(contract.DriverDelay)
	for _, l := range log.commands("shutdown") {
		if l.At.Time.Before(at) {
			return false
		}
	}
	return log.wentOn(at)
}

// commands are the lines of commands of a name that were answered.
func (log *driverLog) commands(names ...string) (out []*dialogue.ControlLine) {
	for _, l := range log.Lines {
		if l.Command != nil && l.Command.Answer != nil && slices.Contains(names, l.Command.Name) {
			out = append(out, l)
		}
	}
	return out
}

// states are the events of runs of a state.
func (log *driverLog) states(session, state string) (out []*dialogue.ControlLine) {
	for _, l := range log.Lines {
		if e := l.Event; e != nil && e.Kind == driver.EventState && e.Session == session && e.State == state {
			out = append(out, l)
		}
	}
	return out
}

// wentOn tells whether the harness had waited for what follows from something at a time, and then
// gone on: a later command was answered.
func (log *driverLog) wentOn(at time.Time) bool {
	for _, l := range slices.Backward(log.Lines) {
		if l.Answer != nil && l.Answer.To != nil {
			return l.Answer.To.At.Time.After(at)
		}
	}
	return false
}

// waitedFor tells whether the harness waited for what follows from a command, of this driver or of
// another: if it gave up before, nothing says that it would not have been told.
func (log *driverLog) waitedFor(l *dialogue.ControlLine) bool {
	return log.wentOn(l.Command.Answer.At.Time.Add(contract.DriverDelay))
}

// ownNames are what the kernel calls itself.
func (log *driverLog) ownNames() (names []string) {
	for _, m := range log.Conns {
		for _, name := range m.Names[log.Side] {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	for _, l := range log.commands("listen", "connect") {
		var c driver.Connect
		if l.Command.Decode(&c) == nil && !slices.Contains(names, c.Name) {
			names = append(names, c.Name)
		}
	}
	return names
}

// ownConns are the connections that the kernel took part in.
func (log *driverLog) ownConns() (out []*judge.ConnRecord) {
	for _, m := range log.Conns {
		if m.Complete && !m.Unreached && m.Frames[log.Side] > 0 {
			out = append(out, m)
		}
	}
	return out
}

// connsAt are the connections of the kernel that were there while a command was carried out.
func (log *driverLog) connsAt(l *dialogue.ControlLine) []*judge.ConnRecord {
	return slices.DeleteFunc(log.ownConns(), func(m *judge.ConnRecord) bool {
		over := m.Over()
		return m.Opened.After(l.At.Time) || !over.IsZero() && over.Before(l.Command.Answer.At.Time)
	})
}

// pairRuns pairs what is due with the runs that a driver reported: each with one that is the same.
// What is left over is returned, of both.
func pairRuns[R any](due []R, reported []*dialogue.ControlLine,
	same func(R, *driver.Event) bool) (missing []R, extra []*dialogue.ControlLine) {
	extra = slices.Clone(reported)
	for _, d := range due {
		i := slices.IndexFunc(extra, func(l *dialogue.ControlLine) bool { return same(d, l.Event) })
		if i < 0 {
			missing = append(missing, d)
			continue
		}
		extra = slices.Delete(extra, i, i+1)
	}
	return missing, extra
}

// target is where a post or call of the harness is addressed to.
func (log *driverLog) target(l *dialogue.ControlLine) (specifier.Specifier, bool) {
	if l.Command.Failed() {
		return specifier.Specifier{}, false
	}
	to, err := specifier.Parse(l.Command.To)
	return to, err == nil
}

// knows tells whether a name is that of a kernel of the capture, or of all.
func (log *driverLog) knows(kernel string) bool {
	if kernel == "" || kernel == contract.EveryKernel || isAddress(kernel) || slices.Contains(log.ownNames(), kernel) {
		return true
	}
	return slices.ContainsFunc(log.Conns, func(m *judge.ConnRecord) bool { return slices.Contains(m.Names[log.Side.Other()], kernel) })
}

// before tells whether a line came before a monitor was set.
func (log *driverLog) before(l *dialogue.ControlLine, w *monitorSpan) bool {
	return l.At.Time.Before(w.set.At.Time)
}
