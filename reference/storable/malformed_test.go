package storable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestMalformed reads images that no Perl writes, most of which Perl's thaw takes without a word.
func TestMalformed(t *testing.T) {
	deep := strings.Repeat("\x04", 20_000)
	tests := []struct {
		name, image string
		want        error
		text        string
	}{
		{"empty", "", ErrTruncated, "storable: offset 0: image ends too early: expected a major version, got the end"},
		{"text", "hello", ErrHeader, "storable: offset 0: not a Storable image: expected major version 0 to 2, got 52"},
		{"magic alone", "pst0", ErrTruncated, "storable: offset 4: image ends too early: expected a major version, got the end"},
		{"no minor", "\x05", ErrTruncated, "storable: offset 1: image ends too early: expected a minor version, got the end"},
		{"no order", "\x04\x0b", ErrTruncated, "storable: offset 2: image ends too early: expected the length of a byte order, got the end"},
		{"short order", "\x04\x0b\x08" + "1234", ErrTruncated, "storable: offset 7: image ends too early: expected a byte order, got the end"},
		{"strange order", "\x04\x0b\x04" + "3412", ErrHeader, `storable: offset 3: not a Storable image: expected a byte order "1234", "12345678", "4321" or "87654321", got "3412"`},
		{"long int", "\x04\x0b\x04" + "1234\x08\x08\x08\x08", ErrHeader, "storable: offset 7: not a Storable image: expected an int of 4 octets, got 8"},
		{"strange long", "\x04\x0b\x04" + "1234\x04\x05\x08\x08", ErrHeader, "storable: offset 8: not a Storable image: expected longs and pointers of 4 or 8 octets, got 5 and 8"},
		{"strange double", "\x04\x0b\x04" + "1234\x04\x04\x04\x09", ErrHeader, "storable: offset 10: not a Storable image: expected doubles of 8, 12 or 16 octets, got 9"},
		{"no sizes", "\x04\x0b\x04" + "1234\x04\x04\x04", ErrTruncated, "storable: offset 10: image ends too early: expected the size of a double, got the end"},
		{"future major", "\x07\x0b\x05", ErrHeader, "storable: offset 0: not a Storable image: expected major version 0 to 2, got 3"},
		{"trailing", "\x05\x0b\x05\x05", ErrTrailing, "storable: offset 3: octets after the end of the image: expected the end, got 1 more octets"},
		{"unknown tag", "\x05\x0b\x24", ErrTag, "storable: offset 2: unknown or misplaced tag: expected the tag of an object, got tag 36"},
		{"index", "\x05\x0b\x04\x00\x00\x00\x00\x01", ErrIndex, "storable: offset 4: reference to an object or class that was not seen: expected an index below 1, got 1"},
		{"huge index", "\x05\x0b\x04\x00\xff\xff\xff\xff", ErrIndex, ""},
		{"huge array", "\x05\x0b\x02\x7f\xff\xff\xff\x05", ErrCount, "storable: offset 7: impossible count: expected a count that 1 octets can hold, got 2147483647 elements"},
		{"negative array", "\x05\x0b\x02\xff\xff\xff\xff\x05", ErrCount, ""},
		{"huge hash", "\x05\x0b\x03\x00\x00\x00\x02\x05\x00\x00\x00\x00\x05\x00\x00\x00", ErrCount, ""},
		{"huge string", "\x05\x0b\x01\x7f\xff\xff\xff\x05", ErrTruncated, "storable: offset 7: image ends too early: expected 2147483647 octets of a string, got 1"},
		{"huge large string", "\x05\x0b\x21\x01\xff\xff\xff\xff\xff\xff\xff\xff\x05", ErrTruncated, ""},
		{"huge large array", "\x05\x0b\x21\x02\xff\xff\xff\xff\xff\xff\xff\xff\x05", ErrCount, ""},
		{"large what", "\x05\x0b\x21\x04", ErrTag, "storable: offset 3: unknown or misplaced tag: expected the tag of a large object, got SX_REF"},
		{"large index", "\x05\x0b\x21\x00\x00\x00\x00\x00\x00\x00\x00\x00", ErrIndex, ""},
		{"perl segfault", "\x05\x0b\x14\x08\x81", nil, ""},
		{"bless blessed", "\x05\x0b\x11\x01A\x11\x01B\x05", ErrTag, "storable: offset 5: unknown or misplaced tag: expected an object that can be blessed, got SX_BLESS"},
		{"bless a large index", "\x05\x0b\x02\x00\x00\x00\x02\x05\x11\x01A\x21\x00\x00\x00\x00\x00\x00\x00\x00\x01", ErrTag, ""},
		{"bless undef", "\x05\x0b\x11\x01A\x0e", ErrTag, ""},
		{"class 0", "\x05\x0b\x12\x00\x05", ErrIndex, "storable: offset 4: reference to an object or class that was not seen: expected one of the 0 classes seen, got class 0"},
		{"empty class", "\x05\x0b\x11\x00\x05", ErrCount, "storable: offset 4: impossible count: expected a class name, got an empty one"},
		{"huge class", "\x05\x0b\x11\x80\x7f\xff\xff\xff\x05", ErrTruncated, ""},
		{"element outside", "\x05\x0b\x04\x1f", ErrTag, "storable: offset 3: unknown or misplaced tag: expected the tag of an object, got SX_SVUNDEF_ELEM"},
		{"element in ref in array", "\x05\x0b\x02\x00\x00\x00\x01\x04\x1f", ErrTag, ""},
		{"element in hash in array", "\x05\x0b\x02\x00\x00\x00\x01\x03\x00\x00\x00\x01\x1f\x00\x00\x00\x00", ErrTag, ""},
		{"element in tie in array", "\x05\x0b\x02\x00\x00\x00\x01\x0b\x1f", ErrTag, ""},
		{"native integer", "\x05\x0b\x06\x00\x00\x00\x00\x00\x00\x00\x00", ErrTag, ""},
		{"native double", "\x05\x0b\x07\x00\x00\x00\x00\x00\x00\x00\x00", ErrTag, ""},
		{"duplicate key", "\x05\x0b\x03\x00\x00\x00\x02\x05\x00\x00\x00\x01k\x05\x00\x00\x00\x01k", ErrDuplicate, `storable: offset 14: duplicate hash key: expected a key not yet in the hash, got "k"`},
		{"key flags", "\x05\x0b\x19\x00\x00\x00\x00\x01\x05\x20\x00\x00\x00\x01k", ErrTag, "storable: offset 9: unknown or misplaced tag: expected key flags up to 0x1f, got 0x20"},
		{"key that is a ref", "\x05\x0b\x19\x00\x00\x00\x00\x01\x05\x08\x04\x05", ErrTag, "storable: offset 10: unknown or misplaced tag: expected a key that is a string, got reference"},
		{"v-string of an int", "\x05\x0b\x1d\x01\x31\x08\x81", ErrTag, "storable: offset 5: unknown or misplaced tag: expected a string with the value of a v-string, got SX_BYTE"},
		{"code of an int", "\x05\x0b\x1a\x08\x81", ErrTag, ""},
		{"regexp flags", "\x05\x0b\x20\x02\x00\x00", ErrTag, "storable: offset 3: unknown or misplaced tag: expected regexp flags 0 or 1, got 0x02"},
		{"hook extra", "\x05\x0b\x13\x03\x07\x01A\x00", ErrTag, "storable: offset 4: unknown or misplaced tag: expected a sort of tied variable, 4 to 6, got 7"},
		{"hook changes sort", "\x05\x0b\x13\x41\x05\x02\x01A\x00", ErrTag, "storable: offset 5: unknown or misplaced tag: expected hook flags of the same sort, got 0x02"},
		{"hook index", "\x05\x0b\x13\x82\x01A\x00\x01\x00\x00\x00\x05", ErrIndex, ""},
		{"hook list", "\x05\x0b\x13\x92\x01A\x00\x7f\xff\xff\xff\x00\x00\x00\x00", ErrCount, ""},
		{"hook long list", "\x05\x0b\x13\x92\x01A\x00\x80\x00\x00\x00\x00\x00\x00\x00", ErrCount, ""},
		{"hook class", "\x05\x0b\x13\x22\x00\x00", ErrIndex, ""},
		{"depth bomb", "\x05\x0b" + deep + "\x05", ErrLimit, "storable: offset 10003: MaxDepth is 10000, got 10001"},
		{"depth bomb of arrays", "\x05\x0b" + strings.Repeat("\x02\x00\x00\x00\x01", 20_000) + "\x05", ErrLimit, ""},
		{"depth bomb of hashes", "\x05\x0b" + strings.Repeat("\x03\x00\x00\x00\x01", 20_000) + "\x05", ErrLimit, ""},
		{"depth bomb of ties", "\x05\x0b" + strings.Repeat("\x0c", 20_000) + "\x05", ErrLimit, ""},
		{"depth bomb of hooks", "\x05\x0b" + strings.Repeat("\x13\x42", 20_000) + "\x05", ErrLimit, ""},
		{"depth bomb of keys", "\x05\x0b" + strings.Repeat("\x19\x00\x00\x00\x00\x01\x05\x08", 20_000) + "\x05", ErrLimit, ""},
		{"depth bomb of old refs", "\x03" + deep, ErrLimit, ""},
		{"old tag", "\x03\x11", ErrTag, ""},
		{"old end", "\x03\x05Y", ErrTag, `storable: offset 2: unknown or misplaced tag: expected a class or the end of an object, got 'Y'`},
		{"old index", "\x01\x00\x00\x00\x00\x00", ErrIndex, "storable: offset 5: reference to an object or class that was not seen: expected an address seen before, got 0x0"},
		{"old self index", "\x03\x00\x00\x00\x00\x00", ErrIndex, ""},
		{"old element", "\x01\x00\x00\x00\x00\x02\x00\x00\x00\x01x", ErrTag, ""},
		{"old value", "\x01\x00\x00\x00\x00\x03\x00\x00\x00\x01x\x00\x00\x00\x00", ErrTag, ""},
		{"old key", "\x01\x00\x00\x00\x00\x03\x00\x00\x00\x01Vx\x00\x00\x00", ErrTag, ""},
		{"old duplicate", "\x01\x00\x00\x00\x00\x03\x00\x00\x00\x02Vk\x00\x00\x00\x00Vk\x00\x00\x00\x00", ErrDuplicate, ""},
		{"old count", "\x03\x02\x7f\xff\xff\xff", ErrCount, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := Thaw([]byte(tt.image))
			if best := bestTime(tt.image); best > 100*time.Millisecond { // with room for a busy machine and the race detector
				t.Errorf("took %v", best)
			} else if best > time.Millisecond {
				t.Logf("took %v", best)
			}
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, %s, want %v", err, perl.Format(v, perl.FormatOptions{MaxWidth: 200}), tt.want)
			}
			if tt.text != "" && err.Error() != tt.text {
				t.Errorf("\n got %s\nwant %s", err, tt.text)
			}
			var e *Error
			var l *LimitError
			if err != nil && !errors.As(err, &e) && !errors.As(err, &l) {
				t.Errorf("got an error of type %T", err)
			}
		})
	}
}

