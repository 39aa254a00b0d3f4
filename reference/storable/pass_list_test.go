package storable

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// someShape returns what makes Values of one shape, more or less.
func someShape(r *rand.Rand, depth int) func() *perl.Value {
	n := r.IntN(5)
	if depth == 1 && r.IntN(10) == 0 {
		n = r.IntN(2 * mostSteps)
	}
	switch kind := r.IntN(4); {
	case depth == 0 || kind == 0:
		kinds := []func() *perl.Value{
			func() *perl.Value { return perl.NewInt(int64(r.IntN(300))) },
			func() *perl.Value { return perl.NewBytes(strings.Repeat("x", r.IntN(30))) },
			func() *perl.Value { return perl.NewText("\u00fc") },
			func() *perl.Value { return perl.NewUndef() },
			func() *perl.Value { return perl.NewBytes(strings.Repeat("x", 250+r.IntN(10))) },
		}
		usual := kinds[r.IntN(len(kinds))]
		return func() *perl.Value {
			if r.IntN(20) == 0 {
				return kinds[r.IntN(len(kinds))]()
			}
			return usual()
		}
	case kind == 1:
		member := someShape(r, depth-1)
		return func() *perl.Value {
			list := perl.NewArray()
			for range n + r.IntN(20)/19 {
				list.Append(member())
			}
			return perl.NewRef(list)
		}
	}
	var keys []string
	var members []func() *perl.Value
	for i := range n {
		keys = append(keys, fmt.Sprint(i, strings.Repeat("k", r.IntN(30))))
		members = append(members, someShape(r, depth-1))
	}
	return func() *perl.Value {
		hash := perl.NewHash()
		for i, member := range members {
			if r.IntN(50) > 0 {
				hash.AppendPair(perl.P(keys[i], member()))
			}
		}
		return perl.NewRef(hash)
	}
}

// TestPassList: lists whose members are alike, but for scalars, and some for more, are passed over,
// and cost as much as they do without that; changed somewhere, they are what value makes of them.
func TestPassList(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	shapes := 0
	for range 1500 {
		member := someShape(r, 3)
		list := perl.NewArray()
		for range r.IntN(30) {
			list.Append(member())
		}
		image, err := Freeze(perl.HashRef(perl.P("event", perl.NewBytes("e")), perl.P("params", perl.NewRef(list))))
		if err != nil {
			t.Fatal(err)
		}
		if len(image) > 10_000 {
			continue // which takes long
		}
		if !sameMessage(t, defaultDecoder, image) || !sameSound(t, defaultDecoder, image) {
			t.Fatalf("%x: not passed over", image)
		}
		for range 30 {
			changed := bytes.Clone(image)
			for range 1 + r.IntN(2) {
				at := r.IntN(len(changed))
				changed[at] = []byte{byte(r.IntN(36)), byte(r.IntN(256)), changed[r.IntN(len(changed))]}[r.IntN(3)]
			}
			if len(changed) < 1000 && r.IntN(10) == 0 {
				sameMessage(t, messageLimits[r.IntN(len(messageLimits))], changed)
			}
			sameSound(t, messageLimits[r.IntN(len(messageLimits))], changed)
			sameSound(t, defaultDecoder, changed)
		}
		d := &decoder{cursor: cursor{s: string(image)}}
		d.begin(defaultDecoder, frozenHeader, 1<<30)
		d.pos = 2
		d.passOver()
		if len(d.passing.shapes[0].steps) > 0 {
			shapes++
		}
	}
	if shapes < 300 {
		t.Errorf("%d lists had a shape", shapes)
	}
}

// TestPassListKeys: members are told apart by all of their keys, however long these are, and one
// that is cut off is none.
func TestPassListKeys(t *testing.T) {
	for n := range 16 * (mostSteps + 4) {
		list := perl.NewArray()
		for range 3 * fewMembers {
			list.Append(perl.HashRef(perl.P(strings.Repeat("\x00", n), perl.NewInt(1))))
		}
		image, err := Freeze(perl.NewRef(list))
		if err != nil {
			t.Fatal(err)
		}
		if !sameSound(t, defaultDecoder, image) {
			t.Errorf("keys of %d octets: not passed over", n)
		}
		for cut := range min(n, 5) {
			if sameSound(t, defaultDecoder, image[:len(image)-1-cut]) {
				t.Errorf("keys of %d octets: passed over without the last %d octets", n, cut+1)
			}
		}
		image[len(image)-1] = 'x' // of the last key, or its length
		if sameSound(t, defaultDecoder, image) != (n > 0) {
			t.Errorf("keys of %d octets, the last one different: passed over %v", n, n == 0)
		}
	}
}
