package storable

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// messageLimits are decoders of which some have limits that messages may exceed.
var messageLimits = []*Decoder{
	defaultDecoder,
	{opt: ThawOptions{MaxDepth: 3, MaxElements: 1000, MaxString: 1000, MaxAlloc: 100_000}},
	{opt: ThawOptions{MaxDepth: 1000, MaxElements: 8, MaxString: 1000, MaxAlloc: 100_000}},
	{opt: ThawOptions{MaxDepth: 1000, MaxElements: 1000, MaxString: 12, MaxAlloc: 100_000}},
	{opt: ThawOptions{MaxDepth: 1000, MaxElements: 1000, MaxString: 1000, MaxAlloc: 700}},
	{opt: ThawOptions{MaxDepth: 6, MaxElements: 70, MaxString: 1000, MaxAlloc: 5000}},
	{opt: ThawOptions{MaxDepth: 1000, MaxElements: 1000, MaxString: 1000, MaxAlloc: 100_000, Hooks: Reject}, classes: map[string]bool{"A": true}},
}

// sameMessage reads an image in both ways and tells whether the short one did.
func sameMessage(t *testing.T, dec *Decoder, image []byte) bool {
	t.Helper()
	want, wantErr := dec.Thaw(image)
	h := new(message.Hash)
	got, err := dec.thawMessage(image, h, "params")
	short := err == nil && got == nil
	if short {
		got = h.Value(new(perl.Slab))
		for i := range h.Items {
			if h.Items[i].Key == "params" && h.Items[i].Value == nil {
				t.Fatalf("%x: no Value for params", image)
			}
		}
	} else if len(h.Items) > 0 {
		t.Fatalf("%x: items left", image)
	}
	if (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
		t.Fatalf("%x: got error %v, Thaw has %v", image, err, wantErr)
	}
	if err == nil && !perl.Equal(got, want) {
		t.Fatalf("%x: got\n%s\nThaw has\n%s", image, perl.Format(got, perl.FormatOptions{}), perl.Format(want, perl.FormatOptions{}))
	}
	sameWhole(t, dec, image, h, image)
	if short {
		read := h.Whole
		long, err := Freeze(want)
		image, failed := defaultEncoder.appendMessage(nil, h, largestSize)
		if err != nil || failed != nil || !bytes.Equal(long, image) {
			t.Fatalf("frozen: got\n%x (%v), Freeze has\n%x (%v)", image, failed, long, err)
		}
		if wrote := h.Whole; (wrote.To > 0) != (read.To > 0) || wrote.To > len(image) ||
			wrote.To > 0 && !bytes.HasPrefix(image[wrote.To:], []byte("\x00\x00\x00\x06params")) {
			t.Fatalf("frozen: the params of %x are at %v, and were at %v", image, wrote, read)
		}
	}
	sameEnvelope(t, dec, image, want)
	sameFrozen(t, dec, image)
	return short
}

// sameWhole reads the params of an image that is like one that h has been filled from, but for
// these, and tells whether it could: then they, and the costs, must be what thawMessage has.
func sameWhole(t *testing.T, dec *Decoder, like []byte, h *message.Hash, image []byte) bool {
	t.Helper()
	at := h.Whole
	if at.To == 0 {
		return false
	}
	at.To += len(image) - len(like)
	if at.To < at.From || !bytes.Equal(image[:at.From], like[:at.From]) || !bytes.Equal(image[at.To:], like[h.Whole.To:]) {
		return false
	}
	got := message.Hash{}
	params := dec.thawWhole(image, at, &got)
	if params == nil {
		return false
	}
	want := message.Hash{}
	if v, err := dec.thawMessage(image, &want, "params"); v != nil || err != nil {
		t.Fatalf("%x: params were read, thawMessage has %v, %v", image, v, err)
	}
	for i := range want.Items {
		if item := &want.Items[i]; item.Key == "params" && !perl.Equal(params, item.Value) {
			t.Fatalf("%x: got params %s, want %s", image, perl.Format(params, perl.FormatOptions{}), perl.Format(item.Value, perl.FormatOptions{}))
		}
	}
	if got.Held != want.Held || got.Thawed != want.Thawed || want.Whole != (message.Place{From: at.From, To: at.To, Rest: at.Rest}) {
		t.Fatalf("%x: got costs %d, %d, want %d, %d; place %v, want %v", image, got.Held, got.Thawed, want.Held, want.Thawed, at, want.Whole)
	}
	return true
}