// bestTime is the shortest of a few times that Thaw takes.
func bestTime(image string) time.Duration {
	best := time.Hour
	for i := 0; i < 20 && best > time.Millisecond/2; i++ {
		start := time.Now()
		_, _ = Thaw([]byte(image))
		best = min(best, time.Since(start))
	}
	return best
}

// TestTruncations cuts all golden images at every octet.
func TestTruncations(t *testing.T) {
	for _, g := range readGolden(t, "testdata/golden.txt") {
		for n := range g.image {
			if n > 3000 {
				break
			}
			if v, err := Thaw([]byte(g.image[:n])); err == nil {
				t.Errorf("%s cut to %d octets: got %s, want an error", g.name, n, perl.Format(v, perl.FormatOptions{MaxWidth: 200}))
			}
		}
	}
}

func decoderWith(t testing.TB, o ThawOptions) *Decoder {
	d, err := o.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestLimits has images just within and just beyond each limit.
func TestLimits(t *testing.T) {
	list := "\x05\x0b\x02\x00\x00\x00\x03\x05\x05\x05"
	most := int64(len(list) + perl.ValueSize + 3*(perl.ElemSize+perl.ValueSize))
	tests := []struct {
		name  string
		opt   ThawOptions
		image string
		want  string // "" for no error
	}{
		{"depth", ThawOptions{MaxDepth: 2}, "\x05\x0b\x04\x04\x05", ""},
		{"deeper", ThawOptions{MaxDepth: 2}, "\x05\x0b\x04\x04\x04\x05", "storable: offset 5: MaxDepth is 2, got 3"},
		{"elements", ThawOptions{MaxElements: 4}, list, ""},
		{"more elements", ThawOptions{MaxElements: 3}, list, "storable: offset 7: MaxElements is 3, got 4"},
		{"no elements", ThawOptions{MaxElements: 1}, "\x05\x0b\x04\x05", "storable: offset 3: MaxElements is 1, got 2"},
		{"old elements", ThawOptions{MaxElements: 1}, "\x03\x04\x05XX", "storable: offset 2: MaxElements is 1, got 2"},
		{"string", ThawOptions{MaxString: 3}, "\x05\x0b\x0a\x03abc", ""},
		{"longer string", ThawOptions{MaxString: 3}, "\x05\x0b\x0a\x04abcd", "storable: offset 4: MaxString is 3, got 4"},
		{"longer key", ThawOptions{MaxString: 3}, "\x05\x0b\x03\x00\x00\x00\x01\x05\x00\x00\x00\x04abcd", "storable: offset 12: MaxString is 3, got 4"},
		{"longer class", ThawOptions{MaxString: 3}, "\x05\x0b\x11\x04abcd\x05", "storable: offset 4: MaxString is 3, got 4"},
		{"alloc", ThawOptions{MaxAlloc: most}, list, ""},
		{"more alloc", ThawOptions{MaxAlloc: most - 1}, list, fmt.Sprintf("storable: offset 7: MaxAlloc is %d, got %d", most-1, most)},
		{"image", ThawOptions{MaxAlloc: 9}, list, "storable: offset 0: MaxAlloc is 9, got 10"},
		{"class", ThawOptions{Classes: []string{"A"}}, "\x05\x0b\x11\x01A\x05", ""},
		{"other class", ThawOptions{Classes: []string{"A"}}, "\x05\x0b\x11\x01B\x05", `storable: offset 4: forbidden by the options: expected an allowed class, got "B"`},
		{"no class", ThawOptions{Classes: []string{}}, "\x05\x0b\x13\x02\x01A\x00", `storable: offset 5: forbidden by the options: expected an allowed class, got "A"`},
		{"old class", ThawOptions{Classes: []string{}}, "\x03\x05b\x01AX", `storable: offset 4: forbidden by the options: expected an allowed class, got "A"`},
		{"code", ThawOptions{Code: Reject}, "\x05\x0b\x1a\x0a\x01x", "storable: offset 2: forbidden by the options: expected no code, got SX_CODE"},
		{"tied", ThawOptions{Tied: Reject}, "\x05\x0b\x0b\x05", "storable: offset 2: forbidden by the options: expected no tied variable, got SX_TIED_ARRAY"},
		{"old tied", ThawOptions{Tied: Reject}, "\x03\x0b\x05XX", "storable: offset 1: forbidden by the options: expected no tied variable, got SX_TIED_ARRAY"},
		{"hooks", ThawOptions{Hooks: Reject}, "\x05\x0b\x13\x02\x01A\x00", "storable: offset 2: forbidden by the options: expected no self-serialized object, got SX_HOOK"},
	}
	for _, tt := range tests {
		d := decoderWith(t, tt.opt)
		_, err := d.Thaw([]byte(tt.image))
		if got := fmt.Sprint(err); got != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestOptionErrors(t *testing.T) {
	for _, o := range []ThawOptions{{MaxDepth: -1}, {MaxDepth: LargestMaxDepth + 1},
		{MaxElements: -1}, {MaxString: -1}, {MaxAlloc: 1 << 60}, {Code: 2}, {Tied: 9}, {Hooks: 3}} {
		var oe *OptionError
		if _, err := o.Decoder(); !errors.As(err, &oe) || !strings.HasPrefix(err.Error(), "storable: option ") {
			t.Errorf("%+v: got %v", o, err)
		}
	}
	for _, o := range []FreezeOptions{{MaxDepth: -1}, {Minor: 3}, {Minor: 12}, {Minor: -1}, {Code: 2}, {Tied: 2}, {Hooks: 2},
		{Layout: Layout{IVSize: 4}}, {Layout: Layout{IVSize: 5, LongSize: 4, PtrSize: 4, NVSize: 8}},
		{Layout: Layout{IVSize: 8, LongSize: 8, PtrSize: 8, NVSize: 16}}, {Layout: Layout{BigEndian: true}}} {
		var oe *OptionError
		if _, err := o.Encoder(); !errors.As(err, &oe) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

// TestMemory thaws what takes the most memory for its size.
func TestMemory(t *testing.T) {
	const size = 1 << 20
	container := func(n int, body string) string {
		return "\x05\x0b\x02" + string(binary.BigEndian.AppendUint32(nil, uint32(n))) + strings.Repeat(body, n)
	}
	for name, image := range map[string]string{
		"undefs":       container(size, "\x05"),
		"holes":        container(size, "\x0e"),
		"empty arrays": container(size/5, "\x02\x00\x00\x00\x00"),
		"empty hashes": container(size/5, "\x03\x00\x00\x00\x00"),
		"refs":         container(size/2, "\x04\x05"),
		"small hashes": container(size/10, "\x03\x00\x00\x00\x01\x05\x00\x00\x00\x00"),
		"small arrays": container(size/6, "\x02\x00\x00\x00\x01\x05"),
		"v-strings":    container(size/4, "\x1d\x00\x0a\x00"),
		"regexps":      container(size/4, "\x20\x00\x00\x00"),
		"objects":      container(size/8, "\x11\x01A\x02\x00\x00\x00\x00"),
		"classes":      container(size/3, "\x12\x00\x05"),
		"ties":         container(size/2, "\x0c\x05"),
		"hooks":        container(size/5, "\x13\x02\x01A\x00"),
	} {
		if name == "classes" {
			image = "\x05\x0b\x02" + string(binary.BigEndian.AppendUint32(nil, size/3+1)) + "\x11\x01A\x05" + strings.Repeat("\x12\x00\x05", size/3)
		}
		perltest.Memory(t, name, []byte(image), func(image []byte) error { _, err := Thaw(image); return err })
	}
}

func TestFreezeErrors(t *testing.T) {
	deep := perl.NewInt(1)
	for range 20_000 {
		deep = perl.NewRef(deep)
	}
	deepArrays, deepHashes := perl.NewInt(1), perl.NewInt(1)
	for range 20_000 {
		deepArrays, deepHashes = perl.NewArray(deepArrays), perl.NewHash(perl.P("", deepHashes))
	}
	uni := perl.NewHash(perl.TextPair("☺", perl.NewInt(1)))
	tests := []struct {
		name string
		opt  FreezeOptions
		v    *perl.Value
		want string
	}{
		{"no reference", FreezeOptions{}, perl.NewInt(1), "storable: freezing, after 0 octets: cannot be written: expected a reference, got integer"},
		{"nil", FreezeOptions{}, nil, "storable: freezing, after 0 octets: cannot be written: expected a reference, got undef"},
		{"empty reference", FreezeOptions{}, perl.NewRef(perl.NewRef(nil)), "storable: freezing, after 2 octets: cannot be written: expected a reference to something, got a reference without a target"},
		{"depth", FreezeOptions{}, deep, "storable: offset 10002: MaxDepth is 10000, got 10001"},
		{"depth of arrays", FreezeOptions{}, perl.NewRef(deepArrays), "storable: offset 50002: MaxDepth is 10000, got 10001"},
		{"depth of hashes", FreezeOptions{}, perl.NewRef(deepHashes), "storable: offset 50002: MaxDepth is 10000, got 10001"},
		{"code", FreezeOptions{Code: Reject}, perl.NewRef(perl.NewCode("")), "storable: freezing, after 2 octets: forbidden by the options: expected no code, got code"},
		{"tied", FreezeOptions{Tied: Reject}, perl.NewRef(perl.NewTied(perl.TiedHash, nil)), "storable: freezing, after 2 octets: forbidden by the options: expected no tied variable, got tied"},
		{"hooks", FreezeOptions{Hooks: Reject}, perl.NewRef(perl.NewHooked("A", 0, "")), "storable: freezing, after 2 octets: forbidden by the options: expected no self-serialized object, got self-serialized object"},
		{"hook without", FreezeOptions{}, perl.NewRef(perl.NewHooked("A", 0, "", nil)), "storable: freezing, after 2 octets: cannot be written: expected a reference to something in the list of a self-serialized object, got nil"},
		{"hook with an error", FreezeOptions{}, perl.NewRef(perl.NewHooked("A", 0, "", perl.NewRef(nil))), "storable: freezing, after 4 octets: cannot be written: expected a reference to something, got a reference without a target"},
		{"error in an array", FreezeOptions{}, perl.NewRef(perl.NewArray(perl.NewRef(nil), nil)), "storable: freezing, after 7 octets: cannot be written: expected a reference to something, got a reference without a target"},
		{"error in a hash", FreezeOptions{}, perl.NewRef(perl.NewHash(perl.P("", perl.NewRef(nil)))), "storable: freezing, after 7 octets: cannot be written: expected a reference to something, got a reference without a target"},
		{"tied index", FreezeOptions{}, perl.NewRef(perl.NewTied(perl.TiedElement, perl.NewUndef()).SetTiedIndex(1 << 40)), "storable: freezing, after 4 octets: cannot be written: expected an index of 32 bits, got 1099511627776"},
		{"modifiers", FreezeOptions{}, perl.NewRef(perl.NewRegexp("", strings.Repeat("x", 256))), "storable: freezing, after 2 octets: cannot be written: expected a pattern below 2 GiB with up to 255 modifiers, got 0 octets with 256"},
		{"weak for 5.6", FreezeOptions{Minor: 6}, perl.NewRef(perl.NewRef(perl.NewUndef()).SetWeak()), "storable: freezing, after 2 octets: cannot be written: expected what minor version 6 has, got a weak reference, of minor version 7"},
		{"keys for 5.6", FreezeOptions{Minor: 4}, perl.NewRef(uni), "storable: freezing, after 2 octets: cannot be written: expected what minor version 4 has, got a hash with UTF-8 keys or locked, of minor version 5"},
		{"regexp for 5.26", FreezeOptions{Minor: 10}, perl.NewRef(perl.NewRegexp("", "")), "storable: freezing, after 2 octets: cannot be written: expected what minor version 10 has, got a regexp, of minor version 11"},
		{"v-string for 5.16", FreezeOptions{Minor: 8}, perl.NewRef(perl.NewVString("", "")), "storable: freezing, after 2 octets: cannot be written: expected what minor version 8 has, got a v-string, of minor version 9"},
		{"code for 5.8.0", FreezeOptions{Minor: 5}, perl.NewRef(perl.NewCode("")), "storable: freezing, after 2 octets: cannot be written: expected what minor version 5 has, got code, of minor version 6"},
		{"UTF-8 code for 5.8.8", FreezeOptions{Minor: 7}, perl.NewRef(perl.NewCode("☺").SetUTF8()), "storable: freezing, after 2 octets: cannot be written: expected what minor version 7 has, got code in UTF-8, of minor version 8"},
	}
	for _, tt := range tests {
		enc, err := tt.opt.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := enc.Freeze(tt.v); err == nil || err.Error() != tt.want {
			t.Errorf("%s:\n got %v\nwant %s", tt.name, err, tt.want)
		}
		if dst, err := enc.Append([]byte("before"), tt.v); err == nil || string(dst) != "before" {
			t.Errorf("%s: Append: got %q, %v", tt.name, dst, err)
		}
	}
}

// TestFreezeOptions freezes in other forms than the standard one.
func TestFreezeOptions(t *testing.T) {
	long := perl.NewRef(perl.NewInt(1 << 40))
	bools := perl.ArrayRef(perl.NewBool(true), perl.NewBool(false), nil, perl.NewUndef().SetImmortal())
	hash := perl.HashRef(perl.P("b", nil), perl.TextPair("é", nil), perl.TextPair("☺", nil), perl.P("a", nil))
	tests := []struct {
		opt  FreezeOptions
		v    *perl.Value
		want string
	}{
		{FreezeOptions{Booleans: true}, bools, "\x05\x0b\x02\x00\x00\x00\x04\x22\x23\x0e\x1f"},
		{FreezeOptions{Minor: 9}, bools, "\x05\x09\x02\x00\x00\x00\x04\x0a\x011\x0a\x00\x0e\x0e"},
		{FreezeOptions{File: true}, bools, "pst0\x05\x0b\x02\x00\x00\x00\x04\x0a\x011\x0a\x00\x0e\x1f"},
		{FreezeOptions{Layout: I386}, long, "\x04\x0b\x041234\x04\x04\x04\x08\x0a\x0d1099511627776"},
		{FreezeOptions{Layout: I386}, perl.NewRef(perl.NewDouble(1 << 40)), "\x04\x0b\x041234\x04\x04\x04\x08\x07\x00\x00\x00\x00\x00\x00\x70\x42"},
		{FreezeOptions{Layout: I386}, perl.NewRef(perl.NewDouble(1000)), "\x04\x0b\x041234\x04\x04\x04\x08\x06\xe8\x03\x00\x00"},
		{FreezeOptions{Layout: PowerPC}, perl.NewRef(perl.NewDouble(1000)), "\x04\x0b\x044321\x04\x04\x04\x08\x06\x00\x00\x03\xe8"},
		{FreezeOptions{Layout: S390X}, long, "\x04\x0b\x0887654321\x04\x08\x08\x08\x06\x00\x00\x01\x00\x00\x00\x00\x00"},
		{FreezeOptions{Layout: Windows64, File: true}, long, "pst0\x04\x0b\x0812345678\x04\x04\x08\x08\x06\x00\x00\x00\x00\x00\x01\x00\x00"},
		{FreezeOptions{Canonical: true}, hash, "\x05\x0b\x19\x00\x00\x00\x00\x04\x05\x00\x00\x00\x00\x01a\x05\x00\x00\x00\x00\x01b\x05\x02\x00\x00\x00\x01\xe9\x05\x01\x00\x00\x00\x03☺"},
		{FreezeOptions{}, perl.NewRef(perl.NewHash(perl.Pair{Key: "a", Flags: perl.KeyLocked})), "\x05\x0b\x03\x00\x00\x00\x01\x05\x00\x00\x00\x01a"},
	}
	for _, tt := range tests {
		enc, err := tt.opt.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		got, err := enc.Freeze(tt.v)
		if err != nil || string(got) != tt.want {
			t.Errorf("%+v: %s:\n got %x, %v\nwant %x", tt.opt, perl.Format(tt.v, perl.FormatOptions{}), got, err, tt.want)
		}
		got, err = enc.Append([]byte("before"), tt.v)
		if err != nil || string(got) != "before"+tt.want {
			t.Errorf("%+v: Append: got %x, %v", tt.opt, got, err)
		}
	}
}

func TestPerl56(t *testing.T) {
	image := []byte("\x04\x04\x041234\x04\x04\x04\x08\x06\x00\xe4\x0b\x54\x02\x00\x00\x00")
	v, err := decoderWith(t, ThawOptions{Perl56: true}).Thaw(image)
	if err != nil || v.Target().Int() != 10_000_000_000 {
		t.Errorf("got %v, %v", v, err)
	}
	if _, err := Thaw(image); !errors.Is(err, ErrTrailing) {
		t.Errorf("without the option: got %v", err)
	}
}

func TestSerializer(t *testing.T) {
	enc, err := FreezeOptions{File: true}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []Serializer{{}, {decoderWith(t, ThawOptions{Alias: true}), enc}} {
		image, err := s.Freeze(perl.ArrayRef(perl.NewInt(1)))
		if err != nil || s.Name() != "Storable" {
			t.Fatal(err)
		}
		v, err := s.Thaw(image)
		if err != nil || !perl.Equal(v, perl.ArrayRef(perl.NewInt(1))) {
			t.Errorf("got %v, %v", v, err)
		}
	}
}

// TestLarge has tables that grow, buffers that go to the caller and strings that do.
func TestLarge(t *testing.T) {
	list := perl.NewArray()
	for i := range 100_000 {
		list.Append(perl.NewRef(perl.NewInt(int64(i))))
	}
	for i := range 1000 {
		list.Append(perl.NewRef(list.Elems()[i*7].Target()))
	}
	list.Append(perl.NewBytes(strings.Repeat("x", 1<<18)), perl.NewBytes(strings.Repeat("y", 1<<23)), perl.NewInt(1))
	hash := perl.NewHash()
	for i := range 1000 {
		hash.AppendPair(perl.P(fmt.Sprint(i), perl.NewInt(int64(i))))
	}
	list.Append(perl.NewRef(hash))
	for range 3 {
		image, err := Freeze(perl.NewRef(list))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Thaw(image)
		if err != nil {
			t.Fatal(err)
		}
		if d := perl.Diff(perl.NewRef(list), v); d != "" {
			t.Error(d)
		}
	}
	hash.AppendPair(perl.P("7", nil))
	image, err := Freeze(perl.NewRef(hash))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Thaw(image); !errors.Is(err, ErrDuplicate) {
		t.Errorf("duplicate among many: got %v", err)
	}
}
