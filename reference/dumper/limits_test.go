package dumper_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
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

// TestMaxAlloc: whatever takes memory counts, before it is taken.
func TestMaxAlloc(t *testing.T) {
	const n = 10_000
	for _, member := range []string{"undef", "1", "''", `\1`, `\\\1`, "[]", "{}", "qr//", "{1=>1}", "bless([],'A')", "v1", "do{my $o}", `sub{"D"}`, `"\x{263a}\x{263a}"`, `'\'\'\'\''`} {
		text := []byte("$V = [" + strings.Repeat(member+",", n) + "];")
		took := allocated(func() {
			if _, err := codec(t, dumper.Options{Variable: "$V"}).Thaw(text); err != nil {
				t.Fatalf("%s: %v", member, err)
			}
		})
		for _, most := range []int64{took * 3 / 5, loose*took*15/8 + 1<<14} {
			m := codec(t, dumper.Options{Variable: "$V", MaxAlloc: int(most)})
			var err error
			got := allocated(func() { _, err = m.Thaw(text) })
			var limit *dumper.LimitError
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
	m := codec(t, dumper.Options{MaxText: most})
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
		var limit *dumper.LimitError
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

// TestMaxAllocOfAssignments: copies of what has a class, or is a version string, count as well.
func TestMaxAllocOfAssignments(t *testing.T) {
	const n = 10_000
	text := []byte("$V = [v1,1]; $V->[1] = [" + strings.Repeat("$V->[0],", n) + "];")
	took := allocated(func() {
		if _, err := codec(t, dumper.Options{Variable: "$V"}).Thaw(text); err != nil {
			t.Fatal(err)
		}
	})
	if _, err := codec(t, dumper.Options{Variable: "$V", MaxAlloc: int(took * 3 / 4)}).Thaw(text); !errors.Is(err, dumper.ErrLimit) {
		t.Errorf("%d octets were allocated; with a MaxAlloc of three quarters got %v", took, err)
	}
}

// loose is how many times too much may be counted, besides half as much again for numbers that are
// mostly small: without package unsafe, and where addresses have 32 bits, Values differ in size.
const loose = perl.ValueSize / 24 * 64 / strconv.IntSize
