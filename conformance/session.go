package conformance

import (
	"sort"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

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
	// ReplyState is what the state "sender" posts back.
	ReplyState = "reply"
	// ClientSession is the session by which a driven kernel asks others.
	ClientSession = SessionAlias + "-client"
	// OnceState is a state of ClientSession that is not published: the rsvp of a call that is answered twice.
	OnceState = "once"
	// CrowdSession is a session that several connections ask at the same time, and SlowSession one of which a state takes time.
	CrowdSession, SlowSession = SessionAlias + "-crowd", SessionAlias + "-slow"
	// Namesake is a name that several kernels go by, NamesakeSession a session that what is posted to them is for.
	Namesake, NamesakeSession = "ConformNamesake", SessionAlias + "-namesake"
	// FirstGone is what is posted to Namesake when the first of them is gone, AnotherCame when another has come.
	FirstGone, AnotherCame = "the first is gone", "another has come"
	// SlowState takes SlowFor and is an echo then.
	SlowState = "slow"
	// LocalMark is what a kernel sends to itself: never over a connection.
	LocalMark = "to itself"
	// LastWords is what a kernel posts before it is shut down.
	LastWords = "last words"
)

// SlowFor is how long SlowState takes.
const SlowFor = 100 * time.Millisecond

// SessionStates are the states of the conformance session. All but HiddenState and RetractedState are published.
func SessionStates() map[string]driver.Action {
	return map[string]driver.Action{
		"echo":      driver.Echo(),
		"args":      driver.Args(),
		"list":      driver.List(SessionList()...),
		"zero":      driver.Return(perl.NewBytes("0")),
		"empty":     driver.Return(perl.NewBytes("")),
		"undef":     driver.Undef(),
		"nothing":   driver.Nothing(),
		"count":     driver.Count(),
		"sender":    driver.Sender(ReplyState, 0),
		"respond":   driver.Respond(),
		HiddenState: driver.Echo(),

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

// alwaysAnswers tells whether a state is known to return a defined value, whatever it is given.
func alwaysAnswers(session, state string) bool {
	switch session {
	case "IKC":
		return state == "ping"
	case SessionAlias:
		switch state {
		case "args", "list", "zero", "empty", "count":
			return true
		}
	}
	return false
}
