package perl

import (
	"fmt"
	"math"
	"strconv"
)

// Equal tells whether a and b are the same data: kinds, payloads, classes, weak references, holes
// and the flags of hash keys agree, hashes taken as sets; and wherever one of them shares a
// variable or runs in a circle, so does the other. NaNs are equal to each other, 0 and -0 are not.
// What Perl derives is not compared: whether a class overloads, which undef is the immortal one,
// and whether a Latin-1 key once was UTF-8.
func Equal(a, b *Value) bool { return EqualFunc(a, b, nil) }

// EqualFunc is Equal, but two values of different kinds are equal if same says so, which is asked
// about such only and may be nil.
func EqualFunc(a, b *Value, same func(a, b *Value) bool) bool {
	_, _, _, differ := compare(a, b, false, same)
	return !differ
}

// Diff says where a and b first differ and how, as in
//
//	$VAR1->{list}[2]: integer 3, other has integer 4
//
// or returns "" if they are equal as of Equal.
func Diff(a, b *Value) string {
	at, v, why, differ := compare(a, b, true, nil)
	if !differ {
		return ""
	}
	return at.String(v) + ": " + why
}

// twins is a pair of values that must be equal.
type twins struct {
	a, b *Value
	at   *place
}

// compare walks both trees in step, without recursion.
func compare(a, b *Value, places bool, same func(a, b *Value) bool) (*place, *Value, string, bool) {
	c := comparison{ab: map[*Value]*Value{}, ba: map[*Value]*Value{}, places: places, same: same}
	c.todo = append(c.todo, twins{a, b, &place{}})
	for len(c.todo) > 0 {
		t := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		mark := len(c.todo)
		if why := c.one(t); why != "" {
			return t.at, t.a, why, true
		}
		for i, j := mark, len(c.todo)-1; i < j; i, j = i+1, j-1 { // first things first
			c.todo[i], c.todo[j] = c.todo[j], c.todo[i]
		}
	}
	return nil, nil, "", false
}

type comparison struct {
	ab, ba map[*Value]*Value
	todo   []twins
	places bool
	same   func(a, b *Value) bool // of values of different kinds, nil if none is
}

func (c *comparison) push(t twins, a, b *Value, s step, key string, i int) {
	at := t.at
	if c.places {
		at = &place{t.at, s, key, i}
	}
	c.todo = append(c.todo, twins{a, b, at})
}

// one compares two values apart from what they hold, which it puts on the list. It returns what
// differs.
func (c *comparison) one(t twins) string {
	a, b := t.a, t.b
	if a == nil || b == nil {
		if a == b {
			return ""
		}
		return fmt.Sprintf("%s, other has %s", brief(a), brief(b))
	}
	if a.kind != b.kind && (c.same == nil || !c.same(a, b)) {
		return fmt.Sprintf("%s, other has %s", brief(a), brief(b))
	}
	if !a.Immortal() && !b.Immortal() {
		x, seenA := c.ab[a]
		y, seenB := c.ba[b]
		if seenA && seenB && x == b && y == a {
			return ""
		}
		if seenA || seenB {
			return "shared with another place, other shares differently"
		}
		c.ab[a], c.ba[b] = b, a
	}
	if a.Class() != b.Class() {
		return fmt.Sprintf("class %q, other has class %q", a.Class(), b.Class())
	}
	if a.Weak() != b.Weak() {
		return fmt.Sprintf("weak reference %v, other has %v", a.Weak(), b.Weak())
	}
	if a.kind != b.kind {
		return "" // same said so
	}
	switch a.kind {
	case Double:
		if x, y := a.Double(), b.Double(); a.number() != b.number() && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Sprintf("%s, other has %s", brief(a), brief(b))
		}
	case Array:
		return c.arrays(t)
	case Hash:
		return c.hashes(t)
	case Ref:
		c.push(t, a.Target(), b.Target(), stepTarget, "", 0)
	case Tied:
		if a.TiedKind() != b.TiedKind() || a.TiedIndex() != b.TiedIndex() {
			return fmt.Sprintf("tied sort %d index %d, other has %d and %d", a.TiedKind(), a.TiedIndex(), b.TiedKind(), b.TiedIndex())
		}
		c.push(t, a.Target(), b.Target(), stepTied, "", 0)
		c.push(t, a.TiedKey(), b.TiedKey(), stepTiedKey, "", 0)
	default:
		number := a.kind == Int || a.kind == Uint || a.kind == Bool
		if number && a.number() != b.number() || a.Str() != b.Str() || a.UTF8() != b.UTF8() ||
			a.Modifiers() != b.Modifiers() || a.Literal() != b.Literal() {
			if why := partOfStrings(a, b); why != "" {
				return why
			}
			return fmt.Sprintf("%s, other has %s", brief(a), brief(b))
		}
		if a.kind == Hooked {
			return c.hooks(t)
		}
	}
	return ""
}

