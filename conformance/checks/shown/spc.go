package shown

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SPC are about what stands in messages as specifiers.
func SPC() []*judge.Check {
	// onHashes looks at those that are not as the original writes them, and passes the others.
	onHashes := func(fits func(v *perl.Value) bool, want string) judge.Predicate {
		return judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
			for _, a := range []*wire.Address{&m.Event, &m.From, &m.RSVP} {
				if v := a.Value; a.Present() && a.Err == nil && (v == nil || v.Kind() == perl.Ref) {
					t.HoldFunc(v == nil || fits(v), m.Frame, func() (string, string) { return want, judge.ShowValue(v) })
				}
			}
		})
	}
	const needs = "a message whose event, from or rsvp is a hash"
	return []*judge.Check{
		{
			ID: "SPC-001", Level: judge.Must, Party: judge.TheSender,
			Requirement: "The reference to a specifier is no weak one.",
			Source:      "Storable (SX_WEAKREF); Responder request", Needs: needs,
			Rationale: "What only a weak reference holds is gone once it has been thawed: nobody gets the answer.",
			Judge:     onHashes(func(v *perl.Value) bool { return !v.Weak() }, "a reference that holds its hash"),
		},
		{
			ID: "SPC-002", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A specifier has a kernel, a session, a state and args, and no other keys.",
			Source:      "Specifier specifier_parse", Needs: needs,
			Judge: onHashes(func(v *perl.Value) bool {
				return !slices.ContainsFunc(v.Target().Pairs(), func(p perl.Pair) bool {
					return !slices.Contains([]string{"kernel", "session", "state", "args"}, p.Key)
				})
			}, "no keys but kernel, session, state and args"),
		},
		{
			ID: "SPC-003", Level: judge.Should, Party: judge.TheSender,
			Requirement: "The parts of a specifier are strings of octets: neither numbers nor strings with the UTF-8 flag, as long as they are ASCII.",
			Source:      "Specifier specifier_parse", Needs: needs,
			Rationale: "Who answers copies the specifier, and what has a flag then has it everywhere.",
			Judge: onHashes(func(v *perl.Value) bool {
				return !slices.ContainsFunc(v.Target().Pairs(), func(p perl.Pair) bool {
					switch p.Value.Kind() {
					case perl.Bytes, perl.Undef:
						return false
					case perl.Text:
						return isASCII(p.Value.Str())
					}
					return true
				})
			}, "strings of octets"),
		},
		{
			ID: "SPC-004", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A specifier that is a string is one of octets, without the UTF-8 flag as long as it is ASCII.",
			Source:      "Specifier specifier_parse", Needs: "a message whose event, from or rsvp is a string",
			Rationale: "All that Perl makes of it then has the flag, such as the texts of its error reports.",
			Judge: judge.OnMessages(func(t *judge.Trial, m *dialogue.Message) {
				for _, a := range []*wire.Address{&m.Event, &m.From, &m.RSVP} {
					if text, ok := a.AsText(); ok && a.Err == nil {
						t.HoldFunc(a.Value.Kind() != perl.Text || !isASCII(text), m.Frame, func() (string, string) {
							return "a string of octets", judge.ShowValue(a.Value) + " with the UTF-8 flag"
						})
					}
				}
			}),
		},
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
