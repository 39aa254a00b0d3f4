package told

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// onSendings judges what a kernel, or its ClientLite, was told to send.
func onSendings(lite bool, look func(t *judge.Trial, s *sending)) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		all, _ := log.sendings()
		for _, s := range all {
			if s.lite == lite {
				look(t, s)
			}
		}
	})
}

// sending is a request that a kernel, or a ClientLite, was told to send on a connection, and what
// it sent.
type sending struct {
	line *dialogue.ControlLine
	on   *judge.ConnRecord
	to   specifier.Specifier
	args []*perl.Value
	// call: the answer is to go to rsvp, of a kernel.
	call bool
	rsvp specifier.Specifier
	lite bool
	// session is the sender's, "" if it is not known.
	session string
	// due: it must have been sent. Otherwise it may be that it was not.
	due bool
	// sent is what was sent, nil if the capture shows nothing that is like it.
	sent *dialogue.Message
	// alike: what was sent has the arguments that were given.
	alike bool
}

// as tells whether a request is to where it was told to send.
func (s *sending) as(x exchanged) bool {
	r := x.Request
	to, want := r.To, s.to
	to.Kernel, want.Kernel = "", ""
	return to == want && x.on == s.on && r.IsCall() == s.call && !r.Frame.At.Time.Before(s.line.At.Time)
}

// carries tells whether a request has the arguments that were given, as its serializer writes them.
func (s *sending) carries(r *dialogue.Message) bool {
	args := s.args
	if s.to.Arg != "" {
		args = append(slices.Clone(args), perl.NewBytes(s.to.Arg))
	}
	given, ok := carried(args, r.Frame)
	return !ok || sameArgs(given, r.Args())
}

// carried are arguments as the serializer of a frame writes them: some make strings of numbers. ok
// is false if it cannot write them.
func carried(args []*perl.Value, f *dialogue.Frame) (out []*perl.Value, ok bool) {
	name := dialogue.GuessSerializer(f.Image)
	for _, by := range dialogue.Serializers() {
		if by.Name() != name {
			continue
		}
		image, err := by.Freeze(perl.ArrayRef(args...))
		if err != nil {
			return nil, false
		}
		v, err := by.Thaw(image)
		return v.Target().Elems(), err == nil
	}
	return nil, false
}

// sendings are what the kernel, or its ClientLite, was told to send, each with what it sent: with
// what carries its arguments, if there is that. extra are the requests to the conformance session
// that it was not told to send.
func (log *driverLog) sendings() (out []*sending, extra []exchanged) {
	for _, l := range log.Lines {
		if l.Command != nil && l.Command.Answer != nil {
			out = append(out, log.sendingsOf(l)...)
		}
	}
	extra = log.wire(func(m *dialogue.Message) bool { return m.Frame.From == log.Side && !m.IsLitePing() })
	for _, alike := range []bool{true, false} {
		for _, s := range out {
			if s.sent != nil {
				continue
			}
			i := slices.IndexFunc(extra, func(x exchanged) bool { return s.as(x) && (!alike || s.carries(x.Request)) })
			if i >= 0 {
				s.sent, s.alike = extra[i].Request, alike
				extra = slices.Delete(extra, i, i+1)
			}
		}
	}
	return out, extra
}

// sendingsOf are what a command is to send, by the connections that it goes to.
func (log *driverLog) sendingsOf(l *dialogue.ControlLine) (out []*sending) {
	s := sending{line: l}
	var to string
	switch l.Command.Name {
	case "post", "call":
		var f driver.Call
		if l.Command.Failed() || l.Command.Decode(&f) != nil {
			return nil
		}
		to, s.args, s.session, s.call = f.To, []*perl.Value{f.Params.V}, f.Session, l.Command.Name == "call"
		if s.call {
			s.rsvp, _ = specifier.Parse(f.RSVP)
		}
		s.due = log.sentCount(l) != 0 && log.waitedFor(l)
	case "proxy-post":
		var f driver.ProxyPost
		if l.Command.Failed() || l.Command.Decode(&f) != nil {
			return nil
		}
		to, s.args, s.session = f.To+"/"+f.State, typed.Unwrap(f.Args), f.Session
	case "lite-post", "lite-call", "lite-post-respond":
		return log.liteSending(l)
	default:
		return nil
	}
	var err error
	if s.to, err = specifier.Parse(to); err != nil {
		return nil
	}
	if isAddress(s.to.Kernel) || log.shared(s.to.Kernel) {
		return nil
	}
	for _, m := range log.knownConnsAt(l) {
		if s.to.Kernel == contract.EveryKernel || slices.Contains(m.Names[log.Side.Other()], s.to.Kernel) {
			own := s
			own.on = m
			own.due = s.due && log.wentOnSending(m, l.Command.Answer.At.Time)
			out = append(out, &own)
		}
	}
	if len(out) > 1 { // of some it may be that they are over
		for _, own := range out {
			own.due = false
		}
	}
	return out
}

