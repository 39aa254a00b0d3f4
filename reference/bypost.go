package ikc

import (
	"context"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// AnswersByPost makes of a state one that is asked by post, as the post_respond of a ClientLite
// asks: its first argument is [params, specifier], and what it has to say is posted to that
// specifier. The state given gets params for its first argument, and WantArray false; what it
// returns is posted, also an undef, but nothing if it returns nil or an empty List. Of a List, it
// is the last value.
//
// The specifier is argument 1 that the state gets. A state that answers later detaches the request,
// as any other: see [Request.Detach].
//
// What is no [params, specifier] is an error, that is reported to who asked, and so is what cannot
// be posted. Source: ClientLite post_respond.
func AnswersByPost(state State) State {
	return func(ctx context.Context, r *Request) (any, error) {
		asked := r.Arg(0).Target()
		if len(asked.Elems()) != 2 {
			return nil, fmt.Errorf("%s: expected [params, specifier], got %s", brief(r.State), perl.Format(r.Arg(0), shown))
		}
		own := *r
		own.Args = append([]*perl.Value{asked.Elem(0), asked.Elem(1)}, r.Args[1:]...)
		own.WantArray = false
		r.h.more().post = asked.Elem(1)
		return state(ctx, &own)
	}
}

// postAnswer posts what a state returned to the specifier that it was asked to.
func (h *handling) postAnswer(result any) error {
	if list, ok := result.(List); ok && len(list) > 0 {
		result = list[len(list)-1]
	}
	if isNothing(result) {
		return nil
	}
	return h.Session.Respond(h, h.aside.post, result)
}
