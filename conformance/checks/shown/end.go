package shown

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// END are about the end of a connection.
func END() []*judge.Check {
	return []*judge.Check{
		{
			ID: "END-001", Level: judge.Must, Party: judge.TheResponder,
			Requirement: "A kernel that was sent nothing wrong does not close a connection that the other side keeps open.",
			Source:      "Channel channel_error, channel_shutdown: a channel ends when the other side does, or the kernel", Needs: "a connection with a probe of the harness, after the negotiation, that has ended",
			Rationale: "Calls that wait get no answer then. A kernel may end when it likes, but not while it is tried.",
			Judge: judge.OnConnection(func(t *judge.Trial) {
				own, other := t.Conn.Ends[t.Side], t.Conn.Ends[t.Side.Other()]
				if own == nil && other == nil || !t.Conn.Negotiation.Complete || !withProbe(t) || sentWrong(t) {
					return
				}
				first := own != nil && own.How != capture.Forgotten && (other == nil || own.At.Packet < other.At.Packet)
				if !first {
					t.Pass(lastFrame(t))
					return
				}
				open := 0
				for _, x := range t.Conn.Exchanges {
					if x.Request.Frame.From != t.Side && returnsSomething(x) && x.Request.IsCall() && x.Outcome() == dialogue.Silent {
						open++
					}
				}
				if own.How == capture.RST && open == 0 && other != nil {
					return // it answers a close of the other side by one, which may be recorded first
				}
				t.OnAll()
				t.Fail(lastFrame(t), "the connection open until the other side closes it", fmt.Sprintf("closed (%s) with %d calls open that are due an answer", own.How, open))
			}),
		},
	}
}

// sentWrong tells whether the other side sent something that is no frame or no message.
func sentWrong(t *judge.Trial) bool {
	other := t.Side.Other()
	if t.Conn.Broken[other] != nil {
		return true
	}
	for _, item := range t.Conn.Items {
		if f, ok := item.(*dialogue.Frame); ok && f.From == other && f.Err != nil {
			return true
		}
	}
	return false
}
