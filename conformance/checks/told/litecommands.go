package told

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// onLiteCommands judges what methods of a ClientLite did, of those of the names given.
func onLiteCommands(look func(t *judge.Trial, log *driverLog, c *liteCommand), names ...string) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		for _, c := range log.liteCommands() {
			if slices.Contains(names, c.name) {
				look(t, log, c)
			}
		}
	})
}

// onLiteAnswers judges calls of a ClientLite that were answered, in one context.
func onLiteAnswers(list bool) judge.Predicate {
	return onLiteCommands(func(t *judge.Trial, _ *driverLog, c *liteCommand) {
		if c.list != list || c.sent == nil || len(c.sent.Answers) == 0 {
			return
		}
		answer := c.sent.Answers[0]
		if c.line.Command.Failed() && c.late(answer.Frame.At.Time) {
			return
		}
		want := c.expect(answer.Params())
		values, ok := c.result()
		t.HoldFunc(ok && sameArgs(want, values), c.line.Command.Answer, func() (string, string) { return showArgs(want), c.returns() })
	}, "lite-call")
}

// closing is how long after a disconnect a connection may be seen to end.
const closing = 500 * time.Millisecond

// liteCommand is a method of a ClientLite that was called, and the request that it sent.
type liteCommand struct {
	line    *dialogue.ControlLine
	name    string
	to      specifier.Specifier
	list    bool // it was called in list context
	timeout time.Duration
	sent    *exchanged // nil if the capture shows none
}

// params are what the method was given.
func (c *liteCommand) params() *perl.Value {
	var f driver.LiteMessage
	_ = c.line.Command.Decode(&f)
	return f.Params.V
}

// took is how long the method took.
func (c *liteCommand) took() time.Duration {
	return c.line.Command.Answer.At.Time.Sub(c.line.At.Time)
}

// lateness is how long it may take on a busy machine until a ClientLite sees what came.
const lateness = time.Second

// late tells whether something came so late that the time of the method may have been over: that it
// was not there in time for the method is then no fault of the ClientLite.
func (c *liteCommand) late(came time.Time) bool {
	began := c.line.At.Time
	if c.sent != nil { // it may have had to connect before
		began = c.sent.Request.Frame.At.Time
	}
	return c.took() >= c.timeout && came.After(began.Add(c.timeout-lateness))
}

// failedEarly tells whether the method failed before its time was over.
func (c *liteCommand) failedEarly() bool { return c.line.Command.Failed() && c.took() < c.timeout }

// result is what the method returned, one value in scalar context; ok is false if it failed.
func (c *liteCommand) result() (values []*perl.Value, ok bool) {
	if c.line.Command.Failed() {
		return nil, false
	}
	var r driver.LiteResult
	if json.Unmarshal(c.line.Command.Answer.Answer.OK, &r) != nil {
		return nil, false
	}
	if c.list {
		return typed.Unwrap(r.Values), true
	}
	if r.Value == nil {
		return []*perl.Value{perl.NewUndef()}, true
	}
	return []*perl.Value{r.Value.V}, true
}

// returns says what the method returned, for a finding.
func (c *liteCommand) returns() string {
	values, ok := c.result()
	if !ok && c.line.Command.Failed() {
		return "it failed: " + c.line.Command.Answer.Answer.Error.Message
	}
	return showArgs(values)
}

// expect is what a method returns of params that came: in list context the elements of an array.
// Source: ClientLite _response.
func (c *liteCommand) expect(params *perl.Value) []*perl.Value {
	if c.list && params.Kind() == perl.Ref && params.Target().Kind() == perl.Array && params.Target().Class() == "" {
		return params.Target().Elems()
	}
	return []*perl.Value{params}
}

// rsvpState is the state that a post_respond waits for, "" if its params do not say.
func (c *liteCommand) rsvpState() string {
	asked, ok := walk.Elems(c.sent.Request.Params())
	if !ok || len(asked) < 2 || asked[1].Kind() != perl.Ref {
		return ""
	}
	return asked[1].Target().Get("state").Str()
}

// timeoutOf is how long a ClientLite was told to wait.
func timeoutOf(f driver.LiteConnect) time.Duration {
	return time.Duration(f.Timeout * float64(time.Second))
}

// liteTimeout is how long the ClientLite waits that was there when a command was given.
func (log *driverLog) liteTimeout(at *dialogue.ControlLine) (timeout time.Duration) {
	for _, l := range log.commands("lite-connect") {
		var f driver.LiteConnect
		if l.At.Time.Before(at.At.Time) && l.Command.Decode(&f) == nil {
			timeout = timeoutOf(f)
		}
	}
	return timeout
}

// liteBefore is what a ClientLite was told before something, nil if that was the first.
func (log *driverLog) liteBefore(l *dialogue.ControlLine) *dialogue.ControlLine {
	for _, before := range slices.Backward(log.Lines[:slices.Index(log.Lines, l)]) {
		if before.Command != nil && strings.HasPrefix(before.Command.Name, "lite-") {
			return before
		}
	}
	return nil
}

