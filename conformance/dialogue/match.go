package dialogue

import (
	"hash/maphash"
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
	// calls holds the calls by wire.Role of the caller and by rsvp; recent are those of them that were
	// asked for last.
	calls  [2]map[rsvp]*sameRSVP
	recent [2]*sameRSVP
	// open holds, by wire.Role of the requester, the requests that nothing came back for yet.
	open [2]waitingList
	// awaited counts, by wire.Role of the caller, the open calls by the sessions that wait or were
	// called.
	awaited [2]counts
	// failed holds, by wire.Role of the requester, the requests last reported on, newest first.
	failed [2][]*Exchange
	// keys are those of calls, oldest first; waiting counts the calls in all.
	keys    [2][]rsvp
	waiting [2]int
	// forgot tells, by wire.Role of the caller, that calls were forgotten together with their rsvp: a
	// post to a state that no call names may be the answer to one of them.
	forgot [2]bool
	// unseen tells, by wire.Role of the caller, that it may have calls open that the capture does not
	// show: it begins in the middle, or lacks octets.
	unseen [2]bool
	// replied is, by wire.Role of the caller, the last of its calls that is sure to have a reply.
	replied [2]int
	// lost are the calls, by wire.Role of the caller, that may have been answered in what is missing:
	// those up to this frame.
	lost [2]int
	// gaps is how many times octets were missing.
	gaps int
	// suspects are the calls, by wire.Role of the caller, of which the field again is set; nil before
	// the first.
	suspects [2]map[rsvp]*sameRSVP
	// related: exchanges that were shown may be asked for once more, see related.
	related bool
	misled  *Exchange // that the last message was misdirected from
	// share is how many octets of memory the connection may take.
	share func() int
}

// rsvp is where an answer goes within a kernel.
type rsvp struct{ session, state string }

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

func notOpen(x *Exchange) *bool { return &x.notOpen }

