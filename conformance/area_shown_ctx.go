package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// CTX are the checks CTX-001 to CTX-009.
func AreaShownCTX() []*Check {
	call := func(x *dialogue.Exchange, list bool) bool { return x.Request.IsCall() && x.Request.WantArray == list }
	silent := func(id, state, requirement string, list bool) *Check {
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if call(x, list) {
					t.HoldElse(len(x.Answers)+len(x.Errors) == 0, reply(x), func() (string, string) {
						return "no answer", gotten(x)
					})
				}
			}),
		}
	}
	value := func(id string, level Level, state, requirement string, list bool, want *perl.Value) *Check {
		carried := carrier(want)
		return &Check{
			ID: id, Level: level, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s in that context, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if call(x, list) {
					want := carried(t)
					t.HoldElse(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) {
						return showValue(want), gotten(x)
					})
				}
			}),
		}
	}
	list := SessionList()
	return []*Check{
		value("CTX-001", Must, "list", "In scalar context the answer is the last value of the list that the state returns.", false, list[len(list)-1]),
		value("CTX-002", Must, "list", "With wantarray true the answer is an array of all values that the state returns.", true, perl.ArrayRef(list...)),
		value("CTX-003", Must, "zero", "A false value that is defined, such as \"0\", is an answer.", false, perl.NewBytes("0")),
		value("CTX-004", Must, "empty", "The empty string is an answer.", false, perl.NewBytes("")),
		silent("CTX-005", "undef", "An undefined return value is not sent: the call gets no answer.", false),
		silent("CTX-006", "nothing", "An empty return in scalar context is not sent: the call gets no answer.", false),
		silent("CTX-007", "nothing", "An empty return in list context is not sent: the call gets no answer.", true),
		value("CTX-008", Should, "undef", "In list context undef is one value: the answer is an array of it.", true, perl.ArrayRef(perl.NewUndef())),
		{
			ID: "CTX-009", Level: Must, Party: TheResponder,
			Requirement: "With wantarray true the params of an answer are a reference to an array.",
			Source:      "Responder::Thunk __thunk", Needs: "a call with wantarray that was answered",
			Judge: onAnswers(func(t *Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if x.Request.WantArray {
					_, ok := elemsOf(a.Params())
					t.HoldElse(ok, a.Frame, func() (string, string) {
						return "a reference to an array", showValue(a.Params())
					})
				}
			}),
		},
	}
}

// MoreCTX are the checks CTX-010 to CTX-012. // returnChecks are about returns in list context, and a context that is named and false.
func AreaShownMoreCTX() []*Check {
	inList := func(id, state, requirement string, want *perl.Value) *Check {
		carried := carrier(want)
		return &Check{
			ID: id, Level: Must, Party: TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s with wantarray, and a later call that was answered", SessionAlias, state),
			Judge: onSettled(SessionAlias, []string{state}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && x.Request.WantArray {
					want := carried(t)
					t.HoldElse(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) { return showValue(want), gotten(x) })
				}
			}),
		}
	}
	return []*Check{
		inList("CTX-010", "zero", "In list context a false value, such as \"0\", is an array of it.", perl.ArrayRef(perl.NewBytes("0"))),
		inList("CTX-011", "empty", "In list context the empty string is an array of it.", perl.ArrayRef(perl.NewBytes(""))),
		{
			ID: "CTX-012", Level: Must, Party: TheResponder,
			Requirement: "A wantarray that is there but false asks for scalar context.",
			Source:      "Responder request; ClientLite call sends wantarray => 0", Needs: "a call of " + SessionAlias + "/list with wantarray => 0 that was answered",
			Judge: onSettled(SessionAlias, []string{"list"}, func(t *Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && !x.Request.WantArray && x.Request.Sent("wantarray") != nil {
					_, array := elemsOf(reported(x))
					t.HoldElse(len(x.Answers) > 0 && !array, reply(x), func() (string, string) { return "the last value", gotten(x) })
				}
			}),
		},
	}
}
