package dialogue

import (
	"slices"
	"strings"
	"time"
)

// Several calls may be open with one rsvp. Then the answer to one of them does not say to which. A
// kernel of Perl carries out the calls of a connection one after the other, and sends an answer as
// soon as a state returns: answers come in the order of their calls, and only a call whose state
// returned undef, or an empty list in list context, gets none. So the first answer may be for the
// first of the open calls or, if those before it returned nothing, for any later one, as long as
// enough are left for the answers that follow. When as many answers have come as there were calls,
// each is known. Source: Channel channel_receive, Responder request, Responder::Thunk __thunk.

// sameRSVP are the calls of one side with one rsvp.
type sameRSVP struct {
	key rsvp
	// queues are the calls by the session that was called, which an answer names if it published
	// something.
	queues []*queue
	newest *Exchange
	// forgotten: there were too many, so that an answer may be for one that is not here.
	forgotten bool
	// again is what was sent last when no call was open that the capture shows: perhaps to one that it
	// does not show, unless the caller refuses it.
	again *Message
	// known: the caller refused a message, so that no call of it was open when octets had been missing
	// so many times.
	known   bool
	knownAt int
	// one is the first queue, and the list of it: most have no other.
	one  queue
	list [1]*queue
}

// maxSessions bounds the sessions that are told apart; the calls of all others make one queue.
const maxSessions = 64

// queue are the calls of one session with one rsvp, counted from 0.
type queue struct {
	session string
	kernel  string   // see find
	calls   []queued // those from first on
	first   int
	next    int // how many there have been
	front   int // the first that the next reply may be for
	pending int // calls that were given no reply
	dropped int // calls before it have no Exchange any more
	// replies is how many there have been, and segments how late a call they may be for.
	replies  int
	segments []*segment
	run      *Run        // the replies that came last, if it is not known which calls they are for
	last     *pairing    // the last reply of a Run
	room     [1]queued   // for calls
	skipped  []*Exchange // the first of the calls before front that were given no reply
	// doubted and unseen: the calls before these were open when a reply came that was perhaps for
	// another of them, or for one that the capture does not show.
	doubted, unseen int
	clouded         bool // a reply may have been for this queue or for another
}

// queued is a call in a queue.
type queued struct {
	Candidate
	x *Exchange // nil: it was given a reply, or left out, or there were too many
}

// Candidate is a call that an answer may be for.
type Candidate struct {
	Number int // of its frame
	At     time.Time
}

// segment are replies in a row. Reply n, counted from 0, is for call n+late at the latest.
type segment struct {
	late   int
	joined *segment // it became a part of
}

func (s *segment) root() *segment {
	for s.joined != nil {
		if s.joined.joined != nil {
			s.joined = s.joined.joined
		}
		s = s.joined
	}
	return s
}

// pairing tells which calls of a queue a reply may be for.
type pairing struct {
	q       *queue
	n       int         // how many replies came before it
	index   int         // of the earliest call
	first   []Candidate // that call and the next ones
	last    Candidate   // the newest, when the reply came
	segment *segment
	run     *Run
	// vague: a call of another queue, or one that was forgotten. unseen: one that the capture does not
	// show.
	vague, unseen bool
	abroad        bool      // a call of another connection
	clouded       bool      // as the queue was
	open          int       // of all queues, if vague
	newest        Candidate // of all queues, if vague
}

// latest is the index of the latest call that the reply may be for; below 0 it is none that the
// capture shows.
func (f *pairing) latest() int {
	n := f.segment.root().late + f.n
	if f.unseen {
		return n
	}
	return max(n, f.index)
}

// sure tells whether the reply can only be for the earliest call.
func (f *pairing) sure() bool {
	return f == nil || !f.vague && !f.unseen && !f.abroad && !f.clouded && (f.run.sure || f.latest() == f.index)
}

// Run are calls with one rsvp of which some got answers and the others none, and nothing tells
// which.
type Run struct {
	numbers []int // of the first calls
	first   int
	answers int
	last    *pairing
	sure    bool // as many answers came as there were calls, so that each is known
}

// maxNumbers bounds the calls that are named one by one.
const maxNumbers = 3

// Calls is how many calls there are in a Run.
func (r *Run) Calls() int { return r.last.latest() - r.first + 1 }

