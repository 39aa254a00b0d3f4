package dialogue

import (
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// Exchange is a request and what came back.
type Exchange struct {
	Request *Message
	// Answers are the answers to a call. One that may be for several calls is with the earliest of
	// them, see Message.Candidates.
	Answers []*Message
	Errors  []*Message
	// Misdirected are messages to the session that waits for the answer, but to a state nobody named.
	Misdirected []*Message
	// Ambiguous: of what came back, or did not, it is not known for certain that it belongs to this
	// call. Other calls with the same rsvp were open when an answer came, or may have been before the
	// capture begins. That answers come in the order of their calls is not taken into account, see
	// Outcome for that.
	Ambiguous bool
	light     bool // see shed
	notOpen   bool // see waitingList
	hadReply  bool // when it was shed
	passed    bool // see pairing
	shares    bool // see SharesRSVP
	lost      bool // an answer may be in what is missing
	early     bool // it was shown before it could be told
	// RepliesAfter counts the later requests of the same side that something came back for.
	RepliesAfter  int
	repliedBefore int // what the count of those in earlier parts was when it was begun

	// Concluded is the number of the packet with the first reply to one of those later requests, 0 if
	// there is none, or if it is not known any more.
	Concluded int64

	// Of a call: its queue, and the index in it.
	queue *queue
	index int
	// pairing is that of the answer, nil if that can be for no other call. Of a call that has none, if
	// it was passed, since a later one was answered, it is the last that may be for several calls.
	pairing *pairing
	// ties are what belongs to it without a rsvp. They are written to by own.
	*ties
}

// ties are what Options.Related finds of a request.
type ties struct {
	// Response is the post that a post asked for or, of other posts, the first post to its sender;
	// Elsewhere is the answer to a call that went to the connection ElsewhereConn. See Relation.
	Response, Elsewhere *Message
	ElsewhereConn       int
	unsureElsewhere     bool // it may be for another call
	// mayBeAbroad: an answer to it may have gone to another connection.
	mayBeAbroad bool

	// Of a post: where it wants a response, whether it waits for one, with those that wait for the
	// same, of which it is one.
	respondTo      *specifier.Specifier
	asks           bool
	askedLate      bool // only its response has told that it waits for one
	wanted         *responses
	nth            int
	unsureResponse bool
}

// noTies are those of most requests.
var noTies ties

// own gives an exchange ties of its own.
func (e *Exchange) own() *ties {
	if e.ties == &noTies {
		e.ties = new(ties)
	}
	return e.ties
}

// Copy is an exchange of the same request and replies, that what comes later does not change.
func (e *Exchange) Copy() *Exchange {
	return &Exchange{Request: e.Request, Answers: slices.Clone(e.Answers), Errors: slices.Clone(e.Errors),
		Ambiguous: e.Ambiguous, ties: &noTies}
}

// Outcome is what is known of the answer to a call.
type Outcome uint8

// The outcomes.
const (
	Silent  Outcome = iota // nothing came back
	Replied                // an answer or an error report
	Unsure                 // an answer came that may be for this call or for others, or may be missing
)

// Outcome tells whether a call was answered, if answers come in the order of their calls. Of a
// connection that goes on it is what is known so far.
func (e *Exchange) Outcome() Outcome {
	switch {
	case len(e.Errors) > 0:
		return Replied
	case e.Elsewhere != nil:
		return map[bool]Outcome{false: Replied, true: Unsure}[e.unsureElsewhere]
	case e.Response != nil && e.unsureResponse:
		return Unsure
	case e.Response != nil:
		return Replied
	case e.asks && e.nth < e.wanted.doubted:
		return Unsure
	case len(e.Answers) > 0 && e.pairing.sure():
		return Replied
	case len(e.Answers) > 0:
		return Unsure
	case e.lost || e.early:
		return Unsure
	case e.queue == nil:
		return Silent
	case e.mayBeAbroad:
		return Unsure
	case e.index < e.queue.unseen || e.queue.clouded && e.index < e.queue.doubted || e.inRun() != nil:
		return Unsure
	}
	return Silent
}

// inRun is the last answer that may be for this call, to which none was given; nil if there is
// none.
func (e *Exchange) inRun() *pairing {
	last := e.queue.last
	if e.passed {
		last = e.pairing
	}
	if last.sure() || last.vague || last.unseen || last.abroad || last.latest() < e.index {
		return nil
	}
	return last
}

// Run is the run of calls that this one belongs to if its Outcome is Unsure, nil if there is none.
func (e *Exchange) Run() *Run {
	f := e.pairing
	if len(e.Answers) == 0 && e.queue != nil {
		f = e.inRun()
	}
	if f.sure() || f.vague || f.unseen || f.abroad {
		return nil
	}
	return f.run
}

// MayBeElsewhere tells whether an answer may have gone to another connection.
func (e *Exchange) MayBeElsewhere() bool { return e.mayBeAbroad }

// SharesRSVP tells whether another call with its rsvp was open when an answer came.
func (e *Exchange) SharesRSVP() bool { return e.shares }

// doubted tells whether an answer came that may be for another call, or one for another that may be
// for this.
func (e *Exchange) doubted() bool {
	return e.index < max(e.queue.doubted, e.queue.unseen)
}

// settle says what is known of a call when it is shown.
func (e *Exchange) settle(m *matcher) {
	if e.asks && e.Response == nil {
		e.lost = e.lost || e.Request.Frame.Number <= m.lost[e.Request.Frame.From]
	}
	if e.queue == nil || len(e.Answers) > 0 {
		return
	}
	e.Ambiguous, e.shares = e.Ambiguous || e.doubted(), e.index < e.queue.doubted
	e.lost = e.lost || e.Request.Frame.Number <= m.lost[e.Request.Frame.From]
}

// Arg is argument i of the request, from 0; nil if it has fewer.
func (e *Exchange) Arg(i int) *perl.Value {
	if i == 0 && !e.Request.proxied {
		return e.Request.Params()
	}
	if args := e.Request.Args(); i < len(args) {
		return args[i]
	}
	return nil
}

// Took is the time from request to first answer or error; ok is false if there was none, or if it
// is not known which request that is for.
func (e *Exchange) Took() (d time.Duration, ok bool) {
	if e.Outcome() == Unsure {
		return 0, false
	}
	for _, m := range []*Message{e.Response, e.Elsewhere} {
		if m != nil {
			return m.Frame.At.Time.Sub(e.Request.Frame.At.Time), true
		}
	}
	for _, list := range [][]*Message{e.Answers, e.Errors} {
		if len(list) > 0 {
			return list[0].Frame.At.Time.Sub(e.Request.Frame.At.Time), true
		}
	}
	return 0, false
}

// Candidates are the calls that an answer may be for.
type Candidates struct {
	// First are the first of them, three at most; Newest is the last.
	First  []Candidate
	Newest Candidate
	Count  int
	// Elsewhere: or a call of another connection of the kernel that answers, whose caller has the same
	// name.
	Elsewhere bool
	// Unseen: or an earlier call, which the capture may not show. Nothing else is set if it shows none
	// that it can be for.
	Unseen bool
}

// to is the earliest call that an answer may be for.
func (m *Message) to() Candidate {
	if m.left != nil {
		return *m.left
	}
	f := m.Exchange.Request.Frame
	return Candidate{f.Number, f.At.Time}
}

// Candidates tells which calls an answer may be for, if answers come in the order of their calls:
// one if that is known, none if the message is no answer, or one to one of more calls than are
// kept.
func (m *Message) Candidates() (c Candidates) {
	f := m.pairing
	switch {
	case !m.paired && (f == nil || !f.unseen):
		return c
	case f.sure():
		return Candidates{First: []Candidate{m.to()}, Newest: m.to(), Count: 1}
	case f.abroad:
		c = Candidates{First: f.first[:1], Newest: f.first[0], Count: 1, Elsewhere: true, Unseen: f.unseen}
		if f.vague && f.newest.Number > 0 {
			c.Newest, c.Count = f.newest, f.open
		}
		return c
	case f.vague && f.newest.Number > 0:
		return Candidates{First: []Candidate{m.to()}, Newest: f.newest, Count: f.open, Unseen: f.unseen}
	case f.unseen && f.latest() < 0:
		return Candidates{Unseen: true}
	case f.unseen:
		newest := f.candidate(f.latest())
		return Candidates{First: []Candidate{newest}, Newest: newest, Count: 1, Unseen: true}
	}
	n := f.latest() - f.index + 1
	return Candidates{First: f.first[:min(n, len(f.first))], Newest: f.candidate(f.latest()), Count: n}
}

// Unseen is that of Candidates.
func (m *Message) Unseen() bool { return m.pairing != nil && m.pairing.unseen }

// Numbers are the frames of the first calls, and of the last if that is another.
func (c Candidates) Numbers() (out []int) {
	for _, first := range c.First {
		out = append(out, first.Number)
	}
	if len(out) > 0 && c.Newest.Number > out[len(out)-1] {
		out = append(out, c.Newest.Number)
	}
	return out
}

// Took is how long after its call an answer came; of one that may be for several calls, at least so
// long. ok is false if that is not known.
func (m *Message) Took() (d time.Duration, atLeast, ok bool) {
	c := m.Candidates()
	if c.Count == 0 || c.Elsewhere || c.Unseen && c.Newest.Number == 0 {
		return 0, false, false
	}
	return m.Frame.At.Time.Sub(c.Newest.At), c.Count > 1 || c.Unseen, true
}

// Waited is how long a call without an answer was open: until a side closed the connection. ok is
// false if there was an answer, or may have been, or if a later call got one, so that none was to
// come any more.
func (e *Exchange) Waited(c *Connection) (d time.Duration, ok bool) {
	if e.Outcome() != Silent || e.RepliesAfter > 0 {
		return 0, false
	}
	for _, end := range c.Ends {
		if end == nil {
			continue
		}
		if since := end.At.Time.Sub(e.Request.Frame.At.Time); !ok || since < d {
			d, ok = since, true
		}
	}
	return d, ok
}

// Asks tells whether a request waits for something to come back: a call, or a post that names a
// state for it.
func (e *Exchange) Asks() bool { return e.Request.IsCall() || e.asks }

// ByPost tells whether it is a request of the kind of ClientLite's post_respond, and where it wants
// the response.
func (e *Exchange) ByPost() (to specifier.Specifier, ok bool) {
	if !e.asks || e.respondTo == nil {
		return to, false
	}
	return *e.respondTo, true
}

// Misled tells whether the answer to a call went to another connection though the rsvp names the
// caller.
func (e *Exchange) Misled(c *Connection) bool {
	to := e.Request.RSVP.Specifier
	if e.respondTo != nil {
		to = *e.respondTo
	}
	return e.Elsewhere != nil && slices.Contains(c.Negotiation.Names(e.Request.Frame.From), to.Kernel)
}

// AnswerGoesElsewhere tells whether the rsvp of a call names a kernel that is not the caller by any
// name that it announced.
func (e *Exchange) AnswerGoesElsewhere() bool { return e.queue != nil && e.queue.kernel != "" }
