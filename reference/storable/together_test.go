package storable

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestReadTogether: params of messages that come together share memory with each other, but not
// with what they were read from, and each is what it would be alone.
func TestReadTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	imageOf := func(params *perl.Value) []byte {
		image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("e")), perl.P("params", params)))
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	like, h := imageOf(perl.NewInt(1)), new(message.Hash)
	if v, err := defaultDecoder.thawMessage(like, h, "params"); v != nil || err != nil {
		t.Fatalf("got %v, %v", v, err)
	}
	at := h.Whole
	tail := len(like) - at.To
	var got []*perl.Value
	var want []string
	for range 2000 {
		s := strings.Repeat(string(rune('a'+r.IntN(26))), r.IntN(130))
		params := perl.NewBytes(s)
		if r.IntN(2) == 0 {
			params = perl.ArrayRef(params, perl.NewInt(int64(r.IntN(9))))
		}
		image := imageOf(params)
		h.More = r.IntN(4)
		whole := message.Place{From: at.From, To: len(image) - tail, Rest: at.Rest}
		v := defaultDecoder.thawWhole(image, whole, h)
		if v == nil {
			t.Fatalf("%x was not read", image)
		}
		clear(image)
		got, want = append(got, v), append(want, perl.Format(params, perl.FormatOptions{}))
	}
	for i, v := range got {
		if s := perl.Format(v, perl.FormatOptions{}); s != want[i] {
			t.Fatalf("params %d: got %s, want %s", i, s, want[i])
		}
	}
}
