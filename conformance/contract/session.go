package contract

import (
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HarnessSession tells whether a session is one of those that harnesses make.
func HarnessSession(session string) bool { return strings.HasPrefix(session, SessionAlias) }

// CountOf is the count that the state "count" answered with.
func CountOf(x *dialogue.Exchange) int64 {
	v := x.Answers[0].Params()
	if list, ok := walk.Elems(v); ok && x.Request.WantArray && len(list) == 1 {
		v = list[0]
	}
	return IntegerOf(v)
}

// IntegerOf is a value as an integer: FreezeThaw makes strings of numbers.
func IntegerOf(v *perl.Value) int64 {
	n := v.Int()
	if s, ok := v.AsString(); ok {
		n, _ = strconv.ParseInt(s, 10, 64)
	}
	return n
}

// Published tells what is known of a session and state without asking: whether every target, or
// one with the conformance session, has published them.
func Published(session, state string) (yes, known bool) {
	switch session {
	case wire.SessionIKC:
		return state == "" || slices.Contains([]string{wire.StatePing, wire.StateHave, wire.StateRemoteError}, state), true
	case AbsentSession:
		return false, true
	case SessionAlias:
		return state == "" || slices.Contains(sessionPublishes(), state), true
	}
	return false, false
}

// sessionPublishes is PublishedStates, made once.
var sessionPublishes = sync.OnceValue(PublishedStates)

// EveryKernel is what a monitor of all kernels monitors.
const EveryKernel = "*"

// The conformance session: states of known behaviour that a target publishes, so that what comes
// back can be judged. Checks know it by these names, which nobody else is likely to use.
const (
	// SessionAlias is the session.
	SessionAlias = "ikc-conform"
	// AbsentSession is a session that no target has.
	AbsentSession = "ikc-conform-absent"
	// HiddenState is a state of the session that is not published.
	HiddenState = "hidden"
	// RetractedState is a state that was published, and retracted before anybody connected.
	RetractedState = "retracted"
	// ProbeSession is the session that probes say they are.
	ProbeSession = "probe"
	// EchoState returns what it is given, SenderState posts it to its sender, and RespondState posts
	// the first part of it to the second.
	EchoState, SenderState, RespondState = "echo", "sender", "respond"
	// ReplyState is what the state "sender" posts back.
	ReplyState = "reply"
	// ClientSession is the session by which a driven kernel asks others.
	ClientSession = SessionAlias + "-client"
	// AnswerState is a state of ClientSession that is not published: the rsvp of calls.
	AnswerState = "answer"
	// OnceState is another: the rsvp of a call that is answered twice.
	OnceState = "once"
	// CrowdSession is a session that several connections ask at the same time, and SlowSession one
	// of which a state takes time.
	CrowdSession, SlowSession = SessionAlias + "-crowd", SessionAlias + "-slow"
	// Namesake is a name that several kernels go by, NamesakeSession a session that what is posted
	// to them is for.
	Namesake, NamesakeSession = "ConformNamesake", SessionAlias + "-namesake"
	// SlowState takes SlowFor and is an echo then.
	SlowState = "slow"
)

// SessionStates are the states of the conformance session. All but HiddenState and RetractedState
// are published.
func SessionStates() map[string]driver.Action {
	return map[string]driver.Action{
		EchoState:    driver.Echo(),
		"args":       driver.Args(),
		"list":       driver.List(SessionList()...),
		"zero":       driver.Return(perl.NewBytes("0")),
		"empty":      driver.Return(perl.NewBytes("")),
		"undef":      driver.Undef(),
		"nothing":    driver.Nothing(),
		"count":      driver.Count(),
		SenderState:  driver.Sender(ReplyState, 0),
		RespondState: driver.Respond(),
		HiddenState:  driver.Echo(),

		RetractedState: driver.Echo(),
	}
}

// SessionList is what the state "list" returns.
func SessionList() []*perl.Value {
	return []*perl.Value{perl.NewInt(1), perl.NewBytes("two"), perl.NewInt(3)}
}

// PublishedStates are the names of those that are published.
func PublishedStates() []string {
	var names []string
	for name := range SessionStates() {
		if name != HiddenState && name != RetractedState {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}

// AlwaysAnswers tells whether a state is known to return a defined value, whatever it is given.
func AlwaysAnswers(session, state string) bool {
	switch session {
	case wire.SessionIKC:
		return state == wire.StatePing
	case SessionAlias:
		switch state {
		case "args", "list", "zero", "empty", "count":
			return true
		}
	}
	return false
}
