package conformance

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func frameChecks() []*Check {
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

func lastFrame(t *Trial) dialogue.Item {
	for i := len(t.Conn.Items) - 1; i >= 0; i-- {
		if t.Conn.Items[i].Sender() == t.Side {
			return t.Conn.Items[i]
		}
	}
	return nil
}

func imageChecks() []*Check {
	storable := func(t *Trial, f *dialogue.Frame) bool {
		return t.Conn.Negotiation.Serializer == wire.DefaultSerializer || t.Conn.Joined && len(f.Image) > 0 && (f.Image[0] == 4 || f.Image[0] == 5)
	}
	return []*Check{
		{
			ID: "SER-001", Level: Must, Party: TheSender, Local: true,
			Requirement: "An image is whole and well formed for the serializer that was negotiated, with nothing behind its value.",
			Source:      "POE::Filter::Reference get; Storable thaw", Needs: "a frame",
			Judge: onFrames(func(t *Trial, f *dialogue.Frame) {
				t.HoldElse(f.Thawed(), f, func() (string, string) {
					return "an image of " + serializerName(t), fmt.Sprint(f.Err)
				})
			}),
		},
		{
			ID: "SER-002", Level: Must, Party: TheSender, Local: true,
			Requirement: "An image holds one hash.",
			Source:      "Channel channel_receive uses it as a hash; any other value ends a Perl kernel", Needs: "a frame whose image can be thawed",
			Judge: onValues(func(t *Trial, f *dialogue.Frame) {
				t.HoldElse(f.Message != nil, f, func() (string, string) {
					return "a hash", f.Value().Target().Kind().String()
				})
			}),
		},
		{
			ID: "SER-003", Level: Should, Party: TheSender, Local: true,
			Requirement: "A Storable image is in network order, as nfreeze writes it.",
			Source:      "POE::Filter::Reference prefers nfreeze", Needs: "a frame with a Storable image",
			Judge: onFrames(func(t *Trial, f *dialogue.Frame) {
				if storable(t, f) && len(f.Image) > 0 {
					t.HoldElse(f.Image[0]&1 == 1, f, func() (string, string) {
						return "first octet 05: major 2, network order", fmt.Sprintf("%02x", f.Image[0])
					})
				}
			}),
			Rationale: "Images in native order can be read only by machines with the same word sizes.",
		},
		{
			ID: "SER-004", Level: Should, Party: TheSender, Local: true,
			Requirement: "A Storable image holds no boolean tags, on which Perl before 5.38 dies.",
			Source:      "Storable 3.26 (Perl 5.36): \"Corrupted storable string\"", Needs: "a frame with a Storable image",
			Rationale: "Perl of 5.38 and later breaks this when a program sends booleans, and ClientLite as wantarray.",
			Judge: onValues(func(t *Trial, f *dialogue.Frame) {
				if storable(t, f) {
					t.Hold(!t.kinds(f).Has(perl.Bool), f, "strings or integers for truth", "a boolean tag, SX_BOOLEAN in 'inspect --frame N --dump'")
				}
			}),
		},
		{
			ID: "SER-005", Level: Must, Party: TheSender, Local: true,
			Requirement: "A string that is marked as UTF-8 is valid UTF-8.",
			Source:      "Storable retrieve_utf8str; Perl trusts the mark", Needs: "a frame with a string marked as UTF-8",
			Judge: onValues(func(t *Trial, f *dialogue.Frame) {
				if !t.kinds(f).Has(perl.Text) {
					return
				}
				bad := contains(f.Value(), func(v *perl.Value) bool { return v.Kind() == perl.Text && !utf8.ValidString(v.Str()) })
				t.Hold(!bad, f, "valid UTF-8", "octets that are none")
			}),
		},
	}
}

func serializerName(t *Trial) string {
	if n := t.Conn.Negotiation.Serializer; n != "" {
		return n
	}
	return wire.DefaultSerializer
}
