package wire

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// incomingImages are messages as peers send them, usual and not.
func incomingImages(t testing.TB) (images [][]byte) {
	str := func(s string) *perl.Value { return perl.NewBytes(s) }
	hash := func(parts ...string) *perl.Value {
		h := perl.NewHash()
		for i := 0; i < len(parts); i += 2 {
			h.AppendPair(perl.P(parts[i], str(parts[i+1])))
		}
		return perl.NewRef(h)
	}
	addresses := []*perl.Value{nil, str("poe://K/s/x"), str("poe://K/s/x?arg"), str("s/x"), str(""), str("0"), str("no specifier!"), perl.NewUndef(), perl.NewInt(1),
		perl.NewText("poe://K/s/x"), hash("kernel", "K", "session", "s", "state", "x"), hash("session", "s", "kernel", "L"), hash("kernel", "K"),
		hash("kernel", "K", "session", "", "state", "x"), hash("kernel", "0", "session", "s", "state", "0"), hash("session", "s", "state", "x", "args", "a"),
		hash("session", "s", "more", "x"), hash(), perl.ArrayRef()}
	flags := []*perl.Value{nil, str(""), str("0"), str("1"), perl.NewInt(0), perl.NewInt(1), perl.NewUndef(), perl.ArrayRef(), hash("a", "b")}
	params := []*perl.Value{nil, str("text"), perl.NewUndef(), perl.NewInt(3), perl.ArrayRef(str("a"), hash("a", "b")), hash("kernel", "K")}
	add := func(pairs ...perl.Pair) {
		h := perl.NewHash()
		for _, p := range pairs {
			if p.Value != nil {
				h.AppendPair(p)
			}
		}
		image, err := storable.Freeze(perl.NewRef(h))
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image)
	}
	for i, a := range addresses {
		for j, b := range addresses {
			add(perl.P("event", a), perl.P("params", params[(i+j)%len(params)]), perl.P("rsvp", b), perl.P("from", addresses[(i+2*j)%len(addresses)]))
		}
		for _, b := range []*perl.Value{nil, hash("kernel", "K", "session", "s", "state", "r"), hash("kernel", "L", "session", "t", "state", "x"),
			hash("kernel", strings.Repeat("k", 2*keptText), "session", "s", "state", "x")} {
			add(perl.P("event", a), perl.P("params", params[i%len(params)]), perl.P("rsvp", b))
			add(perl.P("from", b), perl.P("event", a), perl.P("params", params[1]), perl.P("rsvp", b))
			add(perl.P("event", b), perl.P("from", a), perl.P("wantarray", flags[i%len(flags)]))
		}
		for j, f := range flags {
			add(perl.P("wantarray", f), perl.P("from", a), perl.P("params", params[(i+j)%len(params)]), perl.P("is_error", flags[(i+j)%len(flags)]))
		}
	}
	add(perl.P("event", addresses[1]), perl.P("other", str("x")))
	image, err := storable.Freeze(perl.ArrayRef())
	if err != nil {
		t.Fatal(err)
	}
	return append(images, image, []byte("garbage"))
}

