package gen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options say what of a capture is read.
type Options struct {
	// Kernel chooses the sessions of the kernel that has this name, be it its id, an alias or an
	// address, "" those of all.
	Kernel string
	// Keep tells which connections and messages are read, nil for all.
	Keep func(*dialogue.Connection, dialogue.Item) bool
}

// Bounds of what is kept of captures. What is beyond them is left out, and counted.
const (
	maxStates        = 500
	maxShapes        = 50_000  // places in values, of all states
	maxExamples      = 16      // of a state
	maxExampleOctets = 8 << 10 // of one value, as JSON
	maxExampleTotal  = 1 << 20 // octets of all
	maxKernels       = 8       // that are told apart, of a session
)

// Interface is what captures show of sessions.
type Interface struct {
	sessions map[string]*session
	states   int
	shapes   *shaper
	apart    *shaper // of the shapes that are kept for each kernel
	kernel   string  // see Options
	examples int     // octets of them

	// Of it was left out: requests to states beyond the bound, or whose names no specifier can hold;
	// examples that are too many or too long; answers that may be for several requests.
	leftStates, leftNames, leftExamples, unsure int
	// Connections of IKC of which something is not in the capture, and why.
	joined, gaps, doubtful, open int
	unknown                      int // requests of which it is not known what came back
	end                          error
}

// session is a session that was asked for something.
type session struct {
	name    string
	kernels []string // that had it, by the names that their programs chose
	states  map[string]*state
}

// state is a state of a session.
type state struct {
	name                     string
	calls, posts, requests   int // of them, requests ask by post
	answered, silent, errors int
	refused                  int // of the errors: it was not published
	most                     int // arguments of one request

	raw      *shape // of the first argument, which of requests by post is [params, rsvp]
	params   *shape // of their params
	answer   *shape // of what came back, but for lists
	list     bool   // lists came back
	examples []example
	kernels  map[string]*atKernel // by the names in the session
}

// example is a request, with what came back.
type example struct {
	byPost bool
	params string // as typed JSON
	raw    string // the same, as the message has it
	answer string // "" if there was none
	list   bool   // the answer is a list of several values, or of none
}

// Read reads what is asked in a capture. The error is that of the capture; what was read by then is
// there all the same, see Incomplete.
func Read(events dialogue.Source, opts Options) (*Interface, error) {
	i := newInterface()
	i.kernel = opts.Kernel
	err := dialogue.ReadParts(events, dialogue.Options{Related: true}, dialogue.Window{}, func(part *dialogue.Part) {
		c := part.Connection
		if !c.IsIKC || c.Control != nil {
			return
		}
		if part.Last {
			i.whole(c)
		}
		for _, x := range part.Exchanges {
			if opts.Keep == nil || opts.Keep(c, x.Request.Frame) {
				i.exchange(c, x)
			}
		}
	})
	i.end = err
	return i, err
}

// whole counts a connection of which something is not in the capture, for the first reason.
func (i *Interface) whole(c *dialogue.Connection) {
	switch {
	case c.Joined:
		i.joined++
	case c.Gaps:
		i.gaps++
	case c.Doubtful:
		i.doubtful++
	case c.Cut:
		i.open++
	}
}

// Incomplete says what of the captured conversations is not in the capture, so that it is not in
// the package: nil if they are whole.
func (i *Interface) Incomplete() (list []string) {
	for _, missing := range []struct {
		n    int
		text string
	}{
		{i.joined, "the start of %d connections, which is not in the capture"},
		{i.gaps, "octets of %d connections, which are not in the capture, and the messages that they are of"},
		{i.doubtful, "octets of %d connections, which the capture has twice with different contents: the first are taken"},
		{i.open, "the end of %d connections, which is not in the capture"},
		{i.unknown, "what came back for %d requests, which may be in what is not in the capture"},
	} {
		if missing.n > 0 {
			list = append(list, fmt.Sprintf(missing.text, missing.n))
		}
	}
	if i.end != nil {
		list = append(list, fmt.Sprintf("the rest of the capture: %v", i.end))
	}
	return list
}

