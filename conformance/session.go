package conformance

import "github.com/perl-ikc/ikc-conform/reference/perl"

// The conformance session: states of known behaviour that a target publishes, so that what comes
// back can be judged. Checks know it by these names, which nobody else is likely to use.
const (
	// SessionAlias is the session.
	SessionAlias = "ikc-conform"
	// AbsentSession is a session that no target has.
	AbsentSession = "ikc-conform-absent"
	// HiddenState is a state of the session that is not published.
	HiddenState = "hidden"
	// ReplyState is what the state "sender" posts back.
	ReplyState = "reply"
)

// Action is what a scripted state does; see DRIVER.md.
type Action struct {
	Do     string
	Value  *perl.Value
	Values []*perl.Value
	State  string
}

// SessionStates are the states of the conformance session. All but HiddenState are published.
func SessionStates() map[string]Action {
	return map[string]Action{
		"echo":      {Do: "echo"},
		"args":      {Do: "args"},
		"list":      {Do: "list", Values: SessionList()},
		"zero":      {Do: "return", Value: perl.NewBytes("0")},
		"empty":     {Do: "return", Value: perl.NewBytes("")},
		"undef":     {Do: "undef"},
		"nothing":   {Do: "nothing"},
		"count":     {Do: "count"},
		"sender":    {Do: "sender", State: ReplyState},
		"respond":   {Do: "respond"},
		HiddenState: {Do: "echo"},
	}
}

// SessionList is what the state "list" returns.
func SessionList() []*perl.Value {
	return []*perl.Value{perl.NewInt(1), perl.NewBytes("two"), perl.NewInt(3)}
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
