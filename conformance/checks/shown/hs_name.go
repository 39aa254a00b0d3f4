package shown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// HSNAME are about how names are spelled.
func HSNAME() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-NAME-001", Level: judge.Must, Party: judge.TheSender,
			Requirement: "The names that a kernel announces are made of letters, digits, and - : . _ only.",
			Source:      "Channel server_002, client_000; a name with , or ; splits a SETUP", Needs: "a SETUP or IAM",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				for _, name := range announced(t) {
					t.HoldFunc(wire.ValidName(name), lastLine(t), func() (string, string) {
						return "a name of [-:.\\w]+", fmt.Sprintf("%q", name)
					})
				}
			}),
		},
	}
}

// announced are the names that a side told, with the empty ones.
func announced(t *judge.Trial) []string {
	names := t.Names(t.Side)
	for _, l := range dialogue.LinesOf(t.Conn.Negotiation.Sound(), t.Side) {
		if s, err := t.Setup(l); len(names) == 0 && err == nil && s.Kernel[0] == "" { // nobody can be called so
			return s.Kernel
		}
	}
	return names
}

// MoreHSNAME are about what kernels call themselves.
func MoreHSNAME() []*judge.Check {
	return []*judge.Check{
		{
			ID: "HS-NAME-002", Level: judge.Must, Party: judge.TheSender,
			Requirement: "A kernel does not announce the id of the kernel that it talks to.",
			Rationale:   "Ids are how answers find their way; two kernels of one id cannot be told apart.",
			Source:      "Channel server_000, client_000; POE::Kernel ID", Needs: "a negotiation that was completed",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				own, other := t.Names(t.Side), t.Names(t.Side.Other())
				if len(own) > 0 && len(other) > 0 && t.Conn.Negotiation.Complete {
					t.Hold(own[0] != other[0], lastLine(t), "an id of its own", fmt.Sprintf("%q, as the other side", own[0]))
				}
			}),
		},
		{
			ID: "HS-NAME-003", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A kernel announces each of its names once.",
			Source:      "Channel channel_start, __build_setup, negociate_001", Needs: "two names of one side",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				names := slices.Clone(t.Names(t.Side))
				if len(names) > 1 && t.Conn.Negotiation.Complete {
					slices.Sort(names)
					t.HoldFunc(len(slices.Compact(slices.Clone(names))) == len(names), lastLine(t),
						func() (string, string) { return "each name once", strings.Join(names, ", ") })
				}
			}),
		},
	}
}
