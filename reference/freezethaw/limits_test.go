package freezethaw_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// allocated tells how many octets a function allocates.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// TestClaims reads texts whose containers promise together far more than there is: each could have
// what it promises, if it were alone.
func TestClaims(t *testing.T) {
	const size = 40_000
	for _, container := range []string{"@%d|", `\@%d|`, "%%%d|", ">>0|$1|A@%d|"} {
		for _, levels := range []int{2, 100, 2000} {
			text := "FrT;@1|"
			for range levels {
				text += fmt.Sprintf(container, (size-len(text)-20)&^1)
			}
			text += strings.Repeat("_", size-len(text))
			var err error
			got := allocated(func() { _, err = freezethaw.Thaw([]byte(text)) })
			if err == nil || got > 64*size+1<<18 {
				t.Errorf("%d of %s: %d octets for a text of %d, %.1f times; %v", levels, container, got, size, float64(got)/size, err)
			}
		}
	}
}

// TestMaxAlloc: whatever takes memory counts, before it is taken.
func TestMaxAlloc(t *testing.T) {
	const n = 10_000
	for _, member := range []string{"_", `\_`, `\\\_`, "@0|", "%0|", "/0|", "%2|$0|_", `>>0|$1|A\_`, ">>0|$1|A@1|_"} {
		text := []byte(fmt.Sprintf("FrT;@1|@%d|%s", n, strings.Repeat(member, n)))
		took := allocated(func() {
			if _, err := freezethaw.Thaw(text); err != nil {
				t.Fatalf("%s: %v", member, err)
			}
		})
		for _, most := range []int64{took * 3 / 5, loose*took*15/8 + 1<<14} {
			m, err := freezethaw.Options{MaxAlloc: int(most)}.Codec()
			if err != nil {
				t.Fatal(err)
			}
			got := allocated(func() { _, err = m.Thaw(text) })
			var limit *freezethaw.LimitError
			if most < took && (!errors.As(err, &limit) || limit.Limit != "MaxAlloc" || got > took) {
				t.Errorf("%s: %d octets were allocated; with a MaxAlloc of %d there were %d, and %v", member, took, most, got, err)
			}
			if most > took && err != nil {
				t.Errorf("%s: %d octets were allocated; with a MaxAlloc of %d got %v", member, took, most, err)
			}
		}
	}
}

// TestMaxText: a string that is written very often ends in an error before it is written.
func TestMaxText(t *testing.T) {
	const most = 5 << 20
	m, err := freezethaw.Options{MaxText: most}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	s := strings.Repeat("x", 1<<20)
	shared, text := perl.NewBytes(s), perl.NewText(strings.Repeat("é", 1<<20))
	list, texts, hash, keys, objects := perl.NewArray(), perl.NewArray(), perl.NewHash(), perl.NewHash(), perl.NewArray()
	for i := range 400 {
		list.Append(shared)
		texts.Append(text)
		hash.AppendPair(perl.P(fmt.Sprint(i), shared))
		keys.AppendPair(perl.P(s, nil))
		objects.Append(perl.NewRef(perl.NewRegexp(s, "")))
	}
	short := perl.NewArray(make([]*perl.Value, 6<<20)...)
	for name, v := range map[string]*perl.Value{"elements": list, "text": texts, "pairs": hash, "keys": keys, "patterns": objects, "holes": short} {
		var err error
		got := allocated(func() { _, err = m.Freeze(perl.NewRef(v)) })
		var limit *freezethaw.LimitError
		if !errors.As(err, &limit) || limit.Limit != "MaxText" || limit.Max != most || limit.Got <= most {
			t.Errorf("%s: got %v, expected MaxText", name, err)
		}
		if got > 8*most {
			t.Errorf("%s: %d octets allocated for a text of at most %d", name, got, most)
		}
	}
	if text, err := m.Freeze(perl.ArrayRef(list.Elems()[:4]...)); err != nil || len(text) > most {
		t.Errorf("a text within MaxText: %d octets, %v", len(text), err)
	}
}

// loose is how many times too much may be counted, besides half as much again for numbers that are
// mostly small: without package unsafe, and where addresses have 32 bits, Values differ in size.
const loose = perl.ValueSize / 24 * 64 / strconv.IntSize