// samePassed passes over the params of an image that is like another but for these, which stand at
// a place of that one, and tells whether it could: then they must be what thawEnvelope and
// thawMessage find.
func samePassed(t *testing.T, dec *Decoder, like []byte, at message.Place, image []byte) bool {
	t.Helper()
	at.To += len(image) - len(like)
	if at.To < at.From {
		return false
	}
	kinds, ok := dec.passWhole(image, at)
	if !ok {
		return false
	}
	h := new(message.Hash)
	all, ok := dec.thawEnvelope(image, h, "params")
	if !ok || h.Whole.From != at.From || h.Whole.To != at.To {
		t.Fatalf("%x: params were passed over at %v, thawEnvelope has %v, at %v", image, at, ok, h.Whole)
	}
	if v, err := dec.thawMessage(image, h, "params"); v != nil || err != nil {
		t.Fatalf("%x: params were passed over, thawMessage has %v, %v", image, v, err)
	}
	for i := range h.Items {
		if item := &h.Items[i]; item.Key == "params" {
			if want := kindsIn(item.Value, map[*perl.Value]bool{}); kinds != want || all|kinds != all {
				t.Fatalf("%x: params with the kinds %b were passed over, want %b, thawEnvelope has %b", image, kinds, want, all)
			}
		}
	}
	return true
}

// TestThawWhole: params of a message like the last, whatever they were there and are here, are read
// as in any other message, or left to that; so are they passed over.
func TestThawWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var images [][]byte
	for _, v := range nearMessages() {
		image, err := Freeze(v)
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, image)
	}
	for i, dec := range messageLimits {
		read, passed := 0, 0
		for _, like := range images {
			h := new(message.Hash)
			if v, err := dec.thawMessage(like, h, "params"); v != nil || err != nil || h.Whole.To == 0 {
				continue
			}
			for _, image := range images {
				if !sameWhole(t, dec, like, h, image) {
					continue
				}
				read++
				if samePassed(t, dec, like, h.Whole, image) {
					passed++
				}
				for range 100 {
					changed := bytes.Clone(image)
					changed[h.Whole.From+r.IntN(len(image)-len(like)+h.Whole.To-h.Whole.From)] = byte(r.IntN(36))
					sameWhole(t, dec, like, h, changed)
					samePassed(t, dec, like, h.Whole, changed)
				}
			}
		}
		if t.Logf("limits %d: %d, %d", i, read, passed); i == 0 && (read < 200 || passed < 200) {
			t.Errorf("%d messages in the shortest way, params of %d passed over", read, passed)
		}
	}
}

// sameEnvelope holds what ThawEnvelope finds against what Thaw read of an image, nil if that was an
// error. It tells whether there was anything to hold.
func sameEnvelope(t *testing.T, dec *Decoder, image []byte, want *perl.Value) bool {
	t.Helper()
	h := new(message.Hash)
	kinds, ok := dec.thawEnvelope(image, h, "params")
	if !ok {
		if len(h.Items) > 0 {
			t.Fatalf("%x: items left", image)
		}
		return false
	}
	if want == nil {
		t.Fatalf("%x: an envelope, but Thaw has an error", image)
	}
	if all := kindsIn(want, map[*perl.Value]bool{}); kinds != all {
		t.Fatalf("%x: got kinds %b, Thaw has %b", image, kinds, all)
	}
	for i := range h.Items {
		if item := &h.Items[i]; item.Key == "params" {
			item.Value = want.Target().Get("params")
		}
	}
	if got := h.Value(new(perl.Slab)); !perl.Equal(got, want) {
		t.Fatalf("%x: got\n%s\nThaw has\n%s", image, perl.Format(got, perl.FormatOptions{}), perl.Format(want, perl.FormatOptions{}))
	}
	return true
}

// kindsIn are the kinds of a value and of all that it leads to.
func kindsIn(v *perl.Value, seen map[*perl.Value]bool) (kinds message.Kinds) {
	if v == nil || seen[v] {
		return 0
	}
	seen[v] = true
	kinds.Add(v.Kind())
	kinds |= kindsIn(v.Target(), seen)
	for _, e := range v.Elems() {
		kinds |= kindsIn(e, seen)
	}
	for _, p := range v.Pairs() {
		kinds |= kindsIn(p.Value, seen)
	}
	return kinds
}