// knownConnsAt is connsAt, with connections on which the kernel has said nothing but its name.
func (log *driverLog) knownConnsAt(l *dialogue.ControlLine) (out []*judge.ConnRecord) {
	given := log.givenNames()
	for _, m := range log.Conns {
		own := m.Frames[log.Side] > 0 || slices.ContainsFunc(given, func(names []string) bool {
			return slices.Contains(m.Names[log.Side], names[0])
		})
		over := m.Over()
		if own && m.Complete && !m.Unreached && !m.Opened.After(l.At.Time) && (over.IsZero() || !over.Before(l.Command.Answer.At.Time)) {
			out = append(out, m)
		}
	}
	return out
}

// wentOnSending tells whether a connection lasted for long enough after a time, or more requests
// were sent on it: what was to be sent before is not to be missing then.
func (log *driverLog) wentOnSending(m *judge.ConnRecord, since time.Time) bool {
	over := m.Over()
	return over.IsZero() || over.After(since.Add(contract.DriverDelay)) || slices.ContainsFunc(m.Exchanges, func(x *dialogue.Exchange) bool {
		return x.Request.Frame.From == log.Side && x.Request.Frame.At.Time.After(since)
	})
}

// liteSending is what a method of a ClientLite is to send.
func (log *driverLog) liteSending(l *dialogue.ControlLine) []*sending {
	var f driver.LiteMessage
	if l.Command.Decode(&f) != nil {
		return nil
	}
	to, err := specifier.Parse(f.To)
	if err != nil || to.Arg != "" {
		return nil
	}
	s := &sending{line: l, lite: true, to: to, args: []*perl.Value{f.Params.V}, call: l.Command.Name == "lite-call"}
	for _, m := range log.Conns { // the last that there was
		if m.Complete && !m.Unreached && !m.Opened.After(l.Command.Answer.At.Time) {
			s.on = m
		}
	}
	if s.on == nil {
		return nil
	}
	if l.Command.Name == "lite-post-respond" {
		s.args = nil
	}
	s.due = log.liteConnected(l) && !log.liteLost(l)
	return []*sending{s}
}

// isLite tells whether the driver has a ClientLite, and no kernel that is connected.
func (log *driverLog) isLite() bool {
	return len(log.commands("lite-connect")) > 0 && len(log.commands("listen", "connect")) == 0
}

// givenNames are the name and aliases that the kernel was told to have, each time that it was.
func (log *driverLog) givenNames() (out [][]string) {
	for _, l := range log.commands("listen", "connect") {
		var f driver.Connect
		if l.Command.Decode(&f) == nil && f.Name != "" {
			out = append(out, append([]string{f.Name}, f.Aliases...))
		}
	}
	return out
}

// process is the process of the driver, "" if it did not tell.
func (log *driverLog) process() string {
	for _, l := range log.commands("hello") {
		var f driver.Hello
		if !l.Command.Failed() && json.Unmarshal(l.Command.Answer.Answer.OK, &f) == nil && f.PID != 0 {
			return strconv.Itoa(f.PID)
		}
	}
	return ""
}

// addresses are those at which the kernel told that it listens, nil if others may know it by
// another than one of them.
func (log *driverLog) addresses() (out []string) {
	for _, l := range log.commands("listen") {
		var f driver.Listening
		if l.Command.Failed() || json.Unmarshal(l.Command.Answer.Answer.OK, &f) != nil {
			continue
		}
		at, err := netip.ParseAddrPort(f.Address)
		if err != nil || !at.Addr().IsLoopback() {
			return nil
		}
		out = append(out, f.Address)
	}
	return out
}
