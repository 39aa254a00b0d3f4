package anonymise

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func newMapper(key string) *mapper {
	return &mapper{key: Key(key), words: protocolKept(), done: map[string]string{}, used: map[string]int{}}
}

var tags = regexp.MustCompile(`(?m)^ *[0-9]+ .*?(SX_[A-Z_0-9]+|key|class|frozen|list of|index|memory|file)`)

// shape is what stays of an image: of Storable its tags and where they are, else what its values
// are.
func shape(t *testing.T, image []byte) string {
	t.Helper()
	var b strings.Builder
	var z wire.Serializer
	switch dialogue.GuessSerializer(image) {
	case "FreezeThaw":
		z = freezethaw.Serializer{}
	case "POE::Component::IKC::Freezer":
		z = dumper.Serializer{}
	default:
		if err := storable.Dump(&b, image); err != nil {
			t.Fatal(err)
		}
		return strings.Join(tags.FindAllString(b.String(), -1), "\n")
	}
	v, err := z.Thaw(image)
	if err != nil {
		t.Fatalf("%v: %q", err, image)
	}
	kinds(&b, v, map[*perl.Value]bool{})
	return b.String()
}

func kinds(b *strings.Builder, v *perl.Value, seen map[*perl.Value]bool) {
	if v == nil || seen[v] {
		b.WriteString("again ")
		return
	}
	seen[v] = true
	b.WriteString(v.Kind().String() + " ")
	kinds(b, v.Target(), seen)
	for _, e := range v.Elems() {
		kinds(b, e, seen)
	}
	for _, p := range v.Pairs() {
		kinds(b, p.Value, seen)
	}
}

// FuzzImage: an image that can be read is one of the same shape when its words have been replaced;
// and what is replaced is replaced by the same, always.
func FuzzImage(f *testing.F) {
	for _, z := range []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}} {
		for _, v := range contract.EchoValues()[:46] {
			if image, err := z.Freeze(perl.ArrayRef(v, perl.NewBytes("secret"), perl.NewInt(12345), perl.NewDouble(2.5))); err == nil {
				f.Add(image)
			}
		}
	}
	f.Add([]byte("$POE::Component::IKC::Freezer::VAR1 = [{'a' => [5]},\"\\x{263a}x\\n\",v1.2.3,qr/a+/i];$POE::Component::IKC::Freezer::VAR1->[0]{'a'}[0] = 7;"))
	f.Fuzz(func(t *testing.T, image []byte) {
		if len(image) > 1<<16 {
			return
		}
		m := newMapper("a key of some length")
		once, again := bytes.Clone(image), bytes.Clone(image)
		understood, err := m.image(once)
		if len(once) != len(image) || understood > len(image) || err == nil && understood != len(image) {
			t.Fatalf("%d octets became %d, of which %d were understood (%v)", len(image), len(once), understood, err)
		}
		_, _ = newMapper("a key of some length").image(again)
		if !bytes.Equal(once, again) {
			t.Fatalf("%q became %q and %q", image, once, again)
		}
		if err != nil || !readable(image) {
			return
		}
		if before, after := shape(t, image), shape(t, once); before != after {
			t.Fatalf("%q became %q, of the shape\n%s\nin place of\n%s", image, once, after, before)
		}
	})
}

// readable tells whether an image can be thawed. Of texts it takes those only that are as their
// serializer writes them: a hash with a key twice, say, is another when the keys differ.
func readable(image []byte) bool {
	switch dialogue.GuessSerializer(image) {
	case "FreezeThaw":
		v, err := freezethaw.Thaw(image)
		if err != nil {
			return false
		}
		back, err := freezethaw.Freeze(v)
		return err == nil && bytes.Equal(back, image)
	case "POE::Component::IKC::Freezer":
		v, err := dumper.Thaw(image)
		if err != nil {
			return false
		}
		back, err := dumper.Freeze(v)
		return err == nil && bytes.Equal(back, image)
	}
	_, err := storable.Thaw(image)
	return err == nil
}

func replaced(m *mapper, s string) string {
	b := []byte(s)
	m.octets(b)
	return string(b)
}

