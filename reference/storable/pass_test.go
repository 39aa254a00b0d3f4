package storable

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// hashImage is the image of an array of hashes with the keys of each, in order, and integers; a key
// of "{" has the next hash for its value, in place of an element.
func hashImage(lists [][]string) []byte {
	image := []byte{major<<1 | 1, minorWritten, byte(tagArray)}
	elems := 0
	for _, list := range lists {
		elems += 1 - strings.Count(strings.Join(list, ""), "{")
	}
	image = binary.BigEndian.AppendUint32(image, uint32(elems))
	next := 0
	var hash func()
	hash = func() {
		list := lists[next]
		next++
		image = binary.BigEndian.AppendUint32(append(image, byte(tagRef), byte(tagHash)), uint32(len(list)))
		for i, key := range list {
			if key == "{" {
				hash()
			} else {
				image = append(image, byte(tagByte), byte(i))
			}
			image = append(binary.BigEndian.AppendUint32(image, uint32(len(key))), key...)
		}
	}
	for range elems {
		hash()
	}
	return image
}

// TestPassKeys: a hash is left frozen if no key comes twice in it, wherever its keys came before,
// and however many there are, how long they are, and where they differ.
func TestPassKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	long := strings.Repeat("k", 30)
	key := func(n int) string {
		text := fmt.Sprint(r.IntN(n))
		switch r.IntN(6) {
		case 0:
			return text
		case 1:
			return long[:r.IntN(16)] + text
		case 2:
			return text + long[:r.IntN(16)]
		case 3:
			return long[:12] + text + long[:12] // alike in their first and last octets
		case 4:
			return long[:r.IntN(len(long))]
		}
		return strings.Repeat("\x00", r.IntN(6)) // which is what is behind the end of an image
	}
	sound, twice := 0, 0
	for i := range 10_000 {
		n := []int{12, 40, mostKnown, 1000, 100_000}[r.IntN(5)]
		var lists [][]string
		for range 1 + r.IntN(4) {
			var list []string
			came := map[string]bool{}
			if len(lists) > 0 && r.IntN(2) == 0 { // like another
				list = append(list, lists[r.IntN(len(lists))]...)
				if r.IntN(2) == 0 {
					r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
				}
			} else {
				for range r.IntN([]int{4, keys.Few + 2, 3 * mostKnown}[r.IntN(3)]) {
					if k := key(n); !came[k] {
						list, came[k] = append(list, k), true
					}
				}
			}
			if len(list) > 1 && r.IntN(3) == 0 {
				list[r.IntN(len(list))] = list[r.IntN(len(list))] // that may be twice
			}
			lists = append(lists, list)
		}
		if last := len(lists) - 1; last > 0 && r.IntN(3) == 0 { // with a hash within, which is the last
			list := append(lists[last-1], "{")
			r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
			lists[last-1] = list
		}
		image := hashImage(lists)
		unique := true
		for _, list := range lists {
			came := map[string]bool{}
			for _, key := range list {
				unique = unique && !came[key]
				came[key] = true
			}
		}
		if v, _ := frozenOf(defaultDecoder, image); (v != nil) != unique {
			t.Fatalf("%q: frozen %v, expected %v", lists, v != nil, unique)
		}
		if unique {
			sound++
		} else {
			twice++
		}
		if i%20 == 0 {
			sameFrozen(t, defaultDecoder, image)
			if sameSound(t, defaultDecoder, image) != unique {
				t.Fatalf("%q: sound %v", lists, !unique)
			}
		}
		for n := range min(len(image), 20) {
			if v, _ := frozenOf(defaultDecoder, image[:len(image)-1-n]); v != nil {
				t.Fatalf("%q: frozen without the last %d octets", lists, n+1)
			}
		}
	}
	if sound < 2000 || twice < 2000 {
		t.Errorf("%d images without a key twice and %d with one", sound, twice)
	}
}

// TestPassCosts: what is left frozen costs as much as what Thaw makes of it: it is within a limit
// if that is.
func TestPassCosts(t *testing.T) {
	for _, length := range []int{6, 300} {
		list := perl.NewArray()
		for i := range 3 {
			list.Append(perl.HashRef(perl.P("id", perl.NewInt(int64(i))), perl.P("name", perl.NewBytes(strings.Repeat("x", length))),
				perl.P("tags", perl.ArrayRef(perl.NewText("a"), perl.NewUndef()))), perl.NewRef(perl.NewRef(perl.NewText(strings.Repeat("x", length)))))
		}
		image, err := Freeze(perl.NewRef(list))
		if err != nil {
			t.Fatal(err)
		}
		withinLimits(t, image)
	}
}

func withinLimits(t *testing.T, image []byte) {
	for n := int64(1); n < 3000; n++ {
		for _, o := range []ThawOptions{{MaxElements: int(n)}, {MaxDepth: int(n)}, {MaxString: n}, {MaxAlloc: n}} {
			dec := decoderWith(t, o)
			v, around := frozenOf(dec, image)
			if around == nil {
				continue // longer than MaxAlloc
			}
			if _, err := dec.Thaw(around); (v != nil) != (err == nil) || sameSound(t, dec, around) != (err == nil) {
				t.Fatalf("%+v: frozen %v, Thaw has %v", o, v != nil, err)
			}
		}
	}
}
