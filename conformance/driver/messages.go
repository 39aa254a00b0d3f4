package driver

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// ProtocolVersion is the version of the protocol that this package speaks.
const ProtocolVersion = 1

// Hello is what a driver says of itself.
type Hello struct {
	Protocol       int               `json:"protocol"`
	Driver         string            `json:"driver"`
	Implementation string            `json:"implementation"`
	Release        string            `json:"release"`
	Versions       map[string]string `json:"versions,omitempty"`
	PID            int               `json:"pid,omitempty"`
	Kernel         string            `json:"kernel,omitempty"` // the id of its kernel, if known yet
	Capabilities   []string          `json:"capabilities"`
	Protocols      []string          `json:"protocols,omitempty"`
	Serializers    []string          `json:"serializers,omitempty"`
	Commands       []string          `json:"commands,omitempty"`
	Actions        []string          `json:"actions,omitempty"`
	Monitors       []string          `json:"monitors,omitempty"`
	Booleans       bool              `json:"booleans,omitempty"` // booleans stay apart from strings
	Integers       int               `json:"integers,omitempty"` // the bits of an integer, 32 or 64; 64 if 0
}

// SessionPublished is the capability of a driver whose server has the conformance session (see
// 'ikc-conform list --session') published from the start, and that has no command session.
const SessionPublished = "session"

// Has tells whether the driver declared a capability.
func (h *Hello) Has(capability string) bool { return slices.Contains(h.Capabilities, capability) }

// HasProtocol tells whether the driver can negotiate a protocol, IKC or IKC0.
func (h *Hello) HasProtocol(protocol string) bool { return slices.Contains(h.Protocols, protocol) }

// HasMonitor tells whether the driver can monitor an event.
func (h *Hello) HasMonitor(event string) bool { return slices.Contains(h.Monitors, event) }

// HasCommand tells whether the driver may know a command: it does not say what it knows, or knows
// that one.
func (h *Hello) HasCommand(name string) bool {
	return len(h.Commands) == 0 || slices.Contains(h.Commands, name)
}

// Listen asks a driver to listen for connections.
type Listen struct {
	Name     string   `json:"name"`
	Aliases  []string `json:"aliases,omitempty"`
	Protocol string   `json:"protocol,omitempty"` // IKC0 or IKC; the implementation's default if ""
	Address  string   `json:"address,omitempty"`  // host:port; 127.0.0.1:0 if "" and there is no Unix
	Unix     string   `json:"unix,omitempty"`     // path of a socket
}

// Listening is where a driver listens: one of the two.
type Listening struct {
	Address string `json:"address,omitempty"`
	Unix    string `json:"unix,omitempty"`
}

// Connect asks a driver to connect and negotiate.
type Connect struct {
	Name        string   `json:"name"`
	Aliases     []string `json:"aliases,omitempty"`
	Protocol    string   `json:"protocol,omitempty"`
	Address     string   `json:"address,omitempty"`
	Unix        string   `json:"unix,omitempty"`
	Serializers []string `json:"serializers,omitempty"`
	Subscribe   []string `json:"subscribe,omitempty"` // specifiers to subscribe to before it is connected
	Timeout     float64  `json:"timeout,omitempty"`   // seconds; 10 if 0
}

// Connected says to whom.
type Connected struct {
	Kernel string `json:"kernel,omitempty"`
}

// Session asks a driver for a session of scripted states, or for more states of one that it has.
type Session struct {
	Session string            `json:"session"`
	States  map[string]Action `json:"states"`
	Publish *[]string         `json:"publish,omitempty"` // all of States if nil
}

// Publication names states of a session to publish or retract.
type Publication struct {
	Session string   `json:"session"`
	States  []string `json:"states"`
}

// Post asks a driver to post to a remote state.
type Post struct {
	To      string      `json:"to"`
	Params  typed.Value `json:"params"`
	Session string      `json:"session,omitempty"` // the sender; a nameless one if ""
}

