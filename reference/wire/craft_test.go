package wire_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// crafter makes images in one format that take much for their size, or promise much.
type crafter struct {
	by    wire.Serializer
	atoms []string                           // values without members, the cheapest to send of their kinds
	wraps []func(inner string) string        // values with one member
	list  func(members []string) string      // a reference to an array
	hash  func(values []string) string       // a reference to a hash with as many different keys
	claim []func(n int) string               // the beginning of a container that promises n members
	image func(body string) string           // of a message with such params
	extra []func(r *rand.Rand, n int) string // images of about n octets of kinds that only this format has
}

func u32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func storableCrafter() *crafter {
	const array, hash, ref, undef = "\x02", "\x03", "\x04", "\x05"
	key := func(s string) string { return u32(len(s)) + s }
	c := &crafter{by: storable.Serializer{}}
	c.atoms = []string{undef, "\x0e", "\x08\x00", "\x0a\x00", "\x17\x00", "\x0f", "\x20\x00\x00\x00", "\x1d\x00\x0a\x00", "\x1a\x0a\x00",
		"\x12\x00" + undef, "\x13\x22\x00\x00", "\x13\xa2\x00\x00\x01" + u32(0), "\x00" + u32(1), "\x04\x02" + u32(0), "\x04\x03" + u32(0),
		"\x04\x05", "\x0c\x05", "\x15\x05\x05", "\x16\x05" + u32(1), "\x12\x00\x02" + u32(0)}
	for _, before := range []string{ref, "\x1b", "\x0c", "\x12\x00" + ref, ref + "\x12\x00\x02" + u32(1), "\x15" + undef} {
		c.wraps = append(c.wraps, func(inner string) string { return before + inner })
	}
	c.wraps = append(c.wraps, func(inner string) string { return "\x15" + inner + inner })
	c.list = func(members []string) string { return ref + array + u32(len(members)) + strings.Join(members, "") }
	c.hash = func(values []string) string {
		b := ref + hash + u32(len(values))
		for i, v := range values {
			b += v + key(short(i))
		}
		return b
	}
	for _, before := range []string{array, hash, ref + array, ref + hash, "\x19\x00", ref + "\x19\x01", "\x12\x00" + array} {
		c.claim = append(c.claim, func(n int) string { return before + u32(n) })
	}
	c.claim = append(c.claim, func(n int) string { return array + u32(n) + "\x13\x32\x00\x00" })
	c.image = func(body string) string {
		params := ref + array + u32(2) + "\x11\x01A\x05" + body
		if !strings.ContainsAny(body, "\x12\x13") { // no classes
			params = body
		}
		return "\x05\x0b\x03" + u32(2) + "\x0a\x0bpoe://K/s/x" + key("event") + params + key("params")
	}
	c.extra = []func(*rand.Rand, int) string{
		func(r *rand.Rand, n int) string { // deep
			levels := min(n, 9900)
			return "\x05\x0b" + strings.Repeat([]string{ref, "\x02" + u32(1), "\x0c"}[r.IntN(3)], levels) + undef
		},
		func(_ *rand.Rand, n int) string { // objects with keys and values of Perl's own
			b := "\x05\x0b\x19\x00" + u32(n/4)
			for i := range n / 4 {
				b += undef + "\x08" + "\x08" + string([]byte{byte(i)})
			}
			return b
		},
		func(_ *rand.Rand, n int) string {
			return "\x03" + strings.Repeat("\x02"+"\x00\x00\x00\x01", 3) + strings.Repeat("\x05X", n/2)
		},
		func(_ *rand.Rand, n int) string { // one string in very many places
			s := min(n/2, 1<<14)
			return "\x05\x0b\x02" + u32(1+n/10) + "\x01" + u32(s) + strings.Repeat("s", s) + strings.Repeat("\x00"+u32(1), n/10)
		},
	}
	return c
}