// sameMessage reads an image in both ways and tells whether the short one did.
func sameMessage(t *testing.T, in *incoming, image []byte) bool {
	t.Helper()
	var got Message
	err := in.read(storable.Serializer{}, image, false, &got)
	if err == nil { // once more, by what is known of it now
		held, thawed := in.hash.Held, in.hash.Thawed
		got = Message{IsError: true, Other: []perl.Pair{{}}} // of another message
		err = in.read(storable.Serializer{}, image, false, &got)
		if in.hash.Held != held || in.hash.Thawed != thawed {
			t.Fatalf("%x: costs %d, %d the second time, and %d, %d the first", image, in.hash.Held, in.hash.Thawed, held, thawed)
		}
	}
	if err == nil { // and twice into a message that is not filled anew
		own := in.own
		if own == nil {
			own = new(Message)
			in.own = own
		}
		for range 2 {
			if err = in.read(storable.Serializer{}, image, false, own); err != nil {
				break
			}
		}
		got = *own
	}
	v, wantErr := storable.Thaw(image)
	var want *Message
	if wantErr == nil {
		want, wantErr = ParseMessage(v)
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: got error %v, want %v", image, err, wantErr)
	}
	if err != nil {
		return false
	}
	short := false
	for _, a := range []struct{ got, want *Address }{{&got.Event, &want.Event}, {&got.From, &want.From}, {&got.RSVP, &want.RSVP}} {
		short = short || a.got.Value == nil && a.want.Value != nil
		if a.got.Specifier != a.want.Specifier || a.got.Present() != a.want.Present() || (a.got.Err == nil) != (a.want.Err == nil) {
			t.Fatalf("%x: got address %+v, want %+v", image, a.got, a.want)
		}
		if a.got.Present() && !perl.Equal(a.got.ToValue(), a.want.ToValue()) {
			t.Fatalf("%x: got %s, want %s", image, perl.Format(a.got.ToValue(), perl.FormatOptions{}), perl.Format(a.want.ToValue(), perl.FormatOptions{}))
		}
	}
	if !perl.Equal(got.Params, want.Params) || (got.Params == nil) != (want.Params == nil) {
		t.Fatalf("%x: got params %s, want %s", image, perl.Format(got.Params, perl.FormatOptions{}), perl.Format(want.Params, perl.FormatOptions{}))
	}
	sameEnvelope(t, &EnvelopeReader{in: *in}, image, want)
	got.Event, got.From, got.RSVP, got.Params, got.Other = want.Event, want.From, want.RSVP, want.Params, want.Other
	if !reflect.DeepEqual(&got, want) {
		t.Fatalf("%x: got %+v, want %+v", image, got, want)
	}
	return short
}

// sameEnvelope holds the envelope of an image against what it is.
func sameEnvelope(t *testing.T, s *EnvelopeReader, image []byte, want *Message) {
	t.Helper()
	var got Message
	k, ok := s.Read(storable.Serializer{}, image, &got)
	got = Message{IsError: true, Other: []perl.Pair{{}}} // of another message
	again, okAgain := s.Read(storable.Serializer{}, image, &got)
	if ok != okAgain || k != again {
		t.Fatalf("%x: envelope: %v, %v the second time, and %v, %v the first", image, again, okAgain, k, ok)
	}
	if !ok {
		return
	}
	for _, a := range []struct{ got, want *Address }{{&got.Event, &want.Event}, {&got.From, &want.From}, {&got.RSVP, &want.RSVP}} {
		text, isText := a.got.AsText()
		wantText, wantIsText := a.want.AsText()
		if a.got.Specifier != a.want.Specifier || a.got.Present() != a.want.Present() ||
			a.got.Err != nil || a.want.Err != nil || isText != wantIsText || text != wantText {
			t.Fatalf("%x: envelope: address %+v, want %+v", image, a.got, a.want)
		}
	}
	if k.Params != (want.Params != nil) || got.Params != nil || got.WantArray != want.WantArray ||
		got.IsError != want.IsError || len(got.Other)+len(want.Other) > 0 {
		t.Fatalf("%x: envelope: %+v, params %v, want %+v", image, got, k.Params, want)
	}
}

// TestIncoming: a connection reads messages as ParseMessage reads what is thawed, whatever came
// before.
func TestIncoming(t *testing.T) {
	images := incomingImages(t)
	var in incoming
	short := 0
	for range 3 {
		for _, image := range images {
			if sameMessage(t, &in, image) {
				short++
			}
		}
	}
	if in.last.at.To == 0 {
		t.Error("no envelope was kept")
	}
	if short < 20 {
		t.Errorf("%d of %d in the short way", short, 3*len(images))
	}
}

// TestOwn: a scanner's own Message is what Thaw makes of the image, whatever came before.
func TestOwn(t *testing.T) {
	images := incomingImages(t)
	const apart = 13 // not every two
	for i, first := range images {
		for j := i % apart; j < len(images); j += apart {
			second := images[j]
			var s FrameScanner
			for i, image := range [][]byte{first, second, first, first} {
				got, err := s.ThawOwn(storable.Serializer{}, image)
				var want Message
				wantErr := new(FrameScanner).Thaw(storable.Serializer{}, image, &want)
				if (err == nil) != (wantErr == nil) {
					t.Fatalf("%x: got error %v, want %v", image, err, wantErr)
				}
				if err != nil {
					break
				}
				if !perl.Equal(got.ToValue(), want.ToValue()) {
					t.Fatalf("%x, after %x, message %d: got %s, want %s", image, second, i,
						perl.Format(got.ToValue(), perl.FormatOptions{}), perl.Format(want.ToValue(), perl.FormatOptions{}))
				}
				if s.EmptyOwn(); got.Params != nil || got.Other != nil {
					t.Fatalf("%x: params are held on", image)
				}
			}
		}
	}
}