func newInterface() *Interface {
	return &Interface{sessions: map[string]*session{}, shapes: &shaper{left: maxShapes}, apart: &shaper{left: maxShapes}}
}

// exchange reads a request and what came back.
func (i *Interface) exchange(c *dialogue.Connection, x *dialogue.Exchange) {
	m := x.Request
	to := m.To
	asked := m.Frame.From.Other()
	switch {
	case i.kernel != "" && i.kernel != to.Kernel && !slices.Contains(c.Negotiation.Names(asked), i.kernel):
		return // it was not chosen
	case to.Session == "" || to.State == "" || to.Session == wire.SessionIKC || to.Session == wire.SessionIKCLite:
		return // of no program
	case m.Relation != nil && m.Relation.Kind == dialogue.Response:
		return // it is what came back
	case !callable(to):
		i.leftNames++
		return
	}
	s := i.state(to.Session, to.State)
	if s == nil {
		i.leftStates++
		return
	}
	asking := c.Negotiation.Names(m.Frame.From)
	at := i.sessions[to.Session].at(s, cmp.Or(dialogue.ChosenName(c.Negotiation.Peers[asked], c.Negotiation.Dialect), to.Kernel))
	args := m.Args()
	s.most = max(s.most, len(args))
	e := example{}
	var param *perl.Value
	if len(args) > 0 {
		param = args[0]
	}
	raw := param
	if _, ok := x.ByPost(); ok {
		if pair := param.Target().Elems(); len(pair) == 2 {
			s.requests++
			s.raw.pairs++
			e.byPost, param = true, pair[0]
		}
	}
	if m.Kind == dialogue.Call {
		s.calls++
	} else {
		s.posts++
	}
	if e.byPost {
		i.shapes.add(s.params, param, asking...)
	}
	i.shapes.add(s.raw, raw, asking...)
	i.apart.add(at.params, param)
	refused := s.refused
	answer := i.outcome(c, s, x, e.byPost)
	at.refused += s.refused - refused
	if answer != nil {
		s.answered++
		if m.Kind == dialogue.Call && m.WantArray {
			answer, e.list = one(answer)
		}
		if e.list {
			s.list = true
		} else {
			i.shapes.add(s.answer, answer, c.Negotiation.Names(asked)...)
			i.apart.add(at.answer, answer)
		}
	}
	i.example(s, e, param, raw, answer)
}

// callable tells whether a string can name a state, and no long one: Perl can send a hash with any
// names.
func callable(to specifier.Specifier) bool {
	want := specifier.Specifier{Session: to.Session, State: to.State}
	got, err := specifier.Parse(want.String())
	return err == nil && got == want && len(to.Session) <= maxKey && len(to.State) <= maxKey
}

// outcome counts what came of a request, and returns the answer, nil if there was none.
func (i *Interface) outcome(c *dialogue.Connection, s *state, x *dialogue.Exchange, byPost bool) *perl.Value {
	outcome := x.Outcome()
	switch {
	case len(x.Errors) > 0:
		s.errors++
		if dialogue.Refuses(wire.ParseRemoteError(x.Errors[0].Params())) {
			s.refused++
		}
	case outcome == dialogue.Unsure:
		i.unsure++
	case outcome == dialogue.Replied && byPost && x.Response != nil:
		return orUndef(x.Response.Params())
	case outcome == dialogue.Replied && x.Elsewhere != nil:
		return orUndef(x.Elsewhere.Params())
	case outcome == dialogue.Replied && len(x.Answers) > 0:
		return orUndef(x.Answers[0].Params())
	case x.Request.Kind != dialogue.Call && !byPost:
	case (c.Cut || c.Gaps) && c.LossBetween(x.Request.Frame.From.Other(), x.Request.Frame.At.Packet, dialogue.NoPacket):
		i.unknown++
	default:
		s.silent++
	}
	return nil
}