// short are keys, the shortest first.
func short(i int) string {
	s := ""
	for ; i > 0; i /= 90 {
		s += string(rune('!' + i%90))
	}
	return strings.NewReplacer("'", "~", `\`, "}").Replace(s)
}

func freezethawCrafter() *crafter {
	str := func(s string) string { return fmt.Sprintf("$%d|%s", len(s), s) }
	c := &crafter{by: freezethaw.Serializer{}}
	c.atoms = []string{"_", "$0|", "$1|1", "@0|", "%0|", `\_`, "/0|", ">)0|@0|", `>)0|\_`}
	c.wraps = []func(string) string{
		func(inner string) string { return `\` + inner },
		func(inner string) string { return `>)0|\` + inner },
		func(inner string) string { return "@1|" + inner },
	}
	c.list = func(members []string) string { return fmt.Sprintf("@%d|", len(members)) + strings.Join(members, "") }
	c.hash = func(values []string) string {
		b := fmt.Sprintf("%%%d|", 2*len(values))
		for i := range values {
			b += str(short(i))
		}
		return b + strings.Join(values, "")
	}
	c.claim = []func(int) string{
		func(n int) string { return fmt.Sprintf("@%d|", n) },
		func(n int) string { return fmt.Sprintf("%%%d|", n&^1) },
		func(n int) string { return fmt.Sprintf(`\@%d|`, n) },
	}
	c.image = func(body string) string {
		return "FrT;@1|%4|" + str("event") + str("params") + str("poe://K/s/x") + "@2|>>0|$1|A@0|" + body
	}
	c.extra = []func(*rand.Rand, int) string{
		func(_ *rand.Rand, n int) string { return "FrT;@1|" + strings.Repeat(`\`, min(n, 9900)) + "_" },
		func(r *rand.Rand, n int) string { // what is shared
			thing := []string{"/0|", `\_`, "@0|", "%0|"}[r.IntN(4)]
			n /= 2 * len(thing)
			return fmt.Sprintf("FrT;!%d|", n-1) + strings.Repeat(thing, 2*n) + "@1|<0|"
		},
		func(_ *rand.Rand, n int) string { return fmt.Sprintf("FrT;!%d|%s", n/4, strings.Repeat(`\_`, n/2)) },
		func(_ *rand.Rand, n int) string { // classes
			b := fmt.Sprintf("FrT;@1|@%d|", n/10)
			for i := range n / 10 {
				b += fmt.Sprintf(`>>%d|$1|A\_`, i%10000)
			}
			return b
		},
	}
	return c
}

func dumperCrafter() *crafter {
	codec, err := dumper.Options{Variable: "$V"}.Codec()
	if err != nil {
		panic(err)
	}
	c := &crafter{by: dumper.Serializer{Codec: codec}}
	c.atoms = []string{"undef", "1", "''", "[]", "{}", `\1`, "qr//", "bless([],'A')", "v1", "1.1.1", "do{my $o}", `sub{"D"}`, `"\x{263a}"`, `'\''`}
	c.wraps = []func(string) string{
		func(inner string) string { return `\` + inner },
		func(inner string) string { return "[" + inner + "]" },
		func(inner string) string { return `bless(\` + inner + ",'A')" },
		func(inner string) string { return `do{\(my $o=` + inner + ")}" },
	}
	c.list = func(members []string) string { return "[" + strings.Join(members, ",") + "]" }
	c.hash = func(values []string) string {
		b := "{"
		for i, v := range values {
			b += "'" + short(i) + "'=>" + v + ","
		}
		return b + "}"
	}
	c.claim = []func(int) string{
		func(int) string { return "[" }, func(int) string { return "{''=>" }, func(int) string { return `\` }, func(int) string { return "bless([" },
	}
	c.image = func(body string) string { return "$V={'event'=>'poe://K/s/x','params'=>[" + body + "]};" }
	c.extra = []func(*rand.Rand, int) string{
		func(r *rand.Rand, n int) string { // assignments
			s := []string{"$V->[0]=$V;", "$V->[0]=[$V->[1],$V->[1]];", "$V->[0]=$V->[1];", `${\$V->[0]}=qr//;`, `$V->[0]=bless(\$V->[0],'A');`}[r.IntN(5)]
			return "$V=[1,v1,1];" + strings.Repeat(s, n/len(s))
		},
		func(_ *rand.Rand, n int) string { // places in a large hash
			b := "$V={"
			for i := range n / 24 {
				b += fmt.Sprintf("'%d'=>1,", i)
			}
			b += "};"
			for i := range n / 24 {
				b += fmt.Sprintf("$V->{'%d'}=1;", i)
			}
			return b
		},
		func(_ *rand.Rand, n int) string {
			return "$V=" + strings.Repeat("[", min(n, 4900)) + strings.Repeat("]", min(n, 4900)) + ";"
		},
		func(_ *rand.Rand, n int) string { // one string in very many places
			return "$V=['" + strings.Repeat("s", n/2) + "',1];$V->[1]=[" + strings.Repeat("$V->[0],", n/20) + "];"
		},
		func(r *rand.Rand, n int) string {
			return `$V=["` + strings.Repeat([]string{`\x{263a}`, `\n`, "\xe9", `\x{e9}`}[r.IntN(4)], n/8) + `"];`
		},
	}
	return c
}

