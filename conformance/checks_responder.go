package conformance

import (
	"slices"
	"strings"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const srcHave = "Responder do_you_have"

// askedFor is the specifier of a do_you_have request; ok is false if its params are not
// [specifier, kernel id].
func askedFor(x *dialogue.Exchange) (a wire.Address, ok bool) {
	elems, ok := elemsOf(x.Arg(0))
	if !ok || len(elems) < 2 || !isString(elems[1]) {
		return a, false
	}
	a = wire.ParseAddress("params", elems[0])
	return a, a.Present() && a.Err == nil
}

// onHave judges what a do_you_have request came to.
func onHave(judge func(t *Trial, x *dialogue.Exchange, asked wire.Address)) Predicate {
	return onSettled("IKC", []string{"do_you_have"}, func(t *Trial, x *dialogue.Exchange) {
		if asked, ok := askedFor(x); ok && x.Request.IsCall() {
			judge(t, x, asked)
		}
	})
}

// accepted reads an answer to do_you_have that says yes: [specifier, kernel id].
func accepted(x *dialogue.Exchange) (a wire.Address, id *perl.Value, ok bool) {
	if len(x.Answers) == 0 {
		return a, nil, false
	}
	elems, ok := elemsOf(x.Answers[0].Params())
	if !ok || len(elems) == 0 {
		return a, nil, false
	}
	if len(elems) > 1 {
		id = elems[1]
	}
	return wire.ParseAddress("params", elems[0]), id, true
}

// published tells what is known of a session and state without asking: whether every target, or
// one with the conformance session, has published them.
func published(session, state string) (yes, known bool) {
	switch session {
	case "IKC":
		return state == "" || slices.Contains([]string{"ping", "do_you_have", "remote_error"}, state), true
	case AbsentSession:
		return false, true
	case SessionAlias:
		return state == "" || slices.Contains(sessionPublishes(), state), true
	}
	return false, false
}

// sessionPublishes is PublishedStates, made once.
var sessionPublishes = sync.OnceValue(PublishedStates)

const srcError = "Responder _error_response"

var operations = []string{"request", "check", "resolve", "invocation"}

// wording holds the message of the error reports on a request against what it should begin with.
func wording(t *Trial, x *dialogue.Exchange, want string) {
	for _, e := range x.Errors {
		text := dialogue.ErrorText(e.Params())
		t.Hold(strings.HasPrefix(text, want), e.Frame, want, text)
	}
}

// quoted tells whether the side judged reported an error about the message m.
func quoted(t *Trial, m *dialogue.Message) bool {
	for _, item := range t.Conn.Items {
		f, ok := item.(*dialogue.Frame)
		if ok && f.From == t.Side && f.Message != nil && f.Message.Kind == dialogue.ErrorReport && strings.Contains(dialogue.ErrorText(f.Message.Params()), ".  Request "+m.To.String()) {
			return true
		}
	}
	return false
}
