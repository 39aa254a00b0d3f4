package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// PRX are the checks PRX-001 to PRX-002. // proxyChecks are about messages to IKC:proxy and what was retracted.
func AreaShownPRX() []*Check {
	refused := func(id string, requirement, source, needs string, so func(x *dialogue.Exchange) bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement, Source: source, Needs: needs,
			Judge: onRequests(func(t *Trial, x *dialogue.Exchange) {
				if so(x) && (len(x.Answers)+len(x.Errors) > 0 || settled(t, x)) {
					t.HoldElse(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	return []*Check{
		{
			ID: "PRX-001", Level: Must, Party: TheResponder,
			Requirement: "A post by way of IKC:proxy is carried out, once.",
			Source:      "Responder _req_args; Proxy _default", Needs: "a post to " + SessionAlias + "/count by way of IKC:proxy between two calls of it that were answered",
			Judge: inOrder(func() func(*Trial, *dialogue.Exchange) {
				posts, proxied, before := int64(0), false, int64(-1)
				return func(t *Trial, x *dialogue.Exchange) {
					switch {
					case !to(x, SessionAlias, "count"):
					case !x.Request.IsCall():
						posts++
						proxied = proxied || viaProxy(x)
					case len(x.Answers) > 0:
						now := countOf(x)
						if before >= 0 && proxied {
							t.HoldElse(now-before-1 == posts, x.Answers[0].Frame, func() (string, string) {
								return fmt.Sprintf("a count of %d after %d and %d posts", before+posts+1, before, posts), fmt.Sprint(now)
							})
						}
						before, posts, proxied = now, 0, false
					}
				}
			}),
		},
		refused("PRX-002", "A request by way of IKC:proxy to a state that is not published is answered with an error report.", "Responder request, _req_is_published",
			"a request to "+SessionAlias+"/"+HiddenState+" by way of IKC:proxy, and a later call that was answered",
			func(x *dialogue.Exchange) bool { return viaProxy(x) && to(x, SessionAlias, HiddenState) }),
	}
}
