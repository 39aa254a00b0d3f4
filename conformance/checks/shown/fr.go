package shown

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// FR are about frames.
func FR() []*judge.Check {
	return []*judge.Check{
		{
			ID: "FR-001", Level: judge.Must, Party: judge.TheSender,
			Requirement: "After the negotiation, everything sent is frames back to back: a decimal length in ASCII, a NUL, and as many octets.",
			Rationale:   "A length that counts characters in place of octets is right until the first UTF-8 string: then it is too short, and what follows is no frame.",
			Source:      "POE::Filter::Reference put, get", Needs: "a frame",
			Judge: judge.Both(judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) { t.Pass(f) }), judge.OnConnection(func(t *judge.Trial) {
				if p := t.Conn.Broken[t.Side]; p != nil && p.Announced == 0 {
					t.OnPlace()
					t.Fail(lastFrame(t), "a frame: <length in decimal> NUL <image>", p.Text)
				}
			})),
		},
		{
			ID: "FR-002", Level: judge.Should, Party: judge.TheSender,
			Requirement: "The length of a frame is written without leading zeros.",
			Source:      "POE::Filter::Reference put", Needs: "a frame",
			Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) {
				t.Hold(f.Head == "0" || !strings.HasPrefix(f.Head, "0"), f, "a number", f.Head)
			}),
		},
		{
			ID: "FR-003", Level: judge.Should, Party: judge.TheSender,
			Requirement: "An image has at most 100 MiB.",
			Source:      "Channel channel_send (0.2200 on) refuses more", Needs: "a frame",
			Judge: judge.Both(judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) {
				t.HoldFunc(len(f.Image) <= wire.DefaultMaxFrame, f, func() (string, string) { return "at most 104857600 octets", fmt.Sprint(len(f.Image)) })
			}), judge.OnConnection(func(t *judge.Trial) {
				if p := t.Conn.Broken[t.Side]; p != nil && p.Announced > 0 {
					t.OnPlace()
					t.Fail(lastFrame(t), "at most 104857600 octets", fmt.Sprintf("a frame that announces %d", p.Announced))
				}
			})),
		},
	}
}