func (c *comparison) arrays(t twins) string {
	a, b := t.a.Elems(), t.b.Elems()
	if len(a) != len(b) {
		return fmt.Sprintf("%d elements, other has %d", len(a), len(b))
	}
	for i := range a {
		c.push(t, a[i], b[i], stepElement, "", i)
	}
	return ""
}

func (c *comparison) hooks(t twins) string {
	a, b := t.a.HookRefs(), t.b.HookRefs()
	if len(a) != len(b) || t.a.HookType() != t.b.HookType() {
		return fmt.Sprintf("self-serialized sort %d with %d references, other has %d and %d",
			t.a.HookType(), len(a), t.b.HookType(), len(b))
	}
	for i := range a {
		c.push(t, a[i], b[i], stepHookRef, "", i)
	}
	c.push(t, t.a.HookMagic(), t.b.HookMagic(), stepTied, "", 0)
	return ""
}

type hashKey struct {
	key  string
	utf8 bool
}

func (p *Pair) id() hashKey { return hashKey{p.Key, p.Flags&KeyUTF8 != 0} }

const comparedFlags = KeyUTF8 | KeyLocked | KeyPlaceholder

func (c *comparison) hashes(t twins) string {
	a, b := t.a.Pairs(), t.b.Pairs()
	if t.a.Restricted() != t.b.Restricted() {
		return fmt.Sprintf("locked %v, other has %v", t.a.Restricted(), t.b.Restricted())
	}
	var index map[hashKey]int
	for i := range a {
		p, j := &a[i], i
		if i >= len(b) || b[i].id() != p.id() {
			if index == nil {
				index = make(map[hashKey]int, len(b))
				for j := range b {
					index[b[j].id()] = j
				}
			}
			var ok bool
			if j, ok = index[p.id()]; !ok {
				return fmt.Sprintf("has key %s, other has not", quoteKey(p.Key))
			}
		}
		if f, g := p.Flags&comparedFlags, b[j].Flags&comparedFlags; f != g {
			return fmt.Sprintf("key %s with flags %d, other has %d", quoteKey(p.Key), f, g)
		}
		c.push(t, p.Value, b[j].Value, stepPair, p.Key, 0)
	}
	if len(a) != len(b) {
		return extraKey(a, b)
	}
	return ""
}

func extraKey(a, b []Pair) string {
	has := make(map[hashKey]bool, len(a))
	for i := range a {
		has[a[i].id()] = true
	}
	for i := range b {
		if !has[b[i].id()] {
			return fmt.Sprintf("has no key %s, other has", quoteKey(b[i].Key))
		}
	}
	return fmt.Sprintf("%d pairs, other has %d", len(a), len(b))
}

// brief names a value's kind and shows its payload.
func brief(v *Value) string {
	if v == nil {
		return "nothing"
	}
	switch v.kind {
	case Undef, Array, Hash, Ref, Tied:
		return v.kind.String()
	}
	return v.kind.String() + " " + Format(v, FormatOptions{MaxString: shownString, MaxItems: 5, MaxWidth: 400})
}

// shownString is how many octets of a string brief shows.
const shownString = 60

// partOfStrings says what differs of strings that are too long to be shown as a whole; "" if they
// are not.
func partOfStrings(a, b *Value) string {
	x, y := a.Str(), b.Str()
	if a.kind != Bytes && a.kind != Text || x == y || max(len(x), len(y)) <= shownString {
		return ""
	}
	at := 0
	for at < min(len(x), len(y)) && x[at] == y[at] {
		at++
	}
	const before = 20
	from := max(at-before, 0)
	piece := func(s string) string { return strconv.Quote(s[from:min(len(s), from+shownString)]) }
	return fmt.Sprintf("%v of %d octets, other has one of %d; from octet %d on %s, other has %s", a.kind, len(x), len(y), from, piece(x), piece(y))
}