// TestEnvelope: messages of plain data are read as envelopes, whatever is in them; others are left
// to Thaw.
func TestEnvelope(t *testing.T) {
	wide := perl.HashRef()
	for i := range 3 * keys.Few {
		wide.Target().Set(strings.Repeat("k", i), perl.NewInt(int64(i)))
	}
	shared := perl.ArrayRef()
	twice := perl.HashRef(perl.P("a", perl.NewInt(1)))
	twice.Target().AppendPair(perl.P("a", perl.NewInt(2)))
	wideTwice := perl.HashRef(wide.Target().Pairs()...)
	wideTwice.Target().AppendPair(perl.P("kkk", perl.NewInt(2)))
	for _, test := range []struct {
		name   string
		params *perl.Value
		ok     bool
	}{
		{"records", perl.ArrayRef(perl.HashRef(perl.P("id", perl.NewInt(7)), perl.P("name", perl.NewText("ü"))),
			perl.NewUndef(), perl.NewInt(1<<20), perl.NewBytes(strings.Repeat("x", 300))), true},
		{"a wide hash", wide, true},
		{"a deep one", perl.ArrayRef(perl.ArrayRef(perl.ArrayRef(perl.NewRef(perl.NewBytes("x"))))), true},
		{"a string", perl.NewBytes("x"), true},
		{"an integer", perl.NewInt(-1), true},
		{"a hash of strings", perl.HashRef(perl.P("a", perl.NewBytes("b"))), true},
		{"shared", perl.ArrayRef(shared, shared), false},
		{"an object", perl.NewRef(perl.NewHash().Bless("A")), false},
		{"a key twice", twice, false},
		{"a key of many twice", wideTwice, false},
	} {
		image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("poe://K/s/x")), perl.P("from", perl.HashRef(perl.P("kernel", perl.NewBytes("K")))), perl.P("params", test.params)))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := Thaw(image)
		if got := sameEnvelope(t, defaultDecoder, image, want); got != test.ok {
			t.Errorf("%s: an envelope %v, expected %v", test.name, got, test.ok)
		}
		for n := range 100 { // of each limit
			for _, o := range []ThawOptions{{MaxElements: n + 1}, {MaxDepth: n + 1}, {MaxString: int64(n + 1)}, {MaxAlloc: int64(100 * (n + 1))}} {
				m, err := o.Decoder()
				if err != nil {
					t.Fatal(err)
				}
				want, _ := m.Thaw(image)
				sameEnvelope(t, m, image, want)
			}
		}
	}
}

// TestThawWholeLimits: what is read in that way is within the limits, wherever these are.
func TestThawWholeLimits(t *testing.T) {
	imageOf := func(params *perl.Value) []byte {
		image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("e")), perl.P("params", params)))
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	deep, wide := perl.ArrayRef(), perl.ArrayRef()
	for range 4 {
		deep = perl.ArrayRef(deep)
	}
	for range 100 {
		wide.Target().Append(perl.NewInt(1))
	}
	like := imageOf(perl.NewInt(1))
	for _, params := range []*perl.Value{deep, wide, perl.NewBytes(strings.Repeat("x", 40))} {
		image := imageOf(params)
		read := 0
		for n := range 6000 {
			for _, opt := range []ThawOptions{
				{MaxDepth: n, MaxElements: 1000, MaxString: 1000, MaxAlloc: 100_000},
				{MaxDepth: 1000, MaxElements: n, MaxString: 1000, MaxAlloc: 100_000},
				{MaxDepth: 1000, MaxElements: 1000, MaxString: int64(n), MaxAlloc: 100_000},
				{MaxDepth: 1000, MaxElements: 1000, MaxString: 1000, MaxAlloc: int64(n)},
			} {
				dec, h := &Decoder{opt: opt}, new(message.Hash)
				if v, err := dec.thawMessage(like, h, "params"); v == nil && err == nil && sameWhole(t, dec, like, h, image) {
					read++
				}
			}
		}
		if read < 4000 {
			t.Errorf("%d messages in the shortest way", read)
		}
	}
}

