package shown

import (
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// ROB are about what a connection does to those after it.
func ROB() []*judge.Check {
	return []*judge.Check{
		{
			ID: "ROB-001", Level: judge.Should, Party: judge.TheServer, Aftermath: true,
			Requirement: "A connection that its client closes before the negotiation is over does no harm to others.",
			Source:      "Channel channel_error, Responder inform_monitors (0.2401 and 0.2402 end the process)",
			Needs:       "a connection that its client closed in the middle of the negotiation, and a good one after it",
			Judge:       judge.AfterHarm(judge.HalfOpened),
		},
		{
			ID: "ROB-002", Level: judge.Should, Party: judge.TheServer, Aftermath: true,
			Requirement: "An image that is no message costs its sender the connection at most.",
			Source:      "Channel channel_receive (all releases end the process)",
			Needs:       "a frame of the client whose image is no message, and a good connection after it",
			Judge:       judge.AfterHarm(judge.BadImage),
		},
		{
			ID: "ROB-003", Level: judge.Should, Party: judge.TheServer, Aftermath: true,
			Requirement: "Octets that are no frame cost their sender the connection at most.",
			Source:      "POE::Filter::Reference get",
			Needs:       "octets of the client that are no frame, and a good connection after them",
			Judge:       judge.AfterHarm(judge.BadFrame),
		},
	}
}