func orUndef(v *perl.Value) *perl.Value { return cmp.Or(v, perl.NewUndef()) }

// one is the value of a list with one, which is what a state returned that returns no list; any
// other list is a list.
func one(answer *perl.Value) (v *perl.Value, list bool) {
	if values := answer.Target().Elems(); len(values) == 1 {
		return orUndef(values[0]), false
	}
	return answer, true
}

// state is the state of that name, nil if there is no room for it.
func (i *Interface) state(in, name string) *state {
	s := i.sessions[in]
	if s != nil && s.states[name] != nil {
		return s.states[name]
	}
	if i.states == maxStates {
		return nil
	}
	i.states++
	in, name = strings.Clone(in), strings.Clone(name) // which are pieces of an image
	if s == nil {
		s = &session{name: in, states: map[string]*state{}}
		i.sessions[in] = s
	}
	s.states[name] = &state{name: name, kernels: map[string]*atKernel{}, params: new(shape), raw: new(shape), answer: new(shape)}
	return s.states[name]
}

// at notes that a kernel has the session and is asked a state of it, and returns what is known of
// that state there.
func (s *session) at(state *state, kernel string) *atKernel {
	at := state.kernels[kernel]
	if at == nil {
		at = &atKernel{params: new(shape), answer: new(shape)}
		switch {
		case slices.Contains(s.kernels, kernel):
			state.kernels[kernel] = at
		case len(s.kernels) < maxKernels:
			kernel = strings.Clone(kernel) // which is a piece of the capture
			s.kernels, state.kernels[kernel] = append(s.kernels, kernel), at
		}
	}
	at.asked++
	return at
}

// example keeps a request and its answer, if there is none like it and there is room.
func (i *Interface) example(s *state, e example, param, raw, answer *perl.Value) {
	fits := true
	text := func(v *perl.Value) string {
		b, err := orUndef(v).MarshalJSON()
		fits = fits && err == nil && len(b) <= maxExampleOctets
		return string(b)
	}
	e.params, e.raw = text(param), text(raw)
	if answer != nil {
		e.answer = text(answer)
	}
	if fits && slices.Contains(s.examples, e) {
		return
	}
	octets := len(e.params) + len(e.answer)
	if !fits || len(s.examples) == maxExamples || i.examples+octets > maxExampleTotal {
		i.leftExamples++
		return
	}
	i.examples += octets
	s.examples = append(s.examples, e)
}

// published tells whether a state was ever there when it was asked for.
func (s *state) published() bool { return s.refused < s.calls+s.posts }

// byPost tells whether all requests to a state are by post, as those of a ClientLite's
// post_respond. Then params are what is asked, without the rsvp.
func (s *state) byPost() bool { return s.requests > 0 && s.requests == s.posts && s.calls == 0 }

// first is the shape of what a state takes.
func (s *state) first() *shape {
	if s.byPost() {
		return s.params
	}
	return s.raw
}

// given is what a state is given in an example.
func (s *state) given(e example) string {
	if s.byPost() {
		return e.params
	}
	return e.raw
}

// asked tells whether a state was asked for something to come back.
func (s *state) asked() bool { return s.calls > 0 || s.byPost() }

// Session says how much was seen of a session.
type Session struct {
	Name string
	// States counts those that are published, as far as was seen.
	States                         int
	Calls, Posts, Answered, Failed int
}

// Sessions are those that were asked for something, by name.
func (i *Interface) Sessions() (list []Session) {
	for _, name := range sortedKeys(i.sessions) {
		one := Session{Name: name}
		for _, s := range i.sessions[name].states {
			one.Calls, one.Posts, one.Answered, one.Failed = one.Calls+s.calls, one.Posts+s.posts, one.Answered+s.answered, one.Failed+s.errors
			if s.published() {
				one.States++
			}
		}
		list = append(list, one)
	}
	return list
}