// nearMessages are hashes as messages are, and what is nearly so.
func nearMessages() (list []*perl.Value) {
	spec := func() *perl.Value {
		return perl.HashRef(perl.P("kernel", perl.NewBytes("K")), perl.P("session", perl.NewBytes("s")), perl.P("state", perl.NewBytes("x")))
	}
	shared := spec()
	records := perl.ArrayRef(spec(), perl.NewInt(7), perl.NewInt(100_000), perl.NewText("ü"), perl.NewUndef(), shared, shared)
	records.Target().Append(records)
	for _, params := range []*perl.Value{
		perl.NewUndef(), perl.NewInt(5), perl.NewInt(500), perl.NewBytes(""),
		perl.NewBytes(strings.Repeat("x", 300)), perl.NewText("ü"), perl.NewDouble(0.5),
		spec(), shared, perl.ArrayRef(), perl.ArrayRef(perl.NewInt(1)), records, perl.NewRef(perl.NewBytes("r")), perl.HashRef(),
		perl.NewRef(perl.NewHash(perl.P("a", perl.NewInt(1))).Bless("A")),
		perl.ArrayRef(perl.NewRef(perl.NewArray().Bless("A")), perl.NewRef(perl.NewArray().Bless("B"))),
		perl.NewRef(perl.NewHash(perl.P("a", perl.NewInt(1))).SetRestricted()),
	} {
		list = append(list,
			perl.HashRef(perl.P("event", perl.NewBytes("poe://K/s/x")), perl.P("params", params)),
			perl.HashRef(perl.P("params", params), perl.P("event", perl.NewBytes("poe://K/s/x")), perl.P("rsvp", spec()), perl.P("from", spec()), perl.P("wantarray", perl.NewInt(1))),
			perl.HashRef(perl.P("event", shared), perl.P("params", params), perl.P("rsvp", shared), perl.P("wantarray", perl.NewBytes(""))),
			perl.HashRef(perl.P("rsvp", shared), perl.P("params", perl.ArrayRef(params, shared))),
			perl.HashRef(perl.P("params", params), perl.P("from", params)),
			perl.HashRef(perl.P("other", params)),
		)
	}
	many := perl.HashRef()
	for _, key := range "abcdefghi" {
		many.Target().Set(string(key), perl.NewBytes("v"))
	}
	twice := perl.HashRef(perl.P("event", perl.NewBytes("a")))
	twice.Target().AppendPair(perl.P("event", perl.NewBytes("b")))
	inner := perl.NewHash(perl.P("kernel", perl.NewBytes("a")))
	inner.AppendPair(perl.P("kernel", perl.NewBytes("b")))
	return append(list, many, twice, perl.HashRef(), perl.ArrayRef(),
		perl.HashRef(perl.P("rsvp", perl.HashRef())), perl.HashRef(perl.P("rsvp", perl.NewRef(inner))),
		perl.HashRef(perl.P("rsvp", many)), perl.HashRef(perl.P("wantarray", perl.NewInt(-3))), perl.NewRef(perl.NewHash().Bless("A")))
}

// TestMessage: messages, and mutations of their images, are read as by Thaw and written as by
// Freeze.
func TestMessage(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	short := 0
	for _, v := range nearMessages() {
		image, err := Freeze(v)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range messageLimits {
			if sameMessage(t, m, image) && i == 0 {
				short++
			}
		}
		for n := range image {
			sameMessage(t, defaultDecoder, image[:n])
		}
		for range 2000 {
			changed := bytes.Clone(image)
			for range 1 + r.IntN(3) {
				changed[r.IntN(len(changed))] = byte(r.IntN([]int{36, 256}[r.IntN(2)]))
			}
			sameMessage(t, messageLimits[r.IntN(len(messageLimits))], changed)
		}
	}
	if short < 40 {
		t.Errorf("%d messages in the short way", short)
	}
}

// TestAppendMessage: what is written is what Append writes of the Value.
func TestAppendMessage(t *testing.T) {
	shared := perl.ArrayRef(perl.NewBytes("x"))
	fill := []func(h *message.Hash){
		func(h *message.Hash) { h.Add("event").Str = "poe://K/s/x" },
		func(h *message.Hash) { h.Add("params").Value = shared },
		func(h *message.Hash) { h.Add("more").Value = perl.ArrayRef(shared, shared.Target().Elems()[0]) },
		func(h *message.Hash) {
			parts := h.Parts(2)
			parts[0], parts[1] = message.Part{Key: "kernel", Str: "K"}, message.Part{Key: "state", Str: strings.Repeat("s", 300)}
			h.Add("rsvp").Parts = parts
		},
		func(h *message.Hash) { h.Add("again").Value = shared },
		func(h *message.Hash) {
			*h.Add("") = message.Item{Pair: perl.Pair{Key: "flags", Flags: perl.KeyUTF8, Value: perl.NewInt(1)}}
		},
	}
	for _, o := range []FreezeOptions{{}, {Canonical: true}, {MaxDepth: 1}, {MaxDepth: 4}, {MaxDepth: 6}, {Layout: AMD64}, {Minor: 4}} {
		m, err := o.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		for set := range 1 << len(fill) {
			h := new(message.Hash)
			for i := range fill {
				if set>>i&1 != 0 {
					fill[i](h)
				}
			}
			want, wantErr := m.Append([]byte("before"), h.Value(new(perl.Slab)))
			got, err := m.appendMessage([]byte("before"), h, largestSize)
			if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
				t.Fatalf("%+v, %06b: got\n%x (%v), want\n%x (%v)", o, set, got, err, want, wantErr)
			}
		}
	}
}

// FuzzMessage reads images as messages in both ways.
func FuzzMessage(f *testing.F) {
	for i, v := range nearMessages() {
		if image, err := Freeze(v); err == nil {
			f.Add(image, uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, image []byte, limits uint8) {
		sameMessage(t, messageLimits[int(limits)%len(messageLimits)], image)
	})
}
