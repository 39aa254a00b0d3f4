package storable

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// generator makes random Perl structures of everything that Perl can build and Storable carries.
type generator struct {
	*rand.Rand
	room    int           // values left
	all     []*perl.Value // what references may share
	anchors []*perl.Value // containers finished, held strongly: what weak references may point at
}

// generate makes the structure of a seed: a reference to its root.
func generate(seed uint64) *perl.Value {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0x5704ab1e))}
	g.room = 1 + g.IntN(1<<(1+g.IntN(6)))
	root := g.target(0)
	for _, v := range g.all {
		if v.Kind() == perl.Ref && strings.HasPrefix(v.Target().Class(), "Ov") {
			v.SetOverloaded()
		}
	}
	return perl.NewRef(root)
}

func (g *generator) keep(v *perl.Value) *perl.Value {
	g.all = append(g.all, v)
	return v
}

var classNames = []string{"A", "Some::Class", "Ov", "Ov::Two", "C127" + string(make62(123)), "C300" + string(make62(296))}

func make62(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

// class blesses v, now and then.
func (g *generator) class(v *perl.Value) *perl.Value {
	if g.IntN(5) == 0 {
		v.Bless(classNames[min(g.IntN(12), g.IntN(len(classNames)))%len(classNames)])
	}
	return v
}

// target makes what a reference can point at.
func (g *generator) target(depth int) *perl.Value {
	if len(g.all) > 0 && g.IntN(8) == 0 {
		return g.all[g.IntN(len(g.all))]
	}
	if depth > 12 {
		return g.scalar(depth)
	}
	switch n := g.IntN(40); {
	case n < 15:
		return g.array(depth)
	case n < 29:
		return g.hash(depth)
	case n < 35:
		return g.class(g.scalar(depth))
	case n == 35:
		return g.keep(perl.NewCode(fmt.Sprintf("{\n    %d;\n}", g.IntN(1000))))
	case n == 36:
		class := "Regexp"
		if g.IntN(3) == 0 {
			class = "Some::Regexp"
		}
		return g.keep(perl.NewRegexp(g.pattern(), []string{"", "i", "msix", "x", "aa", "n"}[g.IntN(6)]).Bless(class))
	case n == 37:
		return g.immortal()
	case n == 38:
		return g.hooked(depth)
	}
	return g.tied(depth, 1+perl.TiedKind(g.IntN(2)))
}

func (g *generator) pattern() string {
	p := []string{"", "a.b", "[\\w-]+", "(?:x|y)*", "\\d{3}"}[g.IntN(5)]
	if g.IntN(6) == 0 {
		p += "z{1,3}" + string(make62(250+g.IntN(10)))
	}
	return p
}

func (g *generator) immortal() *perl.Value {
	switch g.IntN(3) {
	case 0:
		return perl.NewUndef().SetImmortal()
	case 1:
		return perl.NewBool(true).SetImmortal()
	}
	return perl.NewBool(false).SetImmortal()
}

func (g *generator) hooked(depth int) *perl.Value {
	v := perl.NewHooked([]string{"Hook", "Hook::Two"}[g.IntN(2)], perl.HookArray+perl.HookType(g.IntN(2)), g.octets())
	g.keep(v)
	var refs []*perl.Value
	for range g.IntN(4) {
		if r := g.target(depth + 1); !r.Immortal() {
			refs = append(refs, r)
		}
	}
	return v.SetHooked(v.Class(), v.Str(), refs)
}

func (g *generator) tied(depth int, kind perl.TiedKind) *perl.Value {
	v := g.keep(perl.NewTied(kind, nil))
	v.SetTarget(perl.NewRef(g.keep(perl.HashRef(perl.P("n", g.scalar(depth+1)))).Target().Bless("Tie")))
	return v
}

func (g *generator) array(depth int) *perl.Value {
	v := g.keep(g.class(perl.NewArray()))
	n := g.size()
	elems := make([]*perl.Value, 0, n)
	for i := range n {
		switch k := g.IntN(40); {
		case k == 0 && i < n-1: // a hole at the end would be there by $#a only, which is fine, too
			elems = append(elems, nil)
		case k == 1:
			elems = append(elems, nil)
		case k == 2:
			elems = append(elems, perl.NewUndef().SetImmortal())
		default:
			elems = append(elems, g.scalar(depth+1))
		}
	}
	v.Append(elems...)
	g.anchors = append(g.anchors, v)
	return v
}

func (g *generator) size() int {
	n := min(g.room, g.IntN(1+g.IntN(8)))
	g.room -= n
	return n
}

func (g *generator) hash(depth int) *perl.Value {
	v := g.keep(g.class(perl.NewHash()))
	restricted := g.IntN(12) == 0
	used := map[string]bool{}
	for range g.size() {
		p := g.key()
		if used[p.Name()] {
			continue
		}
		used[p.Name()] = true
		switch {
		case restricted && g.IntN(4) == 0:
			p.Flags |= perl.KeyPlaceholder | perl.KeyLocked
		case restricted && g.IntN(2) == 0:
			p.Flags |= perl.KeyLocked
			p.Value = g.plain()
		default:
			p.Value = g.scalar(depth + 1)
		}
		v.AppendPair(p)
	}
	if restricted && len(v.Pairs()) > 0 { // an empty one comes back unlocked
		v.SetRestricted()
	}
	g.anchors = append(g.anchors, v)
	return v
}

func (g *generator) key() perl.Pair {
	switch g.IntN(10) {
	case 0:
		return perl.TextPair(g.text(), nil)
	case 1:
		return perl.P(g.octets(), nil)
	case 2:
		return perl.P("", nil)
	}
	return perl.P(fmt.Sprint([]string{"", "k", "key", "a long key ", "-"}[g.IntN(5)], g.IntN(100)), nil)
}

// scalar makes what an element can hold.
func (g *generator) scalar(depth int) *perl.Value {
	switch n := g.IntN(30); {
	case n < 11 && depth < 14:
		r := g.keep(perl.NewRef(nil))
		if len(g.anchors) > 0 && g.IntN(10) == 0 {
			r.SetTarget(g.anchors[g.IntN(len(g.anchors))]).SetWeak()
		} else {
			r.SetTarget(g.target(depth + 1))
		}
		return r
	case n == 11:
		return g.tied(depth, perl.TiedScalar)
	case n == 12:
		return g.keep([]*perl.Value{perl.NewVString("\x01\x16\x07", "v1.22.7"), perl.NewVString("A\u014d", "v65.333").SetUTF8(), perl.NewVString("AB", "65.66.0")}[g.IntN(2)])
	}
	return g.keep(g.plain())
}

func (g *generator) plain() *perl.Value {
	switch g.IntN(8) {
	case 0:
		return perl.NewUndef()
	case 1:
		return perl.NewInt(int64(g.IntN(300)) - 150)
	case 2:
		return g.integer()
	case 3:
		return perl.NewDouble(g.double())
	case 4:
		return perl.NewText(g.text())
	case 5:
		return perl.NewBool(g.IntN(2) == 0)
	}
	return perl.NewBytes(g.octets())
}

func (g *generator) integer() *perl.Value {
	edges := []int64{0, 127, 128, -128, -129, math.MaxInt32, math.MaxInt32 + 1,
		math.MinInt32, math.MinInt32 - 1, math.MaxInt64, math.MinInt64 + 1, 1 << 53}
	switch g.IntN(4) {
	case 0:
		return perl.NewInt(edges[g.IntN(len(edges))])
	case 1:
		return perl.NewUint(g.Uint64())
	}
	return perl.NewInt(int64(g.Uint64()) >> g.IntN(64))
}

func (g *generator) double() float64 {
	edges := []float64{0, 1, -1, 0.1, 1.5, 1e15, 1e16, 1 << 53, 1<<53 - 1, -1 << 53, 1e20, 1e300,
		5e-324, math.Inf(1), math.Inf(-1), math.Float64frombits(0x7ff8000000000000), math.Copysign(0, -1),
		math.MaxFloat64, 2147483648, 4294967296.5, 9223372036854775808, 123456789012345680}
	switch g.IntN(4) {
	case 0:
		return edges[g.IntN(len(edges))]
	case 1:
		if f := math.Float64frombits(g.Uint64()); !math.IsNaN(f) {
			return f
		}
		return math.Float64frombits(0x7ff8000000000000) // the NaN of peer.pl
	case 2:
		return math.Trunc(g.NormFloat64() * 1e6)
	}
	return g.NormFloat64() * math.Pow(10, float64(g.IntN(40)-20))
}

func (g *generator) length() int {
	switch g.IntN(12) {
	case 0:
		return 0
	case 1:
		return 250 + g.IntN(12)
	}
	return g.IntN(20)
}

func (g *generator) octets() string {
	b := make([]byte, g.length())
	anything := g.IntN(3) == 0
	for i := range b {
		if b[i] = byte(g.Uint32()); !anything {
			b[i] = ' ' + b[i]%95
		}
	}
	return string(b)
}

// text makes a string of characters; empty text loses its UTF-8 flag in Perl's thaw.
func (g *generator) text() string {
	r := make([]rune, 1+g.length()/2)
	for i := range r {
		r[i] = []rune{'a' + rune(g.IntN(26)), 0xa0 + rune(g.IntN(0x60)), 0x263a, 0x1f600 + rune(g.IntN(64)), 0x100}[g.IntN(5)]
	}
	return string(r)
}
