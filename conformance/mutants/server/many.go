package server

import (
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// wrongFrom has another answer from a request of the connection on.
func wrongFrom(n, to int) func(*request) {
	return func(r *request) {
		if r.IsCall() && len(r.list) == 1 && r.c.got >= n && (to == 0 || r.c.got < to) && r.is(wire.SessionIKC, wire.StatePing) {
			r.list[0] = perl.NewBytes(wire.Pong + "x")
		}
	}
}

// folded takes names for others that they are nearly.
func folded(session, state func(name, known string) bool) func(*request) {
	return func(r *request) { r.to = nearest(r.to, session, state) }
}

// nearest is what is there, and what a specifier nearly names.
func nearest(to specifier.Specifier, session, state func(name, known string) bool) specifier.Specifier {
	for _, s := range []string{wire.SessionIKC, contract.SessionAlias} {
		if session(to.Session, s) {
			to.Session = s
		}
	}
	if to.State == "" {
		return to
	}
	for _, s := range append(contract.PublishedStates(), wire.StatePing, wire.StateHave) {
		if at := (specifier.Specifier{Session: to.Session, State: s}); state(to.State, s) && published(at) {
			to.State = s
		}
	}
	return to
}

func exactly(name, known string) bool { return name == known }

func begins(name, known string) bool { return name != "" && strings.HasPrefix(known, name) }

// manyDefects are of time, number and names.
func manyDefects() []*Behaviour {
	return []*Behaviour{
		{Name: "wrong from the 50th request on", Text: "From the 50th request of a connection on ping is answered with something else.", Kills: []string{"SEQ-001"},
			returned: wrongFrom(50, 200)},
		{Name: "wrong from the 200th request on", Text: "From the 200th request of a connection on ping is answered with something else.", Kills: []string{"SEQ-002"},
			returned: wrongFrom(200, 0)},
		{Name: "32 requests a read", Text: "Of many requests that come at once, 32 are carried out.", Kills: []string{"SEQ-003"},
			replies: unanswered(func(r *request) bool { return r.c.inRead > 32 })},
		{Name: "late duplicates", Text: "An answer comes once more 200 ms later.", Kills: []string{"SEQ-004"},
			replies: answersLate(200 * time.Millisecond)},
		{Name: "a count for each connection", Text: "The state count counts for each connection by itself.", Kills: []string{"SEQ-005"},
			returned: func(r *request) {
				if r.conform("count") && r.refused == nil {
					r.c.count++
					r.list = []*perl.Value{perl.NewInt(r.c.count)}
				}
			}},
		{Name: "errors to the newest connection", Text: "An error report goes to the connection that was made last.", Kills: []string{"ERR-001"},
			replies: func(r *request) {
				r.c.s.mu.Lock()
				newest := r.c.s.newest
				r.c.s.mu.Unlock()
				if r.refused != nil && newest != r.c {
					_ = newest.send(r.replies...)
					r.replies = nil
				}
			}},
		{Name: "PID for the first connection", Text: "Only the first SETUP tells the process id.", Kills: []string{"HS-IKC0-006"},
			lines: func(c *conn, _ string, reply []string) []string {
				if c.nth > 1 && len(reply) > 0 {
					reply[0] = strings.Replace(reply[0], ";PID=1", "", 1)
				}
				return reply
			}},
		{Name: "last serializer", Text: "The server takes the last FREEZER that a client offers.", Kills: []string{"HS-IKC0-005"},
			lines: func(_ *conn, asked string, reply []string) []string {
				if strings.Contains(asked, ",POE::Component::IKC::Freezer") && len(reply) > 0 {
					reply[0] = strings.Replace(reply[0], "FREEZER=Storable", "FREEZER=POE::Component::IKC::Freezer", 1)
				}
				return reply
			}},
		{Name: "only by id", Text: "A call that addresses the kernel by its name or address is not answered.", Kills: []string{"ADDR-001"},
			replies: unanswered(func(r *request) bool {
				return r.IsCall() && (r.Event.Kernel == Name || strings.Contains(r.Event.Kernel, ":"))
			})},
		{Name: "sessions in any case", Text: "A session is found in spite of its capitals.", Kills: []string{"ADDR-002"},
			request: folded(strings.EqualFold, exactly)},
		{Name: "beginnings of sessions", Text: "A session is found by the beginning of its name.", Kills: []string{"ADDR-003"},
			request: folded(begins, exactly)},
		{Name: "states in any case", Text: "A state is found in spite of its capitals.", Kills: []string{"ADDR-004"},
			request: folded(exactly, strings.EqualFold)},
		{Name: "beginnings of states", Text: "A state is found by the beginning of its name.", Kills: []string{"ADDR-005"},
			request: folded(exactly, begins)},
		{Name: "yes to beginnings", Text: "do_you_have finds names by their beginnings.", Kills: []string{"ADDR-006"},
			returned: func(r *request) {
				if to := nearest(r.asked(), begins, begins); r.is(wire.SessionIKC, wire.StateHave) && to != r.asked() && published(to) {
					r.list = []*perl.Value{r.yes(to, ID)}
				}
			}},
		{Name: "posts to hidden states pass", Text: "A post to a state that is not published is not refused.", Kills: []string{"POST-003"},
			replies: unanswered(func(r *request) bool {
				return r.conform(contract.HiddenState) && !r.IsCall() && r.Event.State == contract.HiddenState
			})},
		{Name: "nothing to a given specifier", Text: "What a state posts to a specifier that it was given is lost.", Kills: []string{"SND-003"},
			replies: unanswered(func(r *request) bool { return r.conform("respond") })},
		{Name: "three arguments", Text: "Of the arguments in a message to IKC:proxy three reach the state.", Kills: []string{"CALL-009"},
			request: func(r *request) { r.args = r.args[:min(len(r.args), 3)] }},
		{Name: "wantarray of hashes only", Text: "A call whose event is a string runs in scalar context.", Kills: []string{"CTX-002"},
			request: func(r *request) {
				if _, isText := r.Event.AsText(); isText {
					r.WantArray = false
				}
			}},
	}
}

// answersLate sends the answers to ping again, later.
func answersLate(after time.Duration) func(*request) {
	return func(r *request) {
		if r.IsCall() && r.is(wire.SessionIKC, wire.StatePing) {
			again, c := r.replies, r.c
			time.AfterFunc(after, func() { _ = c.send(again...) })
		}
	}
}