// What is kept of requests, per direction of a connection that is alone; of one among many it is
// what there is room for, requestCost octets of memory each, but leastRequests in any case.
const (
	maxOpen       = 4096 // requests without reply: posts get none
	maxRSVPs      = 8192 // different rsvps
	queuedCalls   = 16   // calls in a queue for each request that is kept
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
	m.unseen = [2]bool{c.Joined, c.Joined}
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
	x := &Exchange{Request: msg, ties: &noTies}
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

// missing notes that octets of a side are missing, after so many frames of the other: calls and
// answers may be among them.
func (m *matcher) missing(from wire.Role, frames int) {
	m.gaps++
	m.unseen[from] = true
	m.lost[from.Other()] = frames
}

// wait notes a call whose answer is to come.
func (m *matcher) wait(x *Exchange) {
	from := x.Request.Frame.From
	key := rsvp{x.Request.RSVP.Session, x.Request.RSVP.State}
	calls := m.with(from, key)
	if calls == nil {
		key = rsvp{x.Request.own(key.session), x.Request.own(key.state)}
		calls = &sameRSVP{key: key}
		m.calls[from][key] = calls
		m.keys[from] = append(m.keys[from], key)
	}
	calls.newest = x
	q := calls.find(x.Request.To.Session, m.foreign(x.Request.RSVP.Kernel, from))
	q.push(x)
	m.waiting[from]++
	m.bound(calls, q)
	for m.c.inParts && len(m.keys[from]) > leastRequests &&
		(len(m.keys[from]) > m.most(maxRSVPs) || m.waiting[from] > 2*queuedCalls*m.most(maxOpen)) {
		oldest := m.keys[from][0]
		m.keys[from] = m.keys[from][1:]
		pending := m.calls[from][oldest].pending()
		m.waiting[from] -= pending
		m.forgot[from] = m.forgot[from] || pending > 0
		delete(m.calls[from], oldest)
		m.recent[from] = nil
	}
	for session := range sessionsOf(x) {
		m.awaited[from].add(session, 1)
	}
}

// with gives the calls of a side with a rsvp, nil if there are none.
func (m *matcher) with(caller wire.Role, key rsvp) *sameRSVP {
	if calls := m.recent[caller]; calls != nil && calls.key == key {
		return calls
	}
	calls := m.calls[caller][key]
	if calls != nil {
		m.recent[caller] = calls
	}
	return calls
}

// counts counts what has a name, by two numbers made of that: where one of them is 0 there is none
// of the name, else it takes looking.
type counts [64]int16

var countsSeed = maphash.MakeSeed()

// of gives where a name is counted.
func (c *counts) of(name string) (a, b *int16) {
	h := maphash.String(countsSeed, name)
	return &c[h%uint64(len(c))], &c[h>>32%uint64(len(c))]
}

func (c *counts) add(name string, n int16) {
	a, b := c.of(name)
	*a += n
	*b += n
}

func (c *counts) some(name string) bool {
	a, b := c.of(name)
	return *a > 0 && *b > 0
}

// bound lets go of the oldest exchanges of a queue that has too many, and if it has many more, of
// the calls themselves.
func (m *matcher) bound(calls *sameRSVP, q *queue) {
	most := max(leastRequests, m.most(maxOpen))
	if !m.c.inParts || q.open() <= most {
		return
	}
	q.dropped = max(q.dropped, q.front)
	q.calls[q.dropped-q.first].x = nil
	q.dropped++
	if q.open() > queuedCalls*most {
		q.front++
		q.pending--
		m.waiting[calls.newest.Request.Frame.From]--
		q.clouded, calls.forgotten = true, true
		q.trim(0)
	}
}

// sessionsOf are the sessions near a call: the one that waits and the one that was called.
func sessionsOf(x *Exchange) iter.Seq[string] {
	return func(yield func(string) bool) {
		wait, called := x.Request.RSVP.Session, x.Request.To.Session
		if yield(wait) && wait != called {
			yield(called)
		}
	}
}

// leaveOpen takes a request out of those that something may come back for.
func (m *matcher) leaveOpen(x *Exchange) {
	from := x.Request.Frame.From
	if !m.open[from].leave(x) || !x.Request.IsCall() {
		return
	}
	for session := range sessionsOf(x) {
		m.awaited[from].add(session, -1)
	}
}

// answer gives a message to a call whose rsvp it is addressed to: the oldest that has no answer
// yet, of the session that answers if it says so; else the newest, which then has one too many,
// unless it may be for a call that is not known here.
func (m *matcher) answer(msg *Message, caller wire.Role) bool {
	key := rsvp{msg.Event.Session, msg.Event.State}
	calls := m.with(caller, key)
	if calls == nil && m.forgot[caller] && msg.Event.State != specifier.ProxyState {
		msg.Kind = Answer // for all that is known
		return true
	}
	if calls == nil {
		m.misdirected(msg, caller)
		return false
	}
	msg.Kind = Answer
	for _, q := range calls.queues {
		q.passUntil(m.replied[caller])
	}
	unseen := m.unseen[caller] && !key.unique() && !(calls.known && calls.knownAt == m.gaps)
	q, several := calls.choose(msg.From.Session, m.foreign(msg.Event.Kernel, caller))
	if q == nil {
		m.again(msg, calls, unseen)
		return true
	}
	x := m.give(msg, calls, q, several, unseen)
	if x == nil {
		return true
	}
	msg.Exchange = x
	if m.keeps(x, x.Answers, msg) {
		x.Answers = append(x.Answers, msg)
	}
	m.leaveOpen(x)
	return true
}

// foreign is a kernel that is not the caller by any name that it announced; empty for one that is,
// or may be.
func (m *matcher) foreign(kernel string, caller wire.Role) string {
	p := &m.c.Negotiation.Peers[caller]
	if p.ID == "" || kernel == "" || kernel == p.ID || slices.Contains(p.Aliases, kernel) {
		return ""
	}
	return kernel
}

// unique tells whether real programs name a state in one call only: ClientLite counts them, and a
// subscription has one of its own.
func (r rsvp) unique() bool {
	return r.session == wire.SessionIKCLite && strings.HasPrefix(r.state, "response") ||
		r.session == wire.SessionIKC && strings.HasPrefix(r.state, "IKC:receipt ")
}

// again notes a message to the rsvp of calls that all have their answers.
func (m *matcher) again(msg *Message, calls *sameRSVP, unseen bool) {
	x := calls.newest
	if calls.forgotten {
		return
	}
	if unseen {
		msg.pairing = calls.find(msg.From.Session, "").extra()
		msg.pairing.unseen = true
		suspects := &m.suspects[msg.Frame.From.Other()]
		if *suspects == nil {
			*suspects = map[rsvp]*sameRSVP{}
		}
		if calls.again = msg; len(*suspects) < leastRequests {
			(*suspects)[rsvp{msg.Event.Session, msg.Event.State}] = calls
		}
		return
	}
	msg.Exchange = x
	if m.keeps(x, x.Answers, msg) {
		x.Answers = append(x.Answers, msg)
	}
}

// give gives an answer to a call of a queue, nil if that is not kept any more.
func (m *matcher) give(msg *Message, calls *sameRSVP, q *queue, several, unseen bool) (x *Exchange) {
	caller := msg.Frame.From.Other()
	open, pending := q.open(), q.pending
	vague := several || calls.forgotten
	var newest Candidate
	if several {
		open = 0
		for _, other := range calls.queues {
			if other.pending == 0 {
				continue
			}
			open, other.clouded, other.doubted = open+other.pending, true, other.next
			if c, ok := other.at(other.next - 1); ok && c.Number > newest.Number {
				newest = c
			}
		}
	} else if pending > 1 || calls.forgotten {
		q.doubted = q.next
	}
	if unseen {
		for _, other := range calls.queues {
			other.unseen = other.next
		}
	}
	m.waiting[caller]--
	var at Candidate
	if q.open() > 0 {
		x, at, msg.pairing = q.take(unseen)
	} else {
		x = q.late()
		at = Candidate{x.Request.Frame.Number, x.Request.Frame.At.Time}
	}
	if (vague || unseen) && msg.pairing == nil {
		msg.pairing = &pairing{q: q, first: []Candidate{at}, last: at, segment: new(segment), run: new(Run)}
	}
	if f := msg.pairing; f != nil {
		f.vague, f.unseen, f.open, f.newest = vague, unseen, open, newest
	} else {
		m.replied[caller] = max(m.replied[caller], at.Number)
		m.unseen[caller] = false
	}
	if q.clouded && calls.pending() == 0 && !calls.forgotten {
		for _, other := range calls.queues { // each has its answer
			other.clouded, other.run, other.segments = false, nil, nil
		}
	}
	if msg.paired = true; x == nil {
		left := at
		msg.ownRare().left = &left
	}
	if x != nil {
		x.pairing, x.passed = msg.pairing, false
		x.Ambiguous, x.shares = x.doubted(), x.index < q.doubted
	}
	return x
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

// misdirected notes a message to the session that waits for an answer, when a call is open and the
// state is none that the caller ever named.
func (m *matcher) misdirected(msg *Message, caller wire.Role) {
	if msg.Event.State == specifier.ProxyState || msg.IsCall() {
		return
	}
	if awaited := &m.awaited[caller]; !awaited.some(msg.Event.Session) && (msg.From.Session == "" || !awaited.some(msg.From.Session)) {
		return
	}
	for x := range m.open[caller].all {
		// To the session that waits, or from the session that was called.
		near := x.Request.RSVP.Session == msg.Event.Session || msg.From.Session != "" && msg.From.Session == x.Request.To.Session
		if x.Request.IsCall() && near {
			if len(x.Misdirected) < m.replies() {
				x.Misdirected = append(x.Misdirected, msg)
				m.misled = x
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
	m.refused(text, msg.Frame.From)
	lists := []iter.Seq[*Exchange]{m.open[requester].all, slices.Values(m.failed[requester])}
	if m.unseen[requester] {
		lists = lists[:1] // what is one too many may be on a request that the capture does not show
	}
	for _, list := range lists {
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

// refused takes back that a message may be an answer to a call that the capture does not show: the
// caller says that it allows no more. Source: Responder _req_is_published.
func (m *matcher) refused(text string, caller wire.Role) {
	for key, calls := range m.suspects[caller] {
		if !strings.Contains(text, "/"+key.session+"/"+key.state) || !quotes(text, calls.again) {
			continue
		}
		calls.known, calls.knownAt = true, m.gaps
		for _, q := range calls.queues {
			q.run, q.segments = nil, nil
		}
		msg := calls.again
		calls.again, msg.pairing = nil, nil
		delete(m.suspects[caller], key)
		m.again(msg, calls, false)
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

// close notes that a request was reported on.
func (m *matcher) close(x *Exchange) {
	m.leaveOpen(x)
	if q := x.queue; q != nil {
		before := q.pending
		q.remove(x)
		m.waiting[x.Request.Frame.From] -= before - q.pending
	}
}

// shown forgets an exchange that was shown in a part, but for what an answer is recognised by.
func (m *matcher) shown(x *Exchange) {
	m.leaveOpen(x)
	from := x.Request.Frame.From
	m.failed[from] = slices.DeleteFunc(m.failed[from], func(y *Exchange) bool { return x == y })
	if m.related {
		x.shed()
		return
	}
	if !x.Request.IsCall() {
		return
	}
	calls := m.with(from, rsvp{x.Request.RSVP.Session, x.Request.RSVP.State})
	if calls != nil && (len(x.Answers)+len(x.Errors) == 0 || calls.newest == x) {
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
	if state, args, ok := m.Proxied(); ok {
		own := m.ownRare()
		m.To.State, own.proxied, own.args = state, true, args
	}
}
