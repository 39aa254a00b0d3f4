package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// PRX are about messages to IKC:proxy.
func PRX() []*judge.Check {
	refused := func(id string, requirement, source, needs string, so func(x *dialogue.Exchange) bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement, Source: source, Needs: needs,
			Judge: judge.OnRequests(func(t *judge.Trial, x *dialogue.Exchange) {
				if so(x) && (len(x.Answers)+len(x.Errors) > 0 || concluded(t, x)) {
					t.HoldFunc(len(x.Errors) > 0, reply(x), func() (string, string) { return "an error report", gotten(x) })
				}
			}),
		}
	}
	return []*judge.Check{
		{
			ID: "PRX-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A post by way of IKC:proxy is carried out, once.",
			Source:      "Responder _req_args; Proxy _default", Needs: "a post to " + contract.SessionAlias + "/count by way of IKC:proxy between two calls of it that were answered",
			Judge: judge.InOrder(countsProxiedPosts),
		},
		refused("PRX-002", "A request by way of IKC:proxy to a state that is not published is answered with an error report.", "Responder request, _req_is_published",
			"a request to "+contract.SessionAlias+"/"+contract.HiddenState+" by way of IKC:proxy, and a later call that was answered",
			func(x *dialogue.Exchange) bool {
				return viaProxy(x) && to(x, contract.SessionAlias, contract.HiddenState)
			}),
	}
}

// countsProxiedPosts is countsPosts where a post came by way of IKC:proxy.
func countsProxiedPosts() func(*judge.Trial, *dialogue.Exchange) {
	posts, proxied, before := int64(0), false, int64(-1)
	return func(t *judge.Trial, x *dialogue.Exchange) {
		switch {
		case !to(x, contract.SessionAlias, "count"):
		case !x.Request.IsCall():
			posts++
			proxied = proxied || viaProxy(x)
		case x.Ambiguous: // which count it got is not known
			before, posts, proxied = -1, 0, false
		case len(x.Answers) > 0:
			now := contract.CountOf(x)
			if before >= 0 && proxied {
				t.HoldFunc(now-before-1 == posts, x.Answers[0].Frame, func() (string, string) {
					return fmt.Sprintf("a count of %d after %d and %d posts", before+posts+1, before, posts), fmt.Sprint(now)
				})
			}
			before, posts, proxied = now, 0, false
		}
	}
}
