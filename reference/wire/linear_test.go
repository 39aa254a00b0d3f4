package wire_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestLinear reads, writes and shows images of shapes in which something is looked for time and
// again, and of shapes eight times as long: that takes about eight times as long, or some times
// that where caches and the collector have more to do for much than for little, and not sixty-four.
func TestLinear(t *testing.T) {
	keys := func(n int, format, between string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
			b.WriteString(between)
		}
		return b.String()
	}
	for _, x := range []struct {
		name  string
		c     *crafter
		small int
		image func(n int) string
	}{
		{"places in a large hash", dumperCrafter(), 4000, func(n int) string {
			return "$V={" + keys(n, "'%05d'=>1", ",") + "};" + keys(n, "$V->{'%05d'}=1", ";")
		}},
		{"elements assigned", dumperCrafter(), 4000, func(n int) string {
			return "$V=[" + strings.Repeat("1,", n) + "];" + keys(n, "$V->[%d]=$V", ";")
		}},
		{"a large hash", dumperCrafter(), 4000, func(n int) string { return "$V={" + keys(n, "'%05d'=>1", ",") + "};" }},
		{"escapes", dumperCrafter(), 8000, func(n int) string {
			return `$V=["` + strings.Repeat(`\x{263a}`, n) + `",'` + strings.Repeat(`\'`, n) + "'];"
		}},
		{"what is shared", freezethawCrafter(), 4000, func(n int) string {
			return fmt.Sprintf("FrT;!%d|", n-1) + strings.Repeat("@0|", n) + strings.Repeat("@1|<0|", n) + fmt.Sprintf("@1|@%d|", n) + keys(n, "<%d|", "")
		}},
		{"classes by number", freezethawCrafter(), 4000, func(n int) string {
			return fmt.Sprintf("FrT;@1|@%d|", n) + keys(n, ">>%d|$1|A@0|", "")
		}},
		{"a large hash", freezethawCrafter(), 4000, func(n int) string {
			return fmt.Sprintf("FrT;@1|%%%d|", 2*n) + keys(n, "$5|%05d", "") + strings.Repeat("_", n)
		}},
		{"indices", storableCrafter(), 8000, func(n int) string {
			return "\x05\x0b\x02" + u32(2*n) + strings.Repeat("\x04\x02"+u32(0), n) + strings.Repeat("\x04\x00"+u32(2), n)
		}},
		{"a large hash", storableCrafter(), 4000, func(n int) string {
			return "\x05\x0b\x03" + u32(n) + keys(n, "\x05\x00\x00\x00\x05%05d", "")
		}},
		{"classes", storableCrafter(), 4000, func(n int) string {
			return "\x05\x0b\x02" + u32(n) + keys(n, "\x11\x05%05d\x02\x00\x00\x00\x00", "")
		}},
		{"hooks", storableCrafter(), 4000, func(n int) string {
			return "\x05\x0b\x02" + u32(n+1) + "\x11\x01A\x05" + strings.Repeat("\x13\xa2\x00\x00\x01"+u32(1), n)
		}},
		{"deep and wide", storableCrafter(), 8000, func(n int) string {
			return "\x05\x0b" + strings.Repeat("\x04", 4000) + "\x02" + u32(n) + strings.Repeat("\x05", n)
		}},
	} {
		// Other processes have their turns too, so it is the least of many tries that counts.
		var slow []string
		var few, many []time.Duration
		for range 20 {
			few, many = least(few, use(t, x.c.by, x.image(x.small))), least(many, use(t, x.c.by, x.image(8*x.small)))
			slow = nil
			for i, took := range many {
				if took > 40*few[i]+50*time.Millisecond {
					slow = append(slow, fmt.Sprintf("%s: %v, eight times as long %v", useNames[i], few[i], took))
				}
			}
			if slow == nil {
				break
			}
		}
		for _, s := range slow {
			t.Errorf("%s, %s, %s", x.c.by.Name(), x.name, s)
		}
	}
}

// least is the lesser of each pair; a may be empty.
func least(a, b []time.Duration) []time.Duration {
	for i := range a {
		b[i] = min(a[i], b[i])
	}
	return b
}

var useNames = []string{"read", "dump", "format", "compare", "unmarshal", "freeze by Storable", "by FreezeThaw", "by Freezer"}

// use tells how long each of useNames takes.
func use(t *testing.T, by wire.Serializer, text string) (took []time.Duration) {
	image := []byte(text)
	measure := func(f func()) {
		start := time.Now()
		f()
		took = append(took, time.Since(start))
	}
	var v *perl.Value
	var err error
	measure(func() { v, err = by.Thaw(image) })
	if err != nil {
		t.Fatalf("%s: %.200q: %v", by.Name(), text, err)
	}
	measure(func() {
		if by.Name() == "Storable" {
			err = storable.Dump(io.Discard, image)
		}
	})
	measure(func() { perl.Format(v, perl.FormatOptions{}) })
	measure(func() { perl.Equal(v, v) })
	measure(func() { _ = perl.Unmarshal(v, new(any)) })
	for _, s := range serializers {
		measure(func() { _, _ = s.Freeze(v) })
	}
	return took
}
