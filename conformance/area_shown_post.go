package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// POST are the checks POST-001 to POST-002.
func AreaShownPOST() []*Check {
	return []*Check{
		{
			ID: "POST-001", Level: Must, Party: TheResponder,
			Requirement: "A post is carried out, once, before what comes after it.",
			Source:      "Responder request", Needs: "a post to " + SessionAlias + "/count between two calls of it that were answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				posts, before := 0, int64(-1)
				return func(t *Trial, x *dialogue.Exchange) {
					switch {
					case !to(x, SessionAlias, "count"):
					case !x.Request.IsCall():
						posts++
					case len(x.Answers) > 0:
						now := countOf(x)
						if before >= 0 && posts > 0 {
							t.HoldElse(now-before-1 == int64(posts), x.Answers[0].Frame, func() (string, string) {
								return fmt.Sprintf("a count of %d after %d and %d posts", before+int64(posts)+1, before, posts), fmt.Sprint(now)
							})
						}
						before, posts = now, 0
					}
				}
			}),
			Rationale: "The count must be of one connection at a time; other users of the session spoil the evidence.",
		},
		{
			ID: "POST-002", Level: Must, Party: TheResponder,
			Requirement: "A post is not answered, whatever the state returns.",
			Source:      "Responder::Thunk __thunk", Needs: "a post to " + SessionAlias + "/echo, and a later call that was answered",
			Judge: onSettled(SessionAlias, []string{"echo", "list"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() {
					return
				}
				if u := unasked(t, x); u != nil {
					t.Fail(u.Frame, "nothing", "a message to "+u.Event.String())
					return
				}
				t.Pass(x.Request.Frame)
			}),
		},
	}
}
