package wire

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// TestEnvelopes: a message with the envelope of one of the last four is not read as a whole again,
// but for its params; what is found in it is the same.
func TestEnvelopes(t *testing.T) {
	to := func(state string) Address {
		return At(specifier.Specifier{Kernel: "K", Session: "s", State: state})
	}
	var z counting
	var r EnvelopeReader
	like := map[int]string{} // states
	for round := range 3 {
		for i, state := range []string{"a", "b", "c", "d"} {
			m := Message{Event: to(state), From: to("from"), Params: perl.ArrayRef(perl.NewInt(int64(1000 * round))), WantArray: i == 1}
			image, err := storable.Freeze(m.ToValue())
			if err != nil {
				t.Fatal(err)
			}
			var got Message
			e, ok := r.Read(&z, image, &got)
			if !ok || got.Event.Specifier != m.Event.Specifier || got.WantArray != m.WantArray ||
				!e.Params || !e.Kinds.Has(perl.Array) || !e.Kinds.Has(perl.Int) {
				t.Errorf("%s: got %+v, %+v, %v", state, e, got, ok)
			}
			if before, ok := like[e.Like]; ok != (round > 0) || ok && before != state {
				t.Errorf("%s: number %d was that of %q", state, e.Like, before)
			}
			like[e.Like] = state
		}
	}
	if z.whole != 4 {
		t.Errorf("expected 4 messages to be read as a whole, got %d", z.whole)
	}
}

// counting counts the messages that are read as a whole.
type counting struct {
	storable.Serializer
	whole int
}

func (z *counting) ThawEnvelope(image []byte, h *message.Hash, whole string) (message.Kinds, bool) {
	z.whole++
	return z.Serializer.ThawEnvelope(image, h, whole)
}

// BenchmarkEnvelopes reads a call and a post in turn, as the judge of a long capture does.
func BenchmarkEnvelopes(b *testing.B) {
	to := func(state string) Address {
		return At(specifier.Specifier{Kernel: "K", Session: "s", State: state})
	}
	params := perl.HashRef(perl.P("job", perl.NewInt(70_000)), perl.P("text", perl.NewBytes("something to be done")))
	var images [2][]byte
	for i, m := range []Message{{Event: to("run"), From: to("from"), RSVP: to("done"), Params: params}, {Event: to("note"), From: to("from"), Params: params}} {
		image, err := storable.Freeze(m.ToValue())
		if err != nil {
			b.Fatal(err)
		}
		images[i] = image
	}
	var r EnvelopeReader
	var m Message
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, ok := r.Read(storable.Serializer{}, images[i%2], &m); !ok {
			b.Fatal("not read")
		}
	}
}