// named are the images of messages that differ by one name, in the order of the names.
func named(t *testing.T, names []string, pair func(name string) *perl.Value, keys ...string) (images [][]byte) {
	t.Helper()
	for i, name := range names {
		h := perl.NewHash()
		for _, key := range keys {
			v := perl.NewBytes("poe://K/s/x")
			switch key {
			case "params":
				v = perl.NewBytes(strings.Repeat("p", 3*i))
			case "rsvp":
				v = pair(name)
			case "event":
				if !slices.Contains(keys, "rsvp") {
					v = pair(name)
				}
			}
			h.Set(key, v)
		}
		image, err := storable.Serializer{}.Freeze(perl.NewRef(h))
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image)
	}
	return images
}

// TestNames: messages that differ by the name in their rsvp, or in their event, are read by that
// name and their params, whatever the order of the pairs.
func TestNames(t *testing.T) {
	states := []string{"response10", "response11", "response10", "response10", "response12", "another000", "1", "0", "2", "response13", "response1/"}
	texts := []string{"poe://L/s/r10", "poe://L/s/r11", "poe://M/s/r11", "no specifier:", "poe://M/s/r12", "poe://M/s/?a1"}
	state := func(name string) *perl.Value {
		return perl.HashRef(perl.P("kernel", perl.NewBytes("L")), perl.P("state", perl.NewBytes(name)), perl.P("session", perl.NewBytes("s")))
	}
	for _, keys := range [][]string{
		{"event", "params"}, {"params", "event"}, {"params", "event", "from"}, {"event", "rsvp", "params"}, {"rsvp", "params", "event"},
		{"params", "rsvp", "event"}, {"event", "params", "wantarray", "rsvp"},
	} {
		for _, images := range [][][]byte{named(t, states, state, keys...), named(t, texts, perl.NewBytes, keys...)} {
			var s FrameScanner
			var others incoming
			found := 0
			for _, image := range images {
				if at, _, ok := s.incoming().last.find(image); ok && at.To > 0 {
					found++
				}
				v, err := storable.Thaw(image)
				if err != nil {
					t.Fatal(err)
				}
				want, err := ParseMessage(v)
				if err != nil {
					t.Fatal(err)
				}
				var other Message
				own, err1 := s.ThawOwn(storable.Serializer{}, image)
				err2 := others.read(storable.Serializer{}, image, false, &other)
				for _, got := range []*Message{own, &other} {
					if err1 != nil || err2 != nil || !perl.Equal(got.ToValue(), want.ToValue()) || got.RSVP.Specifier != want.RSVP.Specifier ||
						got.Event.Specifier != want.Event.Specifier {
						t.Fatalf("%v: %q: got %+v, want %+v, errors %v, %v", keys, image, got, want, err1, err2)
					}
				}
				if s.EmptyOwn(); found == 3 {
					s.Disown()
					if err := s.Thaw(storable.Serializer{}, image, new(Message)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if found < 3 {
				t.Errorf("%v: %d of %d in the short way", keys, found, len(images))
			}
		}
	}
}

// FuzzIncoming reads two messages, one after the other.
func FuzzIncoming(f *testing.F) {
	images := incomingImages(f)
	for i := range images {
		f.Add(images[i], images[(i+1)%len(images)])
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var in incoming
		sameMessage(t, &in, first)
		sameMessage(t, &in, second)
	})
}

// TestAtString: an address goes out as the string that it was made of, whatever that is.
func TestAtString(t *testing.T) {
	for _, s := range []string{"poe://K/s/x", "s/x?arg", "", "0", "no specifier!"} {
		m := Message{Event: AtString(s)}
		got := m.ToValue().Target().Get("event")
		if !m.Event.Present() || got.Kind() != perl.Bytes || got.Str() != s || !perl.Equal(got, m.Event.ToValue()) {
			t.Errorf("%q: got %s", s, perl.Format(got, perl.FormatOptions{}))
		}
	}
}
