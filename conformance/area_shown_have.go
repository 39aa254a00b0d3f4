package conformance

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HAVE are the checks HAVE-001 to HAVE-007.
func AreaShownHAVE() []*Check {
	onYes := func(judge func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, id *perl.Value)) Predicate {
		return onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
			if got, id, ok := accepted(x); ok {
				judge(t, x, asked, got, id)
			}
		})
	}
	return []*Check{
		{
			ID: "HAVE-001", Level: Must, Party: TheResponder,
			Requirement: "do_you_have says yes to a session that published something, with an array.",
			Source:      srcHave, Needs: "a do_you_have request for IKC or " + SessionAlias,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := published(asked.Session, ""); known && yes && asked.State == "" {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-002", Level: Must, Party: TheResponder,
			Requirement: "do_you_have says yes to a state that is published.",
			Source:      srcHave, Needs: "a do_you_have request for a state of IKC or " + SessionAlias,
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, _ := published(asked.Session, asked.State); yes && asked.State != "" {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) {
						return "[specifier, kernel id]", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-003", Level: Must, Party: TheResponder,
			Requirement: "do_you_have refuses a session or state that is not published, with a string.",
			Source:      srcHave, Needs: fmt.Sprintf("a do_you_have request for %s or %s/%s", AbsentSession, SessionAlias, HiddenState),
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if yes, known := published(asked.Session, asked.State); known && !yes {
					t.HoldElse(len(x.Answers) > 0 && isString(x.Answers[0].Params()), reply(x), func() (string, string) {
						return "a string that refuses", gotten(x)
					})
				}
			}),
		},
		{
			ID: "HAVE-004", Level: Should, Party: TheResponder,
			Requirement: "The refusal reads \"Refused subscription <specifier>\".",
			Source:      srcHave, Needs: "a do_you_have request that was refused",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked wire.Address) {
				if len(x.Answers) > 0 && isString(x.Answers[0].Params()) {
					want := "Refused subscription " + asked.String()
					t.HoldElse(x.Answers[0].Params().Str() == want, reply(x), func() (string, string) {
						return want, x.Answers[0].Params().Str()
					})
				}
			}),
		},
		{
			ID: "HAVE-005", Level: Must, Party: TheResponder,
			Requirement: "The answer that says yes repeats the session and state that were asked for.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				t.HoldElse(got.Session == asked.Session && got.State == asked.State, reply(x), func() (string, string) {
					return asked.String(), got.String()
				})
			}),
		},
		{
			ID: "HAVE-006", Level: Must, Party: TheResponder,
			Requirement: "The kernel in the answer is the one asked for, or the answering kernel's id if none was.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, asked, got wire.Address, _ *perl.Value) {
				want := asked.Kernel
				if want == "" {
					want = t.Conn.Negotiation.Peers[t.Side].ID
				}
				if want != "" {
					t.Hold(got.Kernel == want, reply(x), want, got.Kernel)
				}
			}),
		},
		{
			ID: "HAVE-007", Level: Must, Party: TheResponder,
			Requirement: "The second element of the answer is the id that the kernel announced.",
			Source:      srcHave, Needs: "a negotiation, and a do_you_have request that was answered with yes",
			Judge: onYes(func(t *Trial, x *dialogue.Exchange, _, _ wire.Address, id *perl.Value) {
				if want := t.Conn.Negotiation.Peers[t.Side].ID; want != "" {
					got, _ := id.AsString()
					t.Hold(got == want, reply(x), want, got)
				}
			}),
		},
	}
}

// MoreHAVE are the checks HAVE-008 to HAVE-009. // proxyChecks are about messages to IKC:proxy and what was retracted.
func AreaShownMoreHAVE() []*Check {
	return []*Check{
		{
			ID: "HAVE-008", Level: Must, Party: TheResponder,
			Requirement: "The specifier that do_you_have is asked about may be a string as well as a hash.",
			Source:      srcHave + " (specifier_parse)", Needs: "a do_you_have request with a string, for what is published",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, asked askedAddress) {
				if yes, known := published(asked.Session, asked.State); yes && known && isString(asked.Value) {
					_, _, ok := accepted(x)
					t.HoldElse(ok, reply(x), func() (string, string) { return "[specifier, kernel id]", gotten(x) })
				}
			}),
		},
		{
			ID: "HAVE-009", Level: Should, Party: TheResponder,
			Requirement: "The specifier in the answer that says yes is a hash of kernel, session and state.",
			Source:      srcHave, Needs: "a do_you_have request that was answered with yes",
			Judge: onHave(func(t *Trial, x *dialogue.Exchange, _ askedAddress) {
				if got, _, ok := accepted(x); ok {
					h := got.Value.Target()
					t.HoldElse(got.Err == nil && h.Get("kernel") != nil && h.Get("session") != nil, reply(x), func() (string, string) {
						return "{kernel, session, state}", showValue(got.Value)
					})
				}
			}),
		},
	}
}
