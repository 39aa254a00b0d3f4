package dialogue

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// matcher finds out which message answers which. IKC has no numbers for that: an answer is addressed
// to the rsvp of its call, an error report quotes the request's specifier.
type matcher struct {
	c *Connection
	// calls holds the calls by wire.Role of the caller and by rsvp.
	calls [2]map[rsvp]*sameRSVP
	// open holds, by wire.Role of the requester, the requests that nothing came back for yet.
	open [2][]*Exchange
	// failed holds, by wire.Role of the requester, the requests last reported on, newest first.
	failed [2][]*Exchange
}

// rsvp is where an answer goes within a kernel.
type rsvp struct{ session, state string }

// sameRSVP are the calls with one rsvp: those that nothing came back for yet, in order, and the last.
type sameRSVP struct {
	waiting []*Exchange
	newest  *Exchange
}

// maxOpen bounds the requests without reply that are kept per direction: posts get none.
const maxOpen = 4096

// maxFailed bounds the requests that were reported on and may be so again.
const maxFailed = 64

func (m *matcher) init(c *Connection) {
	m.c = c
	m.calls = [2]map[rsvp]*sameRSVP{{}, {}}
}

func (m *matcher) add(f *Frame) {
	msg := f.Message
	if msg == nil {
		return
	}
	resolve(msg)
	other := f.From.Other()
	switch {
	case msg.IsError || msg.Event.Session == "IKC" && msg.Event.State == "remote_error":
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
		key := rsvp{msg.RSVP.Session, msg.RSVP.State}
		calls := m.calls[f.From][key]
		if calls == nil {
			calls = new(sameRSVP)
			m.calls[f.From][key] = calls
		}
		calls.waiting, calls.newest = append(calls.waiting, x), x
		if len(calls.waiting) > maxOpen {
			calls.waiting = calls.waiting[1:]
		}
	}
	if m.open[f.From] = append(m.open[f.From], x); len(m.open[f.From]) > maxOpen {
		m.open[f.From] = m.open[f.From][1:]
	}
}

// answer gives a message to the call whose rsvp it is addressed to: the oldest that has no answer
// yet, of the session that answers if it says so; else the newest, which then has one too many.
func (m *matcher) answer(msg *Message, caller wire.Role) bool {
	calls := m.calls[caller][rsvp{msg.Event.Session, msg.Event.State}]
	if calls == nil {
		m.misdirected(msg, caller)
		return false
	}
	candidates := calls.of(msg.From.Session)
	if len(candidates) == 0 {
		candidates = calls.waiting
	}
	x := calls.newest
	if len(candidates) > 0 {
		x = candidates[0]
	}
	if len(candidates) > 1 {
		for _, c := range candidates {
			c.Ambiguous = true
		}
	}
	msg.Kind, msg.Exchange = Answer, x
	x.Answers = append(x.Answers, msg)
	m.close(x)
	return true
}

// of returns the calls that wait for a session.
func (c *sameRSVP) of(session string) (found []*Exchange) {
	for _, x := range c.waiting {
		if x.Request.To.Session == session {
			found = append(found, x)
		}
	}
	return found
}

// misdirected notes a message to the session that waits for an answer, when a call is open and the
// state is none that the caller ever named.
func (m *matcher) misdirected(msg *Message, caller wire.Role) {
	if msg.Event.State == specifier.ProxyState || msg.IsCall() {
		return
	}
	for _, x := range m.open[caller] {
		// To the session that waits, or from the session that was called.
		near := x.Request.RSVP.Session == msg.Event.Session || msg.From.Session != "" && msg.From.Session == x.Request.To.Session
		if x.Request.IsCall() && near {
			x.Misdirected = append(x.Misdirected, msg)
			return
		}
	}
}

// report gives an error report to the oldest open request that it quotes.
func (m *matcher) report(msg *Message, requester wire.Role) {
	text := ErrorText(msg.Params)
	for _, list := range [][]*Exchange{m.open[requester], m.failed[requester]} {
		for _, x := range list {
			if quotes(text, x.Request) {
				msg.Exchange = x
				x.Errors = append(x.Errors, msg)
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
	from := x.Request.Frame.From
	m.open[from] = without(m.open[from], x)
	if calls := m.calls[from][rsvp{x.Request.RSVP.Session, x.Request.RSVP.State}]; calls != nil && x.Request.IsCall() {
		calls.waiting = without(calls.waiting, x)
	}
}

// without removes an exchange, most often the first.
func without(list []*Exchange, x *Exchange) []*Exchange {
	switch i := slices.Index(list, x); i {
	case -1:
		return list
	case 0:
		return list[1:]
	default:
		return slices.Delete(list, i, i+1)
	}
}

// finish counts, for each request, the later ones of the same side that something came back for.
func (m *matcher) finish() {
	var replied [2]int
	for _, x := range slices.Backward(m.c.Exchanges) {
		from := x.Request.Frame.From
		x.RepliesAfter = replied[from]
		if len(x.Answers)+len(x.Errors) > 0 {
			replied[from]++
		}
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

// quotes tells whether an error message is about a request: it ends with ".  Request SPEC", before
// 0.2400 with " [SPEC]", and then who sent it.
func quotes(text string, request *Message) bool {
	spec := request.To.String()
	for _, form := range []string{".  Request " + spec, " [" + spec + "]"} {
		_, tail, ok := strings.Cut(text, form)
		if ok && (tail == "" || strings.HasPrefix(tail, " sent by ")) {
			return true
		}
	}
	return false
}

// resolve finds out what a message is addressed to after all, and the arguments.
func resolve(m *Message) {
	m.To, m.Args = m.Event.Specifier, []*perl.Value{m.Params}
	if state, args, ok := m.Proxied(); ok {
		m.To.State, m.Args = state, args
	}
	if m.To.Arg != "" {
		m.Args = append(append([]*perl.Value(nil), m.Args...), perl.NewBytes(m.To.Arg))
	}
}
