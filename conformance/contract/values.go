package contract

import (
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// EchoValues are values of every kind that a conforming kernel hands back unchanged.
func EchoValues() []*perl.Value {
	b := perl.NewBytes
	shared := perl.ArrayRef(b("shared"))
	shared2 := perl.NewRef(shared.Target())
	loop := perl.NewHash()
	loop.Set("self", perl.NewRef(loop))
	return []*perl.Value{
		perl.NewInt(42),
		perl.NewInt(-7),
		perl.NewInt(1 << 40),
		perl.NewInt(-1 << 40),
		perl.NewUint(1<<64 - 1),
		perl.NewDouble(0.1),
		perl.NewDouble(-1.5e300),
		b("a string of octets"),
		b("\x00\x01\xfe\xff"),
		perl.NewText("Grüße, 世界"),
		b(strings.Repeat("long ", 100)),
		perl.ArrayRef(perl.NewInt(1), perl.NewUndef(), b("three")),
		perl.HashRef(perl.P("key", b("value")), perl.P("none", perl.NewUndef())),
		perl.HashRef(perl.Pair{Key: "schlüssel ☃", Flags: perl.KeyUTF8, Value: perl.NewInt(1)}),
		perl.NewRef(b("by reference")),
		perl.NewRef(perl.NewRef(b("twice"))),
		perl.NewRef(perl.NewHash(perl.P("name", b("x"))).Bless("My::Class")),
		perl.ArrayRef(shared, shared2),
		perl.NewRef(loop),
		perl.ArrayRef(b(""), perl.ArrayRef(), perl.HashRef()),
		b("it's \"$quoted\" @{here} \\ and\r\nthere's a tab\t\\"),
		b("007"),
		b(strings.Repeat("0123456789abcdef", 4<<10)),
		perl.ArrayRef(many(300)...),
		perl.HashRef(perl.P("", b("empty key"))),
		nested(20),
		nested(100),
		perl.NewText("Größe"),
		perl.NewText("𝄞 and 😀"),
		perl.ArrayRef(perl.NewText("Grüße, 世界"), perl.HashRef(perl.P("in a hash", perl.NewText("雪")))),
		b("a line\n"),
		perl.NewText("eine Zeile für dich\n"),
		perl.HashRef(perl.P("Key", b("capital")), perl.P("KEY", b("capitals")), perl.P("key", b("none"))),
		perl.HashRef(perl.P(strings.Repeat("long key ", 40), b("value"))),
		perl.HashRef(numbered(300)...),
		perl.HashRef(perl.P("☃", b("octets")), perl.Pair{Key: "☃", Flags: perl.KeyUTF8, Value: b("a character")}),
		perl.HashRef(perl.Pair{Key: "gr\xfcn", Flags: perl.KeyWasUTF8, Value: b("fits Latin-1")}),
		perl.ArrayRef(many(1200)...),
		perl.ArrayRef(integers(0, -1, 127, 128, -128, -129, 255, 256, 1<<15, 1<<16, 1<<31-1, -1<<31)...),
		perl.ArrayRef(integers(1<<31, 1<<32-1, 1<<32, 1<<53-1)...),
		perl.ArrayRef(integers(-1<<31-1, -1<<32+1, -1<<32, -1<<53+1)...),
		perl.ArrayRef(integers(1<<53, 1<<53+1, 1<<63-1)...),
		perl.ArrayRef(integers(-1<<53, -1<<53-1, -1<<63)...),
		perl.NewRef(perl.NewArray(b("in a list"), perl.NewInt(2)).Bless("My::List")),
		perl.NewRef(b("a scalar").Bless("My::Scalar")),
		perl.ArrayRef(perl.NewRef(b("in an array")), perl.HashRef(perl.P("ref", perl.NewRef(perl.NewInt(7))))),
		perl.NewRef(perl.NewHash(perl.P("name", b("x"))).Bless("My::Gr\xfc\xdfe")),
		LargeValue(),
	}
}

// LargeValue is the largest of the EchoValues.
func LargeValue() *perl.Value { return perl.NewBytes(strings.Repeat("0123456789abcdef", 64<<10)) }

// Carried are the EchoValues that a serializer is able to carry from Perl to Perl.
func Carried(by wire.Serializer) (list []*perl.Value) {
	for _, v := range EchoValues() {
		// What others than Storable make of characters that fit Latin-1 is octets, or worse.
		if by.Name() != wire.DefaultSerializer && walk.Contains(v, fitsLatin1) {
			continue
		}
		if _, err := by.Freeze(perl.NewRef(v)); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// fitsLatin1 tells whether a value is a UTF-8 string, or a hash with a UTF-8 key, of characters
// that octets could stand for.
func fitsLatin1(v *perl.Value) bool {
	fits := func(s string) bool {
		octets, ok := perl.ToLatin1(s)
		return ok && len(octets) < len(s)
	}
	return v.Kind() == perl.Text && fits(v.Str()) || slices.ContainsFunc(v.Pairs(), func(p perl.Pair) bool {
		return p.Flags&perl.KeyWasUTF8 != 0 || p.Flags&perl.KeyUTF8 != 0 && fits(p.Key)
	})
}

// Held are those values of which all integers have so many bits, signed or unsigned, 64 if 0: what
// a driver can be asked to send, whatever its Perl can hold.
func Held(values []*perl.Value, bits int) []*perl.Value {
	if bits == 0 {
		bits = 64
	}
	tooLarge := func(v *perl.Value) bool {
		switch v.Kind() {
		case perl.Int:
			n := v.Int()
			return n < -1<<(bits-1) || n > 0 && bits < 64 && n >= 1<<bits
		case perl.Uint:
			return bits < 64 && v.Uint() >= 1<<bits
		}
		return false
	}
	return slices.DeleteFunc(slices.Clone(values), func(v *perl.Value) bool { return walk.Contains(v, tooLarge) })
}

// many are as many integers.
func many(n int) (list []*perl.Value) {
	for i := range n {
		list = append(list, perl.NewInt(int64(i)))
	}
	return list
}

// numbered are as many pairs.
func numbered(n int) (list []perl.Pair) {
	for i := range n {
		list = append(list, perl.P("key "+strconv.Itoa(i), perl.NewInt(int64(i))))
	}
	return list
}

func integers(numbers ...int64) (list []*perl.Value) {
	for _, n := range numbers {
		list = append(list, perl.NewInt(n))
	}
	return list
}

// nested is an array in an array in an array.
func nested(levels int) *perl.Value {
	v := perl.NewBytes("the bottom")
	for range levels {
		v = perl.ArrayRef(v)
	}
	return v
}
