package dialogue

import (
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// matcher finds out which message answers which. IKC has no numbers for that: an answer is
// addressed to the rsvp of its call, an error report quotes the request's specifier.
type matcher struct {
	c *Connection
	// calls holds the calls by wire.Role of the caller and by rsvp.
	calls [2]map[rsvp]*sameRSVP
	// open holds, by wire.Role of the requester, the requests that nothing came back for yet.
	open [2]waitingList
	// awaited counts, by wire.Role of the caller, the open calls by the sessions that wait or were
	// called.
	awaited [2]map[string]int
	// failed holds, by wire.Role of the requester, the requests last reported on, newest first.
	failed [2][]*Exchange
	// keys are those of calls, oldest first; waiting counts the calls in all.
	keys    [2][]rsvp
	waiting [2]int
	// forgot tells, by wire.Role of the caller, that calls were forgotten together with their rsvp: a
	// post to a state that no call names may be the answer to one of them.
	forgot [2]bool
	// share is how many octets of memory the connection may take.
	share func() int
}

// rsvp is where an answer goes within a kernel.
type rsvp struct{ session, state string }

// sameRSVP are the calls with one rsvp: those that nothing came back for yet, in order, and the
// last.
type sameRSVP struct {
	waiting waitingList
	newest  *Exchange
	// forgotten: there were too many, so that an answer may be for one that is not here.
	forgotten bool
}

// waitingList is a queue of exchanges. Those that left it stay until they are in front or too many.
type waitingList struct {
	list []*Exchange
	live int // that did not leave
	left func(*Exchange) *bool
}

func (w *waitingList) push(x *Exchange) {
	if len(w.list) > 2*w.live+16 {
		w.list = slices.DeleteFunc(w.list, func(x *Exchange) bool { return *w.left(x) })
	}
	w.list = append(w.list, x)
	w.live++
}

// leave takes out an exchange, if it is in.
func (w *waitingList) leave(x *Exchange) bool {
	if *w.left(x) {
		return false
	}
	*w.left(x) = true
	w.live--
	for len(w.list) > 0 && *w.left(w.list[0]) {
		w.list[0], w.list = nil, w.list[1:] // not to keep it
	}
	return true
}

// oldest is the one that is in for longest, nil if there is none.
func (w *waitingList) oldest() *Exchange {
	for _, x := range w.list {
		if !*w.left(x) {
			return x
		}
	}
	return nil
}

// all gives those that are in, in order.
func (w *waitingList) all(yield func(*Exchange) bool) {
	for _, x := range w.list {
		if !*w.left(x) && !yield(x) {
			return
		}
	}
}

func notOpen(x *Exchange) *bool    { return &x.notOpen }
func notWaiting(x *Exchange) *bool { return &x.notWaiting }

// What is kept of requests, per direction of a connection that is alone; of one among many it is
// what there is room for, requestCost octets of memory each, but leastRequests in any case.
const (
	maxOpen       = 4096 // requests without reply: posts get none
	maxRSVPs      = 8192 // different rsvps
	leastRequests = 64
	requestCost   = 1 << 10
)

// most is how many requests may be kept, of which a connection that is alone may keep alone.
func (m *matcher) most(alone int) int {
	if !m.c.inParts {
		return alone
	}
	return min(alone, max(leastRequests, m.share()/requestCost))
}

// maxFailed bounds the requests that were reported on and may be so again.
const maxFailed = 64

func (m *matcher) init(c *Connection, share func() int) {
	m.c, m.share = c, share
	m.calls = [2]map[rsvp]*sameRSVP{{}, {}}
	m.awaited = [2]map[string]int{{}, {}}
	for i := range m.open {
		m.open[i].left = notOpen
	}
}

func (m *matcher) add(f *Frame) {
	msg := f.Message
	if msg == nil {
		return
	}
	resolve(msg)
	other := f.From.Other()
	switch {
	case msg.IsError || msg.Event.Session == wire.SessionIKC && msg.Event.State == wire.StateRemoteError:
		msg.Kind = ErrorReport
		m.report(msg, other)
		return
	case !msg.IsCall():
		if m.answer(msg, other) {
			return
		}
		msg.Kind = Post
	default:
		msg.Kind = Call
	}
	x := &Exchange{Request: msg}
	msg.Exchange = x
	m.c.Exchanges = append(m.c.Exchanges, x)
	if msg.IsCall() {
		m.wait(x)
	}
	open := &m.open[f.From]
	if open.push(x); open.live > leastRequests && open.live > m.most(maxOpen) {
		m.leaveOpen(open.oldest())
	}
}

// wait notes a call whose answer is to come.
func (m *matcher) wait(x *Exchange) {
	from := x.Request.Frame.From
	key := rsvp{x.Request.RSVP.Session, x.Request.RSVP.State}
	calls := m.calls[from][key]
	if calls == nil {
		calls = &sameRSVP{waiting: waitingList{left: notWaiting}}
		key = rsvp{strings.Clone(key.session), strings.Clone(key.state)} // not to keep the image
		m.calls[from][key] = calls
		m.keys[from] = append(m.keys[from], key)
	}
	calls.newest = x
	calls.waiting.push(x)
	m.waiting[from]++
	if calls.waiting.live > leastRequests && calls.waiting.live > m.most(maxOpen) && calls.waiting.leave(calls.waiting.oldest()) {
		m.waiting[from]--
		calls.forgotten = true
	}
	for m.c.inParts && len(m.keys[from]) > leastRequests && (len(m.keys[from]) > m.most(maxRSVPs) || m.waiting[from] > 2*m.most(maxOpen)) {
		oldest := m.keys[from][0]
		m.keys[from] = m.keys[from][1:]
		live := m.calls[from][oldest].waiting.live
		m.waiting[from] -= live
		m.forgot[from] = m.forgot[from] || live > 0
		delete(m.calls[from], oldest)
	}
	for _, session := range sessionsOf(x) {
		m.awaited[from][strings.Clone(session)]++
	}
}

// sessionsOf are the sessions near a call: the one that waits and the one that was called.
func sessionsOf(x *Exchange) []string {
	wait, called := x.Request.RSVP.Session, x.Request.To.Session
	if wait == called {
		return []string{wait}
	}
	return []string{wait, called}
}

// leaveOpen takes a request out of those that something may come back for.
func (m *matcher) leaveOpen(x *Exchange) {
	from := x.Request.Frame.From
	if !m.open[from].leave(x) || !x.Request.IsCall() {
		return
	}
	for _, session := range sessionsOf(x) {
		if m.awaited[from][session]--; m.awaited[from][session] == 0 {
			delete(m.awaited[from], session)
		}
	}
}

// answer gives a message to the call whose rsvp it is addressed to: the oldest that has no answer
// yet, of the session that answers if it says so; else the newest, which then has one too many,
// unless calls were forgotten.
func (m *matcher) answer(msg *Message, caller wire.Role) bool {
	calls := m.calls[caller][rsvp{msg.Event.Session, msg.Event.State}]
	if calls == nil && m.forgot[caller] && msg.Event.State != specifier.ProxyState {
		msg.Kind = Answer // for all that is known
		return true
	}
	if calls == nil {
		m.misdirected(msg, caller)
		return false
	}
	msg.Kind = Answer
	x, several := calls.oldest(msg.From.Session)
	if several {
		calls.doubt(msg.From.Session)
	}
	if calls.forgotten {
		if x.notWaiting {
			return true
		}
		x.Ambiguous = true
	}
	msg.Exchange = x
	if m.keeps(x, x.Answers, msg) {
		x.Answers = append(x.Answers, msg)
	}
	m.close(x)
	return true
}

// maxReplies bounds the messages of a kind that are kept with a request, of a connection in parts.
const maxReplies = 256

func (m *matcher) replies() int {
	if !m.c.inParts {
		return math.MaxInt
	}
	return maxReplies
}

// keeps tells whether one more message is kept with a request, which may itself be kept for long
// after it was shown: then only one that is small.
func (m *matcher) keeps(x *Exchange, kept []*Message, msg *Message) bool {
	if x.light {
		return len(kept) == 0 && len(msg.Frame.Image) <= requestCost
	}
	return len(kept) < m.replies()
}

// oldest finds the call that an answer of a session is for: the oldest that waits for that session,
// else the oldest that waits, else the newest. several tells that it is not the only one.
func (c *sameRSVP) oldest(session string) (found *Exchange, several bool) {
	var first *Exchange
	others := 0
	for x := range c.waiting.all {
		if x.Request.To.Session == session {
			if found != nil {
				return found, true
			}
			found = x
		}
		if first == nil {
			first = x
		}
		others++
	}
	switch {
	case found != nil:
		return found, false
	case first != nil:
		return first, others > 1
	}
	return c.newest, false
}

// doubt marks the calls that an answer of a session may be for.
func (c *sameRSVP) doubt(session string) {
	mine := false
	for x := range c.waiting.all {
		if x.Request.To.Session == session {
			x.Ambiguous, mine = true, true
		}
	}
	if mine {
		return
	}
	for x := range c.waiting.all {
		x.Ambiguous = true
	}
}

// misdirected notes a message to the session that waits for an answer, when a call is open and the
// state is none that the caller ever named.
func (m *matcher) misdirected(msg *Message, caller wire.Role) {
	if msg.Event.State == specifier.ProxyState || msg.IsCall() {
		return
	}
	if m.awaited[caller][msg.Event.Session] == 0 && (msg.From.Session == "" || m.awaited[caller][msg.From.Session] == 0) {
		return
	}
	for x := range m.open[caller].all {
		// To the session that waits, or from the session that was called.
		near := x.Request.RSVP.Session == msg.Event.Session || msg.From.Session != "" && msg.From.Session == x.Request.To.Session
		if x.Request.IsCall() && near {
			if len(x.Misdirected) < m.replies() {
				x.Misdirected = append(x.Misdirected, msg)
			}
			return
		}
	}
}

// report gives an error report to the oldest open request that it quotes.
func (m *matcher) report(msg *Message, requester wire.Role) {
	text := ErrorText(msg.Params())
	if !strings.Contains(text, ".  Request ") && !strings.Contains(text, " [") {
		return
	}
	for _, list := range []iter.Seq[*Exchange]{m.open[requester].all, slices.Values(m.failed[requester])} {
		for x := range list {
			if strings.Contains(text, x.Request.To.State) && quotes(text, x.Request) {
				msg.Exchange = x
				if m.keeps(x, x.Errors, msg) {
					x.Errors = append(x.Errors, msg)
				}
				m.close(x)
				m.fail(x)
				return
			}
		}
	}
}

// fail notes that a request was reported on, newest first, for reports that come once too often.
func (m *matcher) fail(x *Exchange) {
	failed := &m.failed[x.Request.Frame.From]
	if i := slices.Index(*failed, x); i >= 0 {
		*failed = slices.Delete(*failed, i, i+1)
	}
	*failed = slices.Insert(*failed, 0, x)
	*failed = (*failed)[:min(len(*failed), maxFailed)]
}

// close notes that something came back for a request.
func (m *matcher) close(x *Exchange) {
	m.leaveOpen(x)
	from := x.Request.Frame.From
	if calls := m.calls[from][rsvp{x.Request.RSVP.Session, x.Request.RSVP.State}]; calls != nil &&
		x.Request.IsCall() && calls.waiting.leave(x) {
		m.waiting[from]--
	}
}

// shown forgets an exchange that was shown in a part, but for what an answer is recognised by.
func (m *matcher) shown(x *Exchange) {
	m.leaveOpen(x)
	from := x.Request.Frame.From
	m.failed[from] = slices.DeleteFunc(m.failed[from], func(y *Exchange) bool { return x == y })
	if !x.Request.IsCall() {
		return
	}
	calls := m.calls[from][rsvp{x.Request.RSVP.Session, x.Request.RSVP.State}]
	if calls != nil && (!x.notWaiting || calls.newest == x) {
		x.shed()
	}
}

// ErrorText is the message of an error report: its first parameter, or the only one.
func ErrorText(params *perl.Value) string {
	if params.Kind() == perl.Ref {
		if e := params.Target().Elems(); len(e) > 0 {
			params = e[0]
		}
	}
	s, _ := params.AsString()
	return s
}

// quotes tells whether an error message is about a request.
func quotes(text string, request *Message) bool {
	return (&wire.RemoteError{Message: text}).About(request.To.String())
}

// resolve finds out what a message is addressed to after all, and the arguments if that takes
// looking.
func resolve(m *Message) {
	m.To = m.Event.Specifier
	if state, args, ok := m.Proxied(); ok {
		m.To.State, m.proxied = state, args
		if len(args) == 0 {
			m.proxied = []*perl.Value{}
		}
	}
}