// TestWords: lengths and kinds stay, and what belongs together.
func TestWords(t *testing.T) {
	m := newMapper("a key of some length")
	worker := replaced(m, "worker")
	for _, test := range []struct{ from, want string }{
		{"worker", "^[a-z]{6}$"},
		{"Worker_Two", "^[A-Z][a-z]{5}_[A-Z][a-z]{2}$"},
		{"poe://worker/Session/event", "^poe://" + worker + "/Session/event$"},
		{"worker-4f3e2a1b-00001c2d-00000001", "^" + worker + "-[0-9a-f]{8}-[0-9a-f]{8}-00000001$"},
		{"worker0000abcd", "^" + worker + "[0-9a-f]{8}$"},
		{"worker17", "^" + worker + replaced(m, "17") + "$"},
		{"IKCLite/response12", "^IKCLite/response12$"},
		{"10.2.33.144:31337", `^[1-9][0-9]\.[0-9]\.[1-9][0-9]\.[12][0-9]{2}:[1-6][0-9]{4}$`},
		{"127.0.0.1:31337", `^127\.0\.0\.1:[1-6][0-9]{4}$`},
		{"[fe80::1:abc]:80", `^\[[0-9a-f]{4}::1:[1-9a-f][0-9a-f]{2}\]:[1-9][0-9]$`},
		{"0042", "^00[1-9][0-9]$"}, {"-7", "^-[2-9]$"}, {"1", "^1$"}, {"0.1", `^0\.[1-9]$`}, {"1.5e+300", `^[1-9]\.[1-9]e\+300$`},
		{"a\x00b\xff", "(?s)^[a-z]\x00..$"},
	} {
		got := replaced(m, test.from)
		if len(got) != len(test.from) || test.from != "a\x00b\xff" && !regexp.MustCompile(test.want).MatchString(got) {
			t.Errorf("%q became %q, expected %s", test.from, got, test.want)
		}
	}
	if other := replaced(newMapper("another key of some length"), "worker"); other == worker {
		t.Errorf("two keys make %q of worker", worker)
	}
	if replaced(newMapper("a key of some length"), "worker") != worker {
		t.Error("a key makes two words of one")
	}
}

// TestDifferentStayDifferent: no two short words become one, nor two integers, which also fit what
// they fitted.
func TestDifferentStayDifferent(t *testing.T) {
	m := newMapper("a key of some length")
	seen := map[string]string{}
	for a := 'a'; a <= 'z'; a++ {
		for b := 'a'; b <= 'z'; b++ {
			for _, word := range []string{string(a), string([]rune{a, b}), string([]rune{a, b}) + "z"} {
				got := replaced(m, word)
				if was, ok := seen[got]; ok && was != word {
					t.Fatalf("%q and %q become %q", was, word, got)
				}
				seen[got] = word
			}
		}
	}
	numbers := map[int64]int64{}
	for n := int64(-70000); n < 70000; n++ {
		got := m.integer(n)
		if was, ok := numbers[got]; ok {
			t.Fatalf("%d and %d become %d", was, n, got)
		}
		numbers[got] = n
		if got < 0 != (n < 0) || n >= -128 && n < 128 && (got < -128 || got > 127) {
			t.Fatalf("%d becomes %d", n, got)
		}
	}
	for _, n := range []int64{math.MinInt64, math.MaxInt64, math.MinInt32, math.MaxInt32, 1 << 53} {
		if got := m.integer(n); (got < 0) != (n < 0) {
			t.Errorf("%d becomes %d", n, got)
		}
	}
	for _, n := range []int64{math.MinInt32, math.MaxInt32} {
		if got := m.integer(n); got != int64(int32(got)) {
			t.Errorf("%d becomes %d, which does not fit 32 bits", n, got)
		}
	}
}

// TestLongWords: what is long takes time in proportion to its length, and keeps it.
func TestLongWords(t *testing.T) {
	m := newMapper("a key of some length")
	for _, unit := range []string{"0123456789abcdef", "z1", "9", "secret", "a_"} {
		long := strings.Repeat(unit, 4<<20/len(unit))
		got := replaced(m, long)
		if len(got) != len(long) || got == long {
			t.Errorf("%d times %q: got %d octets, or the same", len(long)/len(unit), unit, len(got))
		}
		if again := replaced(newMapper("a key of some length"), long); again != got {
			t.Errorf("%d times %q: it becomes something else the second time", len(long)/len(unit), unit)
		}
	}
}