// liteConnected tells whether a ClientLite surely had a connection when it was told something: what
// it was told before came to something. If that failed, because the machine was busy or for
// whatever reason, it may have none.
func (log *driverLog) liteConnected(l *dialogue.ControlLine) bool {
	before := log.liteBefore(l)
	if before == nil || before.Command.Answer == nil || before.Command.Failed() {
		return false
	}
	answer := before.Command.Answer.Answer.OK
	switch before.Command.Name {
	case "lite-disconnect":
		return false
	case "lite-ping":
		var alive driver.LiteAlive
		return json.Unmarshal(answer, &alive) == nil && alive.Alive
	case "lite-post":
		var sent driver.LiteSent
		return json.Unmarshal(answer, &sent) == nil && sent.Sent
	}
	return true
}

// liteLost tells whether the other side ended a connection while a ClientLite did something, or
// what it was told before.
func (log *driverLog) liteLost(l *dialogue.ControlLine) bool {
	since := l.At.Time
	if before := log.liteBefore(l); before != nil {
		since = before.At.Time
	}
	return slices.ContainsFunc(log.Conns, func(m *judge.ConnRecord) bool {
		end, own := m.Ended[log.Side.Other()], m.Ended[log.Side]
		return end.After(since) && end.Before(l.Command.Answer.At.Time) && (own.IsZero() || end.Before(own))
	})
}

// reportedOn tells whether an error report came while a ClientLite did something, or what it was
// told before.
func (log *driverLog) reportedOn(l *dialogue.ControlLine) bool {
	since := l.At.Time
	if before := log.liteBefore(l); before != nil {
		since = before.At.Time
	}
	return slices.ContainsFunc(log.Conns, func(m *judge.ConnRecord) bool {
		return slices.ContainsFunc(m.Reports, func(r *dialogue.Message) bool {
			at := r.Frame.At.Time
			return r.Frame.From != log.Side && at.After(since) && at.Before(l.Command.Answer.At.Time)
		})
	})
}

// liteSpawn is a ClientLite that was to be made.
type liteSpawn struct {
	line  *dialogue.ControlLine
	asked driver.LiteConnect
	met   *judge.ConnRecord // the connection, nil if the capture shows none
}

// outcome says what came of it, for a finding.
func (s *liteSpawn) outcome() string {
	if e := s.line.Command.Answer.Answer.Error; e != nil {
		return e.Message
	}
	return "it was connected"
}

// onLiteSpawns judges what came of making ClientLites.
func onLiteSpawns(look func(t *judge.Trial, s *liteSpawn)) judge.Predicate {
	return onLog(func(t *judge.Trial, log *driverLog) {
		for _, l := range log.commands("lite-connect") {
			s := &liteSpawn{line: l}
			if l.Command.Decode(&s.asked) != nil {
				continue
			}
			for _, m := range log.Conns {
				if !m.Opened.Before(l.At.Time) && !m.Opened.After(l.Command.Answer.At.Time) {
					s.met = m
				}
			}
			look(t, s)
		}
	})
}

// liteCommands are the calls of a ClientLite's methods that send, in order, each with its request.
// A ClientLite does one thing after the other, so what it was asked for and what it sent are in the
// same order.
func (log *driverLog) liteCommands() (out []*liteCommand) {
	sent := log.wire(func(m *dialogue.Message) bool { return m.Frame.From == log.Side && !m.IsLitePing() })
	var timeout time.Duration
	for _, l := range log.commands("lite-connect", "lite-call", "lite-post", "lite-post-respond") {
		if l.Command.Name == "lite-connect" {
			var f driver.LiteConnect
			if l.Command.Decode(&f) == nil {
				timeout = timeoutOf(f)
			}
			continue
		}
		var f struct{ Context string } // and not params, which may be large
		if l.Command.Decode(&f) != nil {
			continue
		}
		to, err := specifier.Parse(l.Command.To)
		if err != nil {
			continue
		}
		c := &liteCommand{line: l, name: l.Command.Name, to: to, list: f.Context == driver.ContextList, timeout: timeout}
		for i := range sent {
			r := sent[i].Request
			if r.To.Session == to.Session && r.To.State == to.State && r.IsCall() == (c.name == "lite-call") && !r.Frame.At.Time.Before(l.At.Time) {
				c.sent, sent = &sent[i], sent[i+1:]
				break
			}
		}
		out = append(out, c)
	}
	return out
}

// postedTo are the posts that came to a state of the ClientLite, in order.
func (log *driverLog) postedTo(state string) []exchanged {
	return log.wire(func(m *dialogue.Message) bool {
		return m.Frame.From != log.Side && m.To.Session == wire.SessionIKCLite && m.To.State == state
	})
}
