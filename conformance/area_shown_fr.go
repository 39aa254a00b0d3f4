package conformance

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// FR are the checks FR-001 to FR-003.
func AreaShownFR() []*Check {
	return []*Check{
		{
			ID: "FR-001", Level: Must, Party: TheSender,
			Requirement: "After the negotiation, everything sent is frames back to back: a decimal length in ASCII, a NUL, and as many octets.",
			Rationale:   "A length that counts characters in place of octets is right until the first UTF-8 string: then it is too short, and what follows is no frame.",
			Source:      "POE::Filter::Reference put, get", Needs: "a frame",
			Judge: both(onFrames(func(t *Trial, f *dialogue.Frame) { t.Pass(f) }), onConnection(func(t *Trial) {
				if p := t.Conn.Broken[t.Side]; p != nil && p.Announced == 0 {
					t.Fail(lastFrame(t), "a frame: <length in decimal> NUL <image>", p.Text)
				}
			})),
		},
		{
			ID: "FR-002", Level: Should, Party: TheSender, Local: true,
			Requirement: "The length of a frame is written without leading zeros.",
			Source:      "POE::Filter::Reference put", Needs: "a frame",
			Judge: onFrames(func(t *Trial, f *dialogue.Frame) {
				t.Hold(f.Head == "0" || !strings.HasPrefix(f.Head, "0"), f, "a number", f.Head)
			}),
		},
		{
			ID: "FR-003", Level: Should, Party: TheSender, Local: true,
			Requirement: "An image has at most 100 MiB.",
			Source:      "Channel channel_send (0.2200 on) refuses more", Needs: "a frame",
			Judge: both(onFrames(func(t *Trial, f *dialogue.Frame) {
				t.HoldElse(len(f.Image) <= wire.DefaultMaxFrame, f, func() (string, string) { return "at most 104857600 octets", fmt.Sprint(len(f.Image)) })
			}), onConnection(func(t *Trial) {
				if p := t.Conn.Broken[t.Side]; p != nil && p.Announced > 0 {
					t.Fail(lastFrame(t), "at most 104857600 octets", fmt.Sprintf("a frame that announces %d", p.Announced))
				}
			})),
		},
	}
}
