package storable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func count(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

// TestClaims reads images whose containers promise together far more than there is: each could have
// what it promises, if it were alone.
func TestClaims(t *testing.T) {
	for name, x := range map[string]struct {
		container string // before the count
		least     int    // octets of a member
		between   string // what comes before the next container
	}{
		"arrays":       {"\x02", 1, ""},
		"hashes":       {"\x03", 5, ""},
		"flagged":      {"\x19\x00", 3, ""},
		"references":   {"\x04\x02", 1, ""},
		"tied":         {"\x0c\x02", 1, ""},
		"large arrays": {"\x21\x02\x00\x00\x00\x00", 1, ""},
		"old arrays":   {"\x02", 1, ""},
	} {
		for _, levels := range []int{1, 10, 1000, 4000} {
			image := "\x05\x0b"
			if name == "old arrays" {
				image = "\x03"
			}
			const size = 85_000
			for range levels {
				head := x.container
				image += head + count((size-len(image)-len(head)-4)/x.least) + x.between
			}
			image += strings.Repeat("\x05", size-len(image))
			for what, read := range map[string]func([]byte) error{
				"Thaw":      func(b []byte) error { _, err := Thaw(b); return err },
				"Unmarshal": func(b []byte) error { return Unmarshal(b, new(any)) },
				"Dump":      func(b []byte) error { return Dump(io.Discard, b) },
				"into maps": func(b []byte) error { return Unmarshal(b, new(map[string]map[string]any)) },
			} {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := read([]byte(image))
				runtime.ReadMemStats(&after)
				most := map[string]uint64{"Thaw": 64, "Unmarshal": 160, "into maps": 160, "Dump": 1000}[what]
				if got := after.TotalAlloc - before.TotalAlloc; got > most*size+1<<18 {
					t.Errorf("%s of %d %s: %d octets for an image of %d, %.1f times", what, levels, name, got, size, float64(got)/size)
				}
				if levels > 1 && err == nil && (what != "Dump" || name != "old arrays") {
					t.Errorf("%s of %d %s: got no error", what, levels, name)
				}
			}
		}
	}
}

// TestMemoryOfRare thaws trees of what takes most beside its Value.
func TestMemoryOfRare(t *testing.T) {
	tied := "\x05"
	for range 16 {
		tied = "\x15" + tied + tied // a tree of elements of tied hashes
	}
	element := strings.Repeat("\x16", 4000) + "\x05" + strings.Repeat(count(1), 4000)
	for name, image := range map[string]string{"tied keys": tied, "tied elements": element} {
		perltest.Memory(t, name, []byte("\x05\x0b"+image), func(image []byte) error { _, err := Thaw(image); return err })
	}
}

// TestMaxAllocCountsAll: whatever takes memory counts, not only what containers promise.
func TestMaxAllocCountsAll(t *testing.T) {
	const n = 10_000
	list := func(s string) string { return "\x05\x0b\x02" + count(n+1) + "\x11\x01A\x05" + strings.Repeat(s, n) }
	for name, image := range map[string]string{
		"references": list("\x04\x04\x04\x05"),
		"objects":    list("\x12\x00\x05"),
		"regexps":    list("\x20\x00\x00\x00"),
		"v-strings":  list("\x1d\x00\x0a\x00"),
		"hooks":      list("\x13\x22\x00\x00"),
		"lists":      list("\x13\xa2\x00\x00\x04" + strings.Repeat(count(0), 4)),
		"tied keys":  list("\x15\x05\x05"),
		"classes":    "\x05\x0b\x02" + count(n) + strings.Repeat("\x11\x01A\x05", n),
		"old hashes": "\x00\x041234\x04\x04\x04" + "AAAA\x03" + "\x10\x27\x00\x00" + strings.Repeat("VK\x01\x00\x00\x00x", n),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		v, err := Thaw([]byte(image))
		runtime.ReadMemStats(&after)
		if err != nil {
			if name != "old hashes" {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		took := int64(after.TotalAlloc - before.TotalAlloc)
		dec := decoderWith(t, ThawOptions{MaxAlloc: took * 3 / 4})
		if _, err := dec.Thaw([]byte(image)); !errors.Is(err, ErrLimit) {
			t.Errorf("%s: %d octets were allocated; with a MaxAlloc of three quarters got %v, expected ErrLimit", name, took, err)
		}
		dec = decoderWith(t, ThawOptions{MaxAlloc: loose*took*15/8 + 1<<14})
		if _, err := dec.Thaw([]byte(image)); err != nil {
			t.Errorf("%s: %d octets were allocated; with seven eighths more got %v", name, took, err)
		}
		runtime.KeepAlive(v)
	}
}

// TestMaxImage: what one string of Go in very many Values would write ends in an error before it is
// written.
func TestMaxImage(t *testing.T) {
	s := strings.Repeat("x", 1<<20)
	enc, err := FreezeOptions{MaxImage: 5 << 20}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	list, hash, classes, keys := perl.NewArray(), perl.NewHash(), perl.NewArray(), perl.NewHash()
	for i := range 400 {
		list.Append(perl.NewBytes(s))
		hash.AppendPair(perl.P(fmt.Sprint(i), perl.NewText(s)))
		if i < 10 {
			classes.Append(perl.NewUndef().Bless(fmt.Sprint(i) + s))
		}
		keys.AppendPair(perl.P(s, nil))
	}
	short := perl.NewArray()
	for range 3 << 20 {
		short.Append(perl.NewInt(1))
	}
	for name, v := range map[string]*perl.Value{"elements": list, "pairs": hash, "classes": classes, "keys": keys, "short ones": short,
		"hooks": perl.NewArray(perl.NewHooked("A", 0, strings.Repeat(s, 6)))} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := enc.Freeze(perl.NewRef(v))
		runtime.ReadMemStats(&after)
		var limit *LimitError
		if !errors.As(err, &limit) || limit.Limit != "MaxImage" || limit.Max != 5<<20 || limit.Got <= limit.Max {
			t.Errorf("%s: got %v, expected MaxImage", name, err)
		}
		if got := after.TotalAlloc - before.TotalAlloc; name != "short ones" && got > 32<<20 {
			t.Errorf("%s: %d octets allocated for an image of at most %d", name, got, 5<<20)
		}
	}
	if image, err := enc.Freeze(perl.ArrayRef(list.Elems()[:4]...)); err != nil || len(image) > 5<<20 {
		t.Errorf("an image within MaxImage: %d octets, %v", len(image), err)
	}
}

// TestDumpIsNotWide: what is nested deeply does not make each line long.
func TestDumpIsNotWide(t *testing.T) {
	image := "\x05\x0b" + strings.Repeat("\x04", 4000) + "\x02" + count(10_000) + strings.Repeat("\x05", 10_000)
	var b strings.Builder
	if err := Dump(&b, []byte(image)); err != nil {
		t.Fatal(err)
	}
	if most := 200 * len(image); b.Len() > most {
		t.Errorf("%d octets for an image of %d, expected at most %d", b.Len(), len(image), most)
	}
}

// loose is how many times too much may be counted, besides half as much again for numbers that are
// mostly small: without package unsafe, and where addresses have 32 bits, Values differ in size.
const loose = perl.ValueSize / 24 * 64 / strconv.IntSize
