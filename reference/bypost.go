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
// A state that answers later returns nil, keeps the specifier, which is argument 1 that it gets,
// and calls [Session.Respond] when the time has come.
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
		result, err := state(ctx, &own)
		if v, ok := result.(*perl.Value); ok && v == nil {
			result = nil
		}
		if list, ok := result.(List); ok {
			if result = nil; len(list) > 0 {
				result = list[len(list)-1]
			}
		}
		if err != nil || result == nil {
			return nil, err
		}
		return nil, r.Session.Respond(ctx, asked.Elem(1), result)
	}
}