// Unanswered is how many of them got no answer.
func (r *Run) Unanswered() int { return r.Calls() - r.answers }

// Sure tells whether it is known after all which calls were answered: all of them.
func (r *Run) Sure() bool { return r.sure }

// Numbers are the frames of the first calls, and of the last one if that is another.
func (r *Run) Numbers() []int {
	numbers := slices.Clone(r.numbers[:min(len(r.numbers), r.Calls())])
	if c := r.last.candidate(r.last.latest()); len(numbers) > 0 && c.Number > numbers[len(numbers)-1] {
		numbers = append(numbers, c.Number)
	}
	return numbers
}

// candidate finds a call that the reply may be for; if it is not known any more, one that came
// later.
func (f *pairing) candidate(index int) Candidate {
	if i := index - f.index; i >= 0 && i < len(f.first) {
		return f.first[i]
	}
	if c, ok := f.q.at(index); ok {
		return c
	}
	return f.last
}

// at finds a call.
func (q *queue) at(index int) (c Candidate, ok bool) {
	if i := index - q.first; i >= 0 && i < len(q.calls) {
		return q.calls[i].Candidate, true
	}
	return Candidate{}, false
}

func (q *queue) open() int { return q.next - q.front }

// push adds a call.
func (q *queue) push(x *Exchange) {
	x.queue, x.index = q, q.next
	q.calls = append(q.calls, queued{Candidate{x.Request.Frame.Number, x.Request.Frame.At.Time}, x})
	q.next++
	q.pending++
	if q.run != nil {
		q.run.name(q)
	}
}

// name adds what may be named of a Run.
func (r *Run) name(q *queue) {
	for i := r.first + len(r.numbers); i < q.next && len(r.numbers) < maxNumbers; i++ {
		c, _ := q.at(i)
		r.numbers = append(r.numbers, c.Number)
	}
}

// pass leaves the calls before one without a reply, since what came later has got one.
func (q *queue) pass(index int) {
	if len(q.segments) > 0 {
		if s := (&segment{late: index - 1 - (q.replies - 1)}); q.segments[len(q.segments)-1].late > s.late {
			q.lower(s)
		}
	}
	for ; q.front < index; q.front++ {
		c := &q.calls[q.front-q.first]
		if c.x != nil {
			c.x.pairing, c.x.passed = q.last, true
			if len(q.skipped) < leastRequests {
				q.skipped = append(q.skipped, c.x)
			}
			c.x = nil
		}
	}
	q.run, q.segments = nil, nil
	q.trim(maxClosed)
}

// passUntil leaves the calls without a reply that were made before a frame, which got one.
func (q *queue) passUntil(number int) {
	i := q.front
	for i < q.next && q.calls[i-q.first].Number < number {
		i++
	}
	if i > q.front {
		q.pass(i)
	}
}

// lower joins the segments that are as late as one, or later.
func (q *queue) lower(s *segment) {
	n := len(q.segments)
	for n > 0 && q.segments[n-1].late >= s.late {
		n--
		q.segments[n].joined = s
		q.segments[n] = nil
	}
	q.segments = append(q.segments[:n], s)
}

// extra notes a reply for which no call is left: it and those before it may be for calls that the
// capture does not show.
func (q *queue) extra() *pairing {
	f := q.pair(Candidate{})
	q.replies++
	return f
}

// take gives the next reply to the earliest call. The pairing is nil if it can be for no other. If
// unseen, it may be for one that the capture does not show.
func (q *queue) take(unseen bool) (x *Exchange, at Candidate, f *pairing) {
	c := &q.calls[q.front-q.first]
	x, at, c.x = c.x, c.Candidate, nil
	q.pending--
	switch alone := q.open() == 1 && !q.clouded && !unseen; {
	case alone && q.run == nil:
	case alone: // as many replies as there are calls from the first of the run on
		q.run.sure = true
		q.run, q.segments = nil, nil
	default:
		f = q.pair(at)
	}
	q.replies++
	q.front++
	if q.last == nil {
		q.trim(0)
	} else {
		q.trim(maxClosed)
	}
	return x, at, f
}

