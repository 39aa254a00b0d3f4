package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// RSVP are the checks RSVP-001 to RSVP-003.
func AreaToldRSVP() []*Check {
	return []*Check{
		{
			ID: "RSVP-001", Level: Must, Party: TheKernel,
			Requirement: "The answer to a call reaches the state that is its rsvp, though nobody published it: the params as ARG0.",
			Source:      "Responder call (it permits one post), request", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onAccount(func(t *Trial, a *account) {
				local := a.localCalls()
				for rsvp, answers := range a.answersGot(true) {
					session, state, _ := strings.Cut(rsvp, "/")
					var due []*perl.Value
					for _, m := range answers {
						due = append(due, m.Params())
					}
					reported := a.states(session, state)
					missing, extra := claimed(due, reported, func(v *perl.Value, e *driver.Event) bool { return len(e.Args) > 0 && sameValue(v, e.Args[0]) })
					for _, l := range reported {
						if !slices.Contains(extra, l) {
							t.Hold(true, l, "the answer", "")
						}
					}
					if len(missing) > 0 {
						got := "none such"
						at := a.Lines[len(a.Lines)-1]
						if len(extra) > len(local[rsvp]) {
							at, got = extra[0], showArgs(extra[0].Event.Args)
						}
						t.Fail(at, fmt.Sprintf("a run of %s with the answer %s", rsvp, showValue(missing[0])), got)
					}
				}
			}),
		},
		{
			ID: "RSVP-002", Level: Must, Party: TheKernel,
			Requirement: "Each call permits one post to its rsvp: the state runs as often as calls were answered, not more.",
			Source:      "Responder call, _req_is_published", Needs: "a driver that reports the runs of states, and answers to its kernel's calls",
			Judge: onAccount(func(t *Trial, a *account) {
				local := a.localCalls()
				for rsvp, answers := range a.answersGot(false) {
					session, state, _ := strings.Cut(rsvp, "/")
					if n := len(a.states(session, state)); n > 0 {
						most := len(answers) + len(local[rsvp])
						t.Hold(n <= most, a.states(session, state)[n-1], fmt.Sprintf("at most %d runs of %s, as many as answers", most, rsvp), fmt.Sprint(n))
					}
				}
			}),
		},
		{
			ID: "RSVP-003", Level: Must, Party: TheKernel,
			Requirement: "A second post to the rsvp of a call is refused, if the state is not published.",
			Source:      "Responder call, _req_is_published", Needs: "a call that was answered twice, to a state that is not published",
			Judge: onOwnRequests(func(t *Trial, x *dialogue.Exchange) {
				if len(x.Answers) < 2 || x.Request.RSVP.Session != ClientSession || x.Request.RSVP.State != OnceState {
					return
				}
				second := x.Answers[1]
				refused := false
				for _, item := range t.Conn.Items {
					f, ok := item.(*dialogue.Frame)
					refused = refused || ok && f.From == t.Side && f.Message != nil && f.Message.Kind == dialogue.ErrorReport && f.At.Packet > second.Frame.At.Packet &&
						strings.Contains(dialogue.ErrorText(f.Message.Params()), OnceState)
				}
				t.Hold(refused, second.Frame, "an error report on it", "none")
			}),
		},
	}
}
