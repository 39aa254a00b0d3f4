package shown

import (
	"fmt"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// CTX are about what a call returns in scalar and in list context.
func CTX() []*judge.Check {
	call := func(x *dialogue.Exchange, list bool) bool { return x.Request.IsCall() && x.Request.WantArray == list }
	silent := func(id, state, requirement string, list bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s, and a later call that was answered", contract.SessionAlias, state),
			Judge: onConcluded(contract.SessionAlias, []string{state}, func(t *judge.Trial, x *dialogue.Exchange) {
				if call(x, list) {
					t.HoldFunc(len(x.Answers)+len(x.Errors) == 0, reply(x), func() (string, string) {
						return "no answer", gotten(x)
					})
				}
			}),
		}
	}
	value := func(id string, level judge.Level, state, requirement string, list bool, want *perl.Value) *judge.Check {
		carried := carrier(want)
		return &judge.Check{
			ID: id, Level: level, Party: judge.TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s in that context, and a later call that was answered", contract.SessionAlias, state),
			Judge: onConcluded(contract.SessionAlias, []string{state}, func(t *judge.Trial, x *dialogue.Exchange) {
				if call(x, list) {
					want := carried(t, x)
					t.HoldFunc(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want), reply(x), func() (string, string) {
						return wanted(want, x)
					})
				}
			}),
		}
	}
	list := contract.SessionList()
	return []*judge.Check{
		value("CTX-001", judge.Must, "list", "In scalar context the answer is the last value of the list that the state returns.", false, list[len(list)-1]),
		value("CTX-002", judge.Must, "list", "With wantarray true the answer is an array of all values that the state returns.", true, perl.ArrayRef(list...)),
		value("CTX-003", judge.Must, "zero", "A false value that is defined, such as \"0\", is an answer.", false, perl.NewBytes("0")),
		value("CTX-004", judge.Must, "empty", "The empty string is an answer.", false, perl.NewBytes("")),
		silent("CTX-005", "undef", "An undefined return value is not sent: the call gets no answer.", false),
		silent("CTX-006", "nothing", "An empty return in scalar context is not sent: the call gets no answer.", false),
		silent("CTX-007", "nothing", "An empty return in list context is not sent: the call gets no answer.", true),
		value("CTX-008", judge.Should, "undef", "In list context undef is one value: the answer is an array of it.", true, perl.ArrayRef(perl.NewUndef())),
		{
			ID: "CTX-009", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "With wantarray true the params of an answer are a reference to an array.",
			Source:      "Responder::Thunk __thunk", Needs: "a call with wantarray that was answered",
			Judge: judge.OnAnswers(func(t *judge.Trial, x *dialogue.Exchange, a *dialogue.Message) {
				if x.Request.WantArray && !x.Ambiguous {
					_, ok := walk.Elems(a.Params())
					t.HoldFunc(ok, a.Frame, func() (string, string) {
						return "a reference to an array", judge.ShowValue(a.Params())
					})
				}
			}),
		},
	}
}

// MoreCTX are about false values in list context, and about a context that is named and false.
func MoreCTX() []*judge.Check {
	inList := func(id, state, requirement string, want *perl.Value) *judge.Check {
		carried := carrier(want)
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheResponder, Requirement: requirement,
			Source: "Responder::Thunk __thunk", Needs: fmt.Sprintf("a call of %s/%s with wantarray, and a later call that was answered", contract.SessionAlias, state),
			Judge: onConcluded(contract.SessionAlias, []string{state}, func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && x.Request.WantArray {
					want := carried(t, x)
					t.HoldFunc(len(x.Answers) > 0 && perl.Equal(x.Answers[0].Params(), want),
						reply(x), func() (string, string) { return wanted(want, x) })
				}
			}),
		}
	}
	return []*judge.Check{
		inList("CTX-010", "zero", "In list context a false value, such as \"0\", is an array of it.", perl.ArrayRef(perl.NewBytes("0"))),
		inList("CTX-011", "empty", "In list context the empty string is an array of it.", perl.ArrayRef(perl.NewBytes(""))),
		{
			ID: "CTX-012", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A wantarray that is there but false asks for scalar context.",
			Source:      "Responder request; ClientLite call sends wantarray => 0", Needs: "a call of " + contract.SessionAlias + "/list with wantarray => 0 that was answered",
			Judge: onConcluded(contract.SessionAlias, []string{"list"}, func(t *judge.Trial, x *dialogue.Exchange) {
				if x.Request.IsCall() && !x.Request.WantArray && x.Request.Sent("wantarray") != nil {
					_, array := walk.Elems(reported(x))
					t.HoldFunc(len(x.Answers) > 0 && !array, reply(x), func() (string, string) { return "the last value", gotten(x) })
				}
			}),
		},
	}
}

// reported is what a call was answered with, nil if it was not.
func reported(x *dialogue.Exchange) *perl.Value {
	if len(x.Answers) == 0 {
		return nil
	}
	return x.Answers[0].Params()
}

// carrier tells what becomes of a value on its way by the connection's serializer: FreezeThaw makes
// strings of numbers.
func carrier(v *perl.Value) func(t *judge.Trial, x *dialogue.Exchange) *perl.Value {
	carried := map[string]func() *perl.Value{}
	for _, s := range dialogue.Serializers() {
		carried[s.Name()] = sync.OnceValue(func() *perl.Value {
			if image, err := s.Freeze(perl.NewRef(v)); err == nil {
				if thawed, err := s.Thaw(image); err == nil {
					return thawed.Target()
				}
			}
			return v
		})
	}
	return func(t *judge.Trial, x *dialogue.Exchange) *perl.Value {
		name := t.Conn.Negotiation.Serializer
		if name == "" {
			name = dialogue.GuessSerializer(x.Request.Frame.Image)
		}
		if f := carried[name]; f != nil {
			return f()
		}
		return v
	}
}