// craft makes an image of about size octets.
func (c *crafter) craft(r *rand.Rand, size int) string {
	switch r.IntN(5) {
	case 0:
		return c.extra[r.IntN(len(c.extra))](r, size)
	case 1:
		return c.promises(r, size)
	case 2: // very many of a few sorts
		few := make([]string, 1+r.IntN(3))
		for i := range few {
			few[i] = c.value(r, r.IntN(24))
		}
		var all []string
		for n := 0; n < size; n += len(all[len(all)-1]) {
			all = append(all, few[len(all)%len(few)])
		}
		if r.IntN(3) == 0 {
			return c.image(c.hash(all[:min(len(all), 20_000)]))
		}
		return c.image(c.list(all))
	case 3: // many of very many sorts
		var all []string
		for n := 0; n < size; n += len(all[len(all)-1]) {
			all = append(all, c.value(r, r.IntN(100)))
		}
		return c.image(c.list(all))
	}
	return c.image(c.value(r, size))
}

// value makes a value of about size octets.
func (c *crafter) value(r *rand.Rand, size int) string {
	switch {
	case size < 6:
		return c.atoms[r.IntN(len(c.atoms))]
	case r.IntN(4) == 0 && size < 1000:
		return c.wraps[r.IntN(len(c.wraps))](c.value(r, size-2))
	}
	n := 1 + r.IntN(12)
	members := make([]string, n)
	for i := range members {
		members[i] = c.value(r, (size-6)/n)
	}
	if r.IntN(2) == 0 {
		return c.hash(members)
	}
	return c.list(members)
}

// promises makes containers in containers that promise as much as they could have, or somewhat less
// or more.
func (c *crafter) promises(r *rand.Rand, size int) string {
	begin := c.claim[r.IntN(len(c.claim))]
	least := []int{1, 2, 3, 5}[r.IntN(4)]
	less := []int{0, 0, 1, 100}[r.IntN(4)]
	levels := 1 + r.IntN(min(5000, 1+size/2))
	var b strings.Builder
	for range levels {
		rest := size - b.Len()
		if rest <= 0 {
			break
		}
		b.WriteString(begin(max(rest/least-less, 0)))
		if r.IntN(8) == 0 {
			begin = c.claim[r.IntN(len(c.claim))]
		}
	}
	atom := c.atoms[r.IntN(len(c.atoms))]
	b.WriteString(strings.Repeat(atom, max(size-b.Len(), 0)/len(atom)))
	return c.image(b.String())
}