// pair notes that the next reply may be for several calls.
func (q *queue) pair(at Candidate) *pairing {
	late := q.next - 1 - q.replies
	if n := len(q.segments); n == 0 || q.segments[n-1].late != late {
		q.lower(&segment{late: late})
	}
	if q.run == nil {
		q.run = &Run{first: q.front}
		q.run.name(q)
	}
	f := &pairing{q: q, n: q.replies, index: q.front, first: append(make([]Candidate, 0, maxNumbers), at), run: q.run, clouded: q.clouded}
	f.segment = q.segments[len(q.segments)-1]
	for i := q.front + 1; i < q.next && len(f.first) < maxNumbers; i++ {
		next, _ := q.at(i)
		f.first = append(f.first, next)
	}
	f.last, _ = q.at(q.next - 1)
	q.run.answers++
	q.run.last, q.last = f, f
	return f
}

// late takes out a call that was left without a reply, for one that is out of order.
func (q *queue) late() *Exchange {
	x := q.skipped[0]
	q.skipped = slices.Delete(q.skipped, 0, 1)
	q.pending--
	return x
}

// remove takes out a call that was reported on.
func (q *queue) remove(x *Exchange) {
	if i := slices.Index(q.skipped, x); i >= 0 {
		q.skipped = slices.Delete(q.skipped, i, i+1)
		q.pending--
		return
	}
	if x.index < q.front || x.index >= q.next || q.calls[x.index-q.first].x != x {
		return
	}
	q.calls[x.index-q.first].x = nil
	q.pending--
	if q.run != nil {
		q.clouded = true // the report may be on another that reads alike
	}
	q.pass(x.index)
	q.front++
	q.trim(maxClosed)
}

// maxClosed is how many calls stay that are not open any more: a reply may be for a later one.
const maxClosed = 128

// trim lets go of calls before the front, but for a number of them.
func (q *queue) trim(keep int) {
	drop := q.front - keep - q.first
	if drop <= 0 || drop < keep/2 {
		return
	}
	q.first += drop
	if drop == len(q.calls) {
		q.calls = q.calls[:0]
		if cap(q.calls) > leastRequests {
			q.calls = nil
		}
		return
	}
	q.calls = q.calls[drop:]
}

// find gives the queue of a session, made if need be. The kernel is that of the rsvp if it is not
// the caller, to which answers go elsewhere; else empty.
func (c *sameRSVP) find(session, kernel string) *queue {
	for _, q := range c.queues {
		if q.session == session && q.kernel == kernel {
			return q
		}
	}
	if len(c.queues) == maxSessions {
		return c.queues[maxSessions-1]
	}
	q := &c.one
	if len(c.queues) > 0 {
		q = new(queue)
	} else {
		c.queues = c.list[:0]
	}
	q.session, q.kernel = strings.Clone(session), strings.Clone(kernel) // not to keep the image
	q.calls = q.room[:0]
	c.queues = append(c.queues, q)
	return q
}

// pending is how many calls were given no reply.
func (c *sameRSVP) pending() (n int) {
	for _, q := range c.queues {
		n += q.pending
	}
	return n
}

// choose finds the queue that a reply of a session is for, to a kernel as in find: that of the
// session if a call of it has no reply, else the one whose open call is the oldest; nil if all
// calls have theirs. several tells that it may be for a call of another queue.
func (c *sameRSVP) choose(session, kernel string) (found *queue, several bool) {
	if found, several = c.chooseOf(session, func(q *queue) bool { return q.kernel == kernel }); found != nil || len(c.queues) == 1 {
		return found, several
	}
	return c.chooseOf(session, func(q *queue) bool { return q.kernel != kernel })
}

func (c *sameRSVP) chooseOf(session string, among func(*queue) bool) (found *queue, several bool) {
	open, skipped := 0, (*queue)(nil)
	for _, q := range c.queues {
		if !among(q) {
			continue
		}
		several = several || q.session == session // of a call that has an answer, which may be for this one
		if q.pending == 0 {
			continue
		}
		if q.session == session && (q.open() > 0 || len(q.skipped) > 0) {
			return q, false
		}
		open++
		if q.open() == 0 {
			if skipped == nil && len(q.skipped) > 0 {
				skipped = q
			}
			continue
		}
		if found == nil || q.calls[q.front-q.first].Number < found.calls[found.front-found.first].Number {
			found = q
		}
	}
	if found == nil {
		found = skipped
	}
	return found, several || open > 1
}