// ProxyPost asks a driver to post to the proxy of a session that it has subscribed to. Any number
// of arguments travels that way.
type ProxyPost struct {
	To      string        `json:"to"` // as subscribed: poe://kernel/session
	State   string        `json:"state"`
	Args    []typed.Value `json:"args,omitempty"`
	Session string        `json:"session,omitempty"`
}

// Call asks a driver to call a remote state.
type Call struct {
	To      string      `json:"to"`
	Params  typed.Value `json:"params"`
	RSVP    string      `json:"rsvp"`
	Session string      `json:"session,omitempty"`
}

// Sent says to how many kernels. Nil if the implementation does not know.
type Sent struct {
	Count *int `json:"count,omitempty"`
}

// Subscribe asks a driver to subscribe; Unsubscribe to end that.
type Subscribe struct {
	Specifiers []string `json:"specifiers"`
	Session    string   `json:"session,omitempty"`
}

// Accepted are the specifiers whose subscription was accepted.
type Accepted struct {
	Accepted []string `json:"accepted"`
}

// Monitor asks a driver to monitor a kernel.
type Monitor struct {
	Kernel string   `json:"kernel"` // name, alias, id, or *
	Events []string `json:"events"` // none: no longer
}

// LiteConnect asks a driver to connect a ClientLite.
type LiteConnect struct {
	Name       string  `json:"name"`
	Address    string  `json:"address"`
	Protocol   string  `json:"protocol,omitempty"`
	Serializer string  `json:"serializer,omitempty"`
	Timeout    float64 `json:"timeout,omitempty"`
}

// LiteConnected is the answer to a LiteConnect.
type LiteConnected struct {
	// PID is the process that the ClientLite is in, 0 if that is not told.
	PID int `json:"pid,omitempty"`
}

// LiteMessage is what a ClientLite posts or calls with.
type LiteMessage struct {
	To      string      `json:"to"`
	Params  typed.Value `json:"params"`
	Context string      `json:"context,omitempty"` // of a call: scalar or list; scalar if ""
}

// LiteResponded asks a ClientLite to wait for a post to one of its states.
type LiteResponded struct {
	State   string `json:"state"`
	Context string `json:"context,omitempty"`
}

// LiteResult is what a ClientLite got: Value in scalar context, Values in list context.
type LiteResult struct {
	Value  *typed.Value  `json:"value,omitempty"`
	Values []typed.Value `json:"values,omitempty"`
}

// LiteSent tells whether a ClientLite could send its post.
type LiteSent struct {
	Sent bool `json:"sent"`
}

// LiteAlive is the result of a ClientLite's ping.
type LiteAlive struct {
	Alive bool `json:"alive"`
}

// Action says what a scripted state does.
type Action struct {
	Do      string        `json:"do"`
	Value   *typed.Value  `json:"value,omitempty"`
	Values  []typed.Value `json:"values,omitempty"`
	State   string        `json:"state,omitempty"`
	After   float64       `json:"after,omitempty"` // seconds
	Message string        `json:"message,omitempty"`
	Sleep   float64       `json:"sleep,omitempty"` // seconds that the state takes before it does it
}

// Echo returns its first argument.
func Echo() Action { return Action{Do: "echo"} }

// Return returns v.
func Return(v *perl.Value) Action { return Action{Do: "return", Value: &typed.Value{V: v}} }

// List returns a list.
func List(vs ...*perl.Value) Action { return Action{Do: "list", Values: typed.Wrap(vs)} }

// Args returns a reference to an array of all arguments.
func Args() Action { return Action{Do: "args"} }

// Nothing returns the empty list.
func Nothing() Action { return Action{Do: "nothing"} }

// Undef returns undef.
func Undef() Action { return Action{Do: "undef"} }

// Count returns how often the state has run.
func Count() Action { return Action{Do: "count"} }

