package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HAVE are about do_you_have.
func HAVE() []*judge.Check {
	onYes := func(look func(t *judge.Trial, x *dialogue.Exchange, asked, got wire.Address, id *perl.Value)) judge.Predicate {
		return onHave(func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address) {
			if got, id, ok := accepted(x); ok {
				look(t, x, asked, got, id)
			}
		})
	}
	return []*judge.Check{
		{
			ID: "HAVE-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "do_you_have says yes to a session that published something, with an array.",
			Source:      sourceHave, Needs: "a do_you_have request for IKC or " + contract.SessionAlias,
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := contract.Published(asked.Session, ""); known && yes && asked.State == "" {
					_, _, ok := accepted(x)
					t.HoldFunc(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-002", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "do_you_have says yes to a state that is published.",
			Source:      sourceHave, Needs: "a do_you_have request for a state of IKC or " + contract.SessionAlias,
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, _ := contract.Published(asked.Session, asked.State); yes && asked.State != "" {
					_, _, ok := accepted(x)
					t.HoldFunc(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-003", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "do_you_have refuses a session or state that is not published, with a string.",
			Source:      sourceHave, Needs: fmt.Sprintf("a do_you_have request for %s or %s/%s", contract.AbsentSession, contract.SessionAlias, contract.HiddenState),
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := contract.Published(asked.Session, asked.State); known && !yes {
					t.HoldFunc(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) {
						return "a string that refuses", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-004", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The refusal reads \"Refused subscription <specifier>\".",
			Source:      sourceHave, Needs: "a do_you_have request that was refused",
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address) {
				if len(x.Answers) > 0 && isString(x.Answers[0].Params()) {
					want := "Refused subscription " + asked.String()
					t.HoldFunc(x.Answers[0].Params().Str() == want, reply(x), func() (string, string) {
						return want, x.Answers[0].Params().Str()
					})
				}
			}),
		},
		{
			ID: "HAVE-005", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The answer that says yes repeats the session and state that were asked for.",
			Source:      sourceHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *judge.Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				t.HoldFunc(got.Session == asked.Session && got.State == asked.State, reply(x), func() (string, string) {
					return asked.String(), got.String()
				})
			}),
		},
		{
			ID: "HAVE-006", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The kernel in the answer is the one asked for, or the answering kernel's id if none was.",
			Source:      sourceHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *judge.Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				want := asked.Kernel
				if want == "" {
					want = t.ID(t.Side)
				}
				if want != "" {
					t.Hold(got.Kernel == want, reply(x), want, got.Kernel)
				}
			}),
		},
		{
			ID: "HAVE-007", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The second element of the answer is the id that the kernel announced.",
			Source:      sourceHave, Needs: "a negotiation, and a do_you_have request that was answered with yes",
			Judge: onYes(func(t *judge.Trial, x *dialogue.Exchange, _, _ wire.Address, id *perl.Value) {
				if want := t.ID(t.Side); want != "" {
					got, _ := id.AsString()
					t.Hold(got == want, reply(x), want, got)
				}
			}),
		},
	}
}

// MoreHAVE are about the ways to write a specifier in do_you_have.
func MoreHAVE() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HAVE-008", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "The specifier that do_you_have is asked about may be a string as well as a hash.",
			Source:      sourceHave + " (specifier_parse)", Needs: "a do_you_have request with a string, for what is published",
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, asked askedAddress) {
				if yes, known := contract.Published(asked.Session, asked.State); yes && known && isString(asked.Value) {
					_, _, ok := accepted(x)
					t.HoldFunc(ok, reply(x), func() (string, string) { return "[specifier, kernel id]", gotten(x) })
				}
			}),
		},
		{
			ID: "HAVE-009", Level: judge.Should, Party: judge.TheResponder,
			Requirement: "The specifier in the answer that says yes is a hash of kernel, session and state.",
			Source:      sourceHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onHave(func(t *judge.Trial, x *dialogue.Exchange, _ askedAddress) {
				if got, _, ok := accepted(x); ok {
					h := got.Value.Target()
					t.HoldFunc(got.Err == nil && h.Get("kernel") != nil && h.Get("session") != nil, reply(x), func() (string, string) {
						return "{kernel, session, state}", judge.ShowValue(got.Value)
					})
				}
			}),
		},
	}
}

// askedAddress is what do_you_have was asked about.
type askedAddress = wire.Address

const sourceHave = "Responder do_you_have"

// askedFor is the specifier of a do_you_have request; ok is false if its params are not
// [specifier, kernel id].
func askedFor(x *dialogue.Exchange) (a wire.Address, ok bool) {
	elems, ok := walk.Elems(x.Arg(0))
	if !ok || len(elems) < 2 || !isString(elems[1]) {
		return a, false
	}
	a = wire.ParseAddress("params", elems[0])
	return a, a.Present() && a.Err == nil
}

// onHave judges what a do_you_have request came to.
func onHave(look func(t *judge.Trial, x *dialogue.Exchange, asked wire.Address)) judge.Predicate {
	return onConcluded(wire.SessionIKC, []string{wire.StateHave}, func(t *judge.Trial, x *dialogue.Exchange) {
		if asked, ok := askedFor(x); ok && x.Request.IsCall() {
			look(t, x, asked)
		}
	})
}

// accepted reads an answer to do_you_have that says yes: [specifier, kernel id].
func accepted(x *dialogue.Exchange) (a wire.Address, id *perl.Value, ok bool) {
	if len(x.Answers) == 0 {
		return a, nil, false
	}
	elems, ok := walk.Elems(x.Answers[0].Params())
	if !ok || len(elems) == 0 {
		return a, nil, false
	}
	if len(elems) > 1 {
		id = elems[1]
	}
	return wire.ParseAddress("params", elems[0]), id, true
}
