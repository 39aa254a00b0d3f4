package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// POST are about posts.
func POST() []*judge.Check {
	return []*judge.Check{
		{
			ID: "POST-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A post is carried out, once, before what comes after it.",
			Source:      "Responder request", Needs: "a post to " + contract.SessionAlias + "/count between two calls of it that were answered",
			Judge:     judge.InOrder(countsPosts),
			Rationale: "The count must be of one connection at a time; other users of the session spoil the evidence.",
		},
		{
			ID: "POST-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A post is not answered, whatever the state returns.",
			Source:      "Responder::Thunk __thunk", Needs: "a post to " + contract.SessionAlias + "/echo, and a later call that was answered",
			Judge: onConcluded(contract.SessionAlias, []string{"echo", "list"}, func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() {
					return
				}
				if u := unasked(t, x); u != nil {
					t.OnAll()
					t.Fail(u.Frame, "nothing", "a message to "+u.Event.String())
					return
				}
				t.Pass(x.Request.Frame)
			}),
		},
		{
			ID: "POST-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A post to a state that its session has not published is refused with an error report.",
			Source:      "Responder request, _req_is_published", Needs: "a post to " + contract.SessionAlias + "/" + contract.HiddenState + ", and a later call that was answered",
			Judge: onConcluded(contract.SessionAlias, []string{contract.HiddenState}, func(t *judge.Trial, x *dialogue.Exchange) {
				if !x.Request.IsCall() {
					t.HoldFunc(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		},
	}
}

// countsPosts counts each post once, in its place: by the calls of the state count around it.
func countsPosts() func(*judge.Trial, *dialogue.Exchange) {
	posts, before := 0, int64(-1)
	return func(t *judge.Trial, x *dialogue.Exchange) {
		switch {
		case !to(x, contract.SessionAlias, "count"):
		case !x.Request.IsCall():
			posts++
		case x.Ambiguous: // which count it got is not known
			before, posts = -1, 0
		case len(x.Answers) > 0:
			now := contract.CountOf(x)
			if before >= 0 && posts > 0 {
				t.HoldFunc(now-before-1 == int64(posts), x.Answers[0].Frame, func() (string, string) {
					return fmt.Sprintf("a count of %d after %d and %d posts", before+int64(posts)+1, before, posts), fmt.Sprint(now)
				})
			}
			before, posts = now, 0
		}
	}
}