// Sender posts state with the first argument to whoever sent it, at once or later.
func Sender(state string, after time.Duration) Action {
	return Action{Do: "sender", State: state, After: after.Seconds()}
}

// Respond takes [params, rsvp] and posts params to rsvp.
func Respond() Action { return Action{Do: "respond"} }

// Die dies.
func Die(message string) Action { return Action{Do: "die", Message: message} }

// Slow makes the state take time before it does what a says.
func (a Action) Slow(d time.Duration) Action { a.Sleep = d.Seconds(); return a }

// Event is something that happened in a driver.
type Event struct {
	Kind string          // state, monitor, error, or what a later version of the protocol adds
	Time time.Time       // when the harness read it
	Raw  json.RawMessage // the line

	Args []*perl.Value // state: ARG0 on; monitor: what comes after the data

	Session string // state
	State   string // state
	Context string // state: void, scalar or list, "" if unknown
	Sender  bool   // state: the sender is a kernel's proxy

	Kernel string // monitor: what was monitored
	About  string // monitor: the id or alias concerned
	Real   bool   // monitor: About is the id
	What   string // monitor: register, unregister, ...

	Operation string // error
	Number    int    // error
	Message   string // error
}

// String shows e as the line that it came in, for people.
func (e Event) String() string {
	if len(e.Raw) > 0 {
		return string(e.Raw)
	}
	line, err := e.MarshalJSON()
	if err != nil {
		return e.Kind + " event: " + err.Error()
	}
	return string(line)
}

// eventLine is an Event as a line.
type eventLine struct {
	Event string `json:"event"`

	Args []typed.Value `json:"args"`

	Session string `json:"session,omitempty"`
	State   string `json:"state,omitempty"`
	Context string `json:"context,omitempty"`
	Sender  *bool  `json:"sender,omitempty"`

	Kernel string `json:"kernel,omitempty"`
	About  string `json:"about,omitempty"`
	Real   *bool  `json:"real,omitempty"`
	What   string `json:"what,omitempty"`

	Operation string `json:"operation,omitempty"`
	Number    *int   `json:"number,omitempty"`
	Message   string `json:"message,omitempty"`
}

// MarshalJSON writes the line of e.
func (e Event) MarshalJSON() ([]byte, error) {
	l := eventLine{Event: e.Kind, Args: typed.Wrap(e.Args),
		Session: e.Session, State: e.State, Context: e.Context,
		Kernel: e.Kernel, About: e.About, What: e.What, Operation: e.Operation, Message: e.Message}
	switch e.Kind {
	case EventState:
		l.Sender = &e.Sender
	case EventMonitor:
		l.Real = &e.Real
	case EventError:
		l.Args, l.Number = nil, &e.Number
	}
	return json.Marshal(l)
}

// UnmarshalJSON reads a line. Events of a kind that is not known have Kind and Raw only.
func (e *Event) UnmarshalJSON(b []byte) error {
	*e = Event{Raw: bytes.Clone(bytes.Trim(b, " \t\r\n"))}
	var l eventLine
	var kind struct {
		Event string `json:"event"`
	}
	err := json.Unmarshal(b, &l)
	if kind.Event = l.Event; err != nil { // which matters in the kinds that are known only
		if bad := json.Unmarshal(b, &kind); bad != nil {
			return bad
		}
	}
	switch e.Kind = kind.Event; e.Kind {
	case EventState, EventMonitor, EventError:
	default:
		return nil
	}
	if err != nil {
		return err
	}
	e.Args = typed.Unwrap(l.Args)
	e.Session, e.State, e.Context = l.Session, l.State, l.Context
	e.Kernel, e.About, e.What = l.Kernel, l.About, l.What
	e.Operation, e.Message = l.Operation, l.Message
	e.Sender = l.Sender != nil && *l.Sender
	e.Real = l.Real != nil && *l.Real
	if l.Number != nil {
		e.Number = *l.Number
	}
	return nil
}
