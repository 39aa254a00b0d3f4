package told

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// subscription is a command to subscribe, or to end subscriptions.
type subscription struct {
	line     *dialogue.ControlLine
	asked    []string
	accepted []string // as the callback was told; of a command to end subscriptions, those that stood
}

// subscriptions are the commands to subscribe that were carried out.
func (log *driverLog) subscriptions() (out []subscription) {
	for _, l := range log.commands("subscribe") {
		var f driver.Subscribe
		var told driver.Accepted
		if !l.Command.Failed() && l.Command.Decode(&f) == nil && json.Unmarshal(l.Command.Answer.Answer.OK, &told) == nil {
			out = append(out, subscription{l, f.Specifiers, told.Accepted})
		}
	}
	return out
}

// unsubscriptions are the commands to end subscriptions that were carried out, with those of the
// specifiers that had been accepted.
func (log *driverLog) unsubscriptions() (out []subscription) {
	for _, l := range log.commands("unsubscribe") {
		var f driver.Subscribe
		if l.Command.Failed() || l.Command.Decode(&f) != nil {
			continue
		}
		u := subscription{line: l, asked: f.Specifiers}
		for _, s := range log.subscriptions() {
			if s.line.At.Time.Before(l.At.Time) {
				for _, spec := range s.accepted {
					if slices.Contains(u.asked, spec) && !slices.Contains(u.accepted, spec) {
						u.accepted = append(u.accepted, spec)
					}
				}
			}
		}
		out = append(out, u)
	}
	return out
}

// refused are the specifiers that were asked for and not accepted.
func (s subscription) refused() (out []string) {
	for _, spec := range s.asked {
		if !slices.Contains(s.accepted, spec) {
			out = append(out, spec)
		}
	}
	return out
}

// onSubscriptions judges that what was accepted, or ended, was told to monitors of every kernel: of
// the kernel's id, with the specifier.
func onSubscriptions(what string, of func(*driverLog) []subscription) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		w := log.ofAll(what)
		if w == nil {
			return
		}
		for _, s := range of(log) {
			for _, spec := range s.accepted {
				want, err := specifier.Parse(spec)
				if err != nil || log.before(s.line, w) || !log.wentOn(s.line.Command.Answer.At.Time.Add(contract.DriverDelay)) {
					continue
				}
				v := perl.HashRef(perl.P("kernel", perl.NewBytes(want.Kernel)), perl.P("session", perl.NewBytes(want.Session)), perl.P("state", perl.NewBytes(want.State)))
				var near *dialogue.ControlLine
				i := slices.IndexFunc(log.Lines, func(l *dialogue.ControlLine) bool {
					e := l.Event
					if e == nil || e.Kind != driver.EventMonitor || e.Kernel != contract.EveryKernel ||
						e.What != what || !e.Real || l.At.Time.Before(s.line.At.Time) {
						return false
					}
					near = l
					return len(e.Args) == 1 && perl.Equal(e.Args[0], v)
				})
				if i >= 0 {
					t.Hold(true, log.Lines[i], what+" with "+judge.ShowValue(v), "")
					continue
				}
				got := "none"
				if near != nil {
					got = what + " with " + showArgs(near.Event.Args)
				}
				t.Fail(s.line, fmt.Sprintf("%s with %s, about the kernel's id", what, judge.ShowValue(v)), got)
			}
		}
	})
}

// remoteError reads an error report.
func remoteError(m *dialogue.Message) *wire.RemoteError { return wire.ParseRemoteError(m.Params()) }
