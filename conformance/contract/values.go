package contract

import (
	"strings"

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
	}
}

// Carried are the EchoValues that a serializer is able to write.
func Carried(by wire.Serializer) (list []*perl.Value) {
	for _, v := range EchoValues() {
		if _, err := by.Freeze(perl.NewRef(v)); err == nil {
			list = append(list, v)
		}
	}
	return list
}

// many are as many integers.
func many(n int) (list []*perl.Value) {
	for i := range n {
		list = append(list, perl.NewInt(int64(i)))
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
