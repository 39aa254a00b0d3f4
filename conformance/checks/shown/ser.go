package shown

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	images "github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// SER are about images.
func SER() []*judge.Check {
	storable := func(t *judge.Trial, f *dialogue.Frame) bool {
		return t.Conn.Negotiation.Serializer == wire.DefaultSerializer ||
			t.Conn.Negotiation.Serializer == "" && (t.Conn.Joined || t.Conn.Negotiation.Partial) &&
				len(f.Image) > 0 && (f.Image[0] == 4 || f.Image[0] == 5)
	}
	return []*judge.Check{
		{
			ID: "SER-001", Level: judge.Must, Party: judge.TheSender,
			Requirement: "An image is whole and well formed for the serializer that was negotiated, with nothing behind its value.",
			Source:      "POE::Filter::Reference get; Storable thaw", Needs: "a frame",
			Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) {
				if f.TooLarge || !f.Thawed() && !serializerKnown(t, f) {
					return
				}
				t.HoldFunc(f.Thawed(), f, func() (string, string) {
					return "an image of " + serializerName(t), fmt.Sprint(f.Err)
				})
			}),
		},
		{
			ID: "SER-002", Level: judge.Must, Party: judge.TheSender,
			Requirement: "An image holds one hash.",
			Source:      "Channel channel_receive uses it as a hash; any other value ends a Perl kernel", Needs: "a frame whose image can be thawed",
			Judge: judge.OnValues(func(t *judge.Trial, f *dialogue.Frame) {
				t.HoldFunc(f.Message != nil, f, func() (string, string) {
					return "a hash", f.Value().Target().Kind().String()
				})
			}),
		},
		{
			ID: "SER-003", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A Storable image is in network order, as nfreeze writes it.",
			Source:      "POE::Filter::Reference prefers nfreeze", Needs: "a frame with a Storable image",
			Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) {
				if storable(t, f) && len(f.Image) > 0 {
					t.HoldFunc(f.Image[0]&1 == 1, f, func() (string, string) {
						return "first octet 05: major 2, network order", fmt.Sprintf("%02x", f.Image[0])
					})
				}
			}),
			Rationale: "Images in native order can be read only by machines with the same word sizes.",
		},
		{
			ID: "SER-004", Level: judge.Should, Party: judge.TheSender,
			Requirement: "A Storable image holds no boolean tags, on which Perl before 5.38 dies.",
			Source:      "Storable 3.26 (Perl 5.36): \"Corrupted storable string\"", Needs: "a frame with a Storable image",
			Rationale: "Perl of 5.38 and later breaks this when a program sends booleans, and ClientLite as wantarray.",
			Judge: judge.OnValues(func(t *judge.Trial, f *dialogue.Frame) {
				if storable(t, f) {
					t.Hold(!t.Kinds(f).Has(perl.Bool) || !images.HasBooleanTags(f.Image), f, "strings or integers for truth", "a boolean tag, SX_BOOLEAN in 'inspect --frame N --dump'")
				}
			}),
		},
		{
			ID: "SER-005", Level: judge.Must, Party: judge.TheSender,
			Requirement: "A string that is marked as UTF-8 is valid UTF-8.",
			Source:      "Storable retrieve_utf8str; Perl trusts the mark", Needs: "a frame with a string marked as UTF-8",
			Judge: judge.OnValues(func(t *judge.Trial, f *dialogue.Frame) {
				if !t.Kinds(f).Has(perl.Text) {
					return
				}
				bad := walk.Contains(f.Value(), func(v *perl.Value) bool { return v.Kind() == perl.Text && !utf8.ValidString(v.Str()) })
				t.Hold(!bad, f, "valid UTF-8", "octets that are none")
			}),
		},
	}
}

// MoreSER are about how images of each serializer begin.
func MoreSER() []*judge.Check {
	begins := func(id, serializer, requirement, source, expected string, ok func(image []byte) bool) *judge.Check {
		return &judge.Check{
			ID: id, Level: judge.Must, Party: judge.TheSender, Requirement: requirement, Source: source, Needs: "a frame, and a negotiation that agreed on " + serializer,
			Judge: judge.OnFrames(func(t *judge.Trial, f *dialogue.Frame) {
				if t.Conn.Negotiation.Complete && t.Conn.Negotiation.Serializer == serializer && !f.Early {
					t.HoldFunc(ok(f.Image), f, func() (string, string) { return expected, fmt.Sprintf("%q", f.Image[:min(len(f.Image), 48)]) })
				}
			}),
		}
	}
	return []*judge.Check{
		begins("SER-006", "Storable", "A Storable image is of major version 2, and of a minor version that is known: 11 at most.", "Storable.xs magic_write (STORABLE_BIN_MAJOR, STORABLE_BIN_WRITE_MINOR)",
			"major version 2, minor version up to 11", func(b []byte) bool { return len(b) > 2 && b[0]>>1 == 2 && b[1] <= 11 }),
		begins("SER-007", "FreezeThaw", "A FreezeThaw image begins with \"FrT;\".", "FreezeThaw freeze", "FrT;...",
			func(b []byte) bool { return strings.HasPrefix(string(b), "FrT;") }),
		begins("SER-008", "POE::Component::IKC::Freezer", "A Freezer image begins with an assignment to $POE::Component::IKC::Freezer::VAR1.", "Freezer freeze",
			"$POE::Component::IKC::Freezer::VAR1 = ...", func(b []byte) bool { return strings.HasPrefix(string(b), "$POE::Component::IKC::Freezer::VAR1 = ") }),
	}
}

func lastFrame(t *judge.Trial) dialogue.Item {
	for i := len(t.Conn.Items) - 1; i >= 0; i-- {
		if t.Conn.Items[i].Sender() == t.Side {
			return t.Conn.Items[i]
		}
	}
	return nil
}

// serializerKnown tells whether it is known what froze an image: by the negotiation, or if that is
// not in the capture, by how the image begins.
func serializerKnown(t *judge.Trial, f *dialogue.Frame) bool {
	n := t.Conn.Negotiation
	return n.Serializer != "" || !n.Partial && !t.Conn.Joined || len(f.Image) > 0 && (f.Image[0] == 4 || f.Image[0] == 5) ||
		strings.HasPrefix(string(f.Image), "FrT;") || strings.HasPrefix(string(f.Image), "$POE::Component::IKC::Freezer::")
}

func serializerName(t *judge.Trial) string {
	if n := t.Conn.Negotiation.Serializer; n != "" {
		return n
	}
	return wire.DefaultSerializer
}
