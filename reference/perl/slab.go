package perl

import (
	"math"
	"sort"
)

// Chunks fill size classes of Go's allocator, less the 8 octets that it needs itself.
const (
	minSlab    = 8
	firstSlab  = 63   // Values; 1 KiB. Of elements and pairs, too
	maxSlab    = 255  // 4 KiB, of a tree of less than 1,000 Values
	largeSlab  = 2047 // 32 KiB
	maxElems   = 127  // 1 KiB
	largeElems = 1023
	maxPairs   = 127 // 4 KiB
	largePairs = 1023
	// Numbers beside Values: 1 KiB and 8 KiB.
	maxNumbers, largeNumbers = 128, 1024
)

// Slab allocates many Values together, which is several times faster than one by one, and numbers
// them from 0 in the order of allocation. It is how decoders build trees. A chunk of Values lives
// as long as any of them is in use, and with it what its Values refer to: whoever keeps one Value
// of a tree for long may keep most of the tree. The zero Slab is ready; a Slab is not safe for
// concurrent use.
//
// It is for serializers, and is here and not in an internal package since it fills in the private
// parts of Values.
type Slab struct {
	cur    []Value // the current chunk
	used   int     // of cur
	before int     // Values in the chunks before it
	full   []chunk // the chunks before it
	elems  share[*Value]
	pairs  share[Pair]
	// What is no small number, see repr.go, is beside the Values.
	numbers share[uint64]
	expect  int
	exact   bool // expect, here and of elements and pairs, is what there is no chunk for yet
	// What the tree is read from: pos is how far it has been read, from start to end; nil if unknown.
	pos        *int
	start, end int
}

// chunk is a chunk of Values all given out.
type chunk struct {
	first  int // the number of its first
	values []Value
}

// share is a chunk of elements or pairs.
type share[T any] struct {
	rest   []T
	used   int // given out by now, in this chunk and before
	expect int // see Slab.exact
}

// Expect says that the tree has about n Values. It must come before the first Value.
func (s *Slab) Expect(n int) { s.expect = n }

// Follow says that the tree is read from something with so many octets, at the place *pos, which
// moves on. From then on chunks are sized by how much of it is left, so that a tree of members that
// are alike takes hardly more than it needs. It must come before the first Value.
func (s *Slab) Follow(pos *int, end int) { s.pos, s.start, s.end = pos, *pos, end }

// Reserve says how many Values, elements of arrays and pairs of hashes the tree has. It must come
// before the first Value, in place of Expect.
func (s *Slab) Reserve(values, elems, pairs int) {
	s.exact = true
	s.expect, s.elems.expect, s.pairs.expect = values, elems, pairs
}

// Reset forgets all Values, so that s is ready for another tree.
func (s *Slab) Reset() {
	full := s.full
	clear(full)
	*s = Slab{}
	if cap(full) <= keptChunks {
		s.full = full[:0]
	}
}

// keptChunks is how long a list of chunks is kept for the next tree.
const keptChunks = 256

// Len returns how many Values s gave out.
func (s *Slab) Len() int { return s.before + s.used }

// At returns the i-th Value given out. i must be in [0, Len).
func (s *Slab) At(i int) *Value {
	if i >= s.before {
		return &s.cur[i-s.before]
	}
	at := sort.Search(len(s.full), func(k int) bool { return s.full[k].first > i }) - 1
	return &s.full[at].values[i-s.full[at].first]
}

// grow begins a chunk of Values, and returns its first.
func (s *Slab) grow() *Value {
	if s.cur != nil {
		s.full = append(s.full, chunk{s.before, s.cur})
		s.before += len(s.cur)
	}
	s.cur, s.used = make([]Value, s.nextSlab()), 1
	return &s.cur[0]
}

// nextSlab is how many Values the next chunk has.
func (s *Slab) nextSlab() int {
	switch {
	case s.exact:
		n := max(min(s.expect, largeSlab), 1)
		s.expect -= n
		return n
	case s.expect == 0:
		return maxSlab
	case s.pos == nil:
		return min(max(s.expect, minSlab), maxSlab)
	case s.before == 0:
		return min(max(s.expect, minSlab), firstSlab)
	}
	return size(s.left(s.before), minSlab, s.before, maxSlab, largeSlab)
}

// left is about how many more there will be, if there have been so many by now.
func (s *Slab) left(used int) int {
	if s.pos == nil || *s.pos <= s.start {
		return 0
	}
	left := float64(used) * float64(s.end-*s.pos) / float64(*s.pos-s.start)
	return int(min(left*17/16, largeSlab)) + 1 // no chunk is larger
}

// size is how large a chunk is if so many more are to come and there have been so many by now: at
// least least, and no more than most or, of what is large already, a quarter of it.
func size(left, least, used, most, large int) int {
	return max(least, min(left, max(most, min(used/4, large))))
}

// Root returns a reference to target which, being the last Value of s, takes no new chunk.
func (s *Slab) Root(target *Value) *Value {
	if s.used >= len(s.cur) {
		return NewRef(target)
	}
	return s.Ref(target)
}

// Undef returns a new undef. It must stay small enough to be inlined into the functions below: see
// go build -gcflags=-m=2.
func (s *Slab) Undef() *Value {
	if s.used < len(s.cur) {
		s.used++
		return &s.cur[s.used-1]
	}
	return s.grow()
}

// Int returns a new integer.
func (s *Slab) Int(i int64) *Value {
	v := s.Undef()
	v.kind = Int
	s.number(v, uint64(i))
	return v
}

// Uint returns a new integer, of kind Int if it fits.
func (s *Slab) Uint(u uint64) *Value {
	v := s.Undef()
	v.kind = Int
	s.number(v, u)
	if u > math.MaxInt64 {
		v.kind = Uint
	}
	return v
}

// Double returns a new floating point number.
func (s *Slab) Double(f float64) *Value {
	v := s.Undef()
	v.kind = Double
	s.number(v, math.Float64bits(f))
	return v
}

// Bytes returns a new string of octets.
func (s *Slab) Bytes(str string) *Value {
	v := s.Undef()
	v.kind = Bytes
	v.setString(str)
	return v
}

// Text returns a new string of characters.
func (s *Slab) Text(str string) *Value {
	v := s.Undef()
	v.kind = Text
	v.setString(str)
	return v
}

// number sets the number of a new Value.
func (s *Slab) number(v *Value, n uint64) {
	if small(n) {
		v.m = uint32(n)
	} else {
		s.large(v, n)
	}
}

func (s *Slab) large(v *Value, n uint64) {
	large := s.numbers.take(s, 1, maxNumbers, largeNumbers)
	large[0] = n
	v.setLarge(&large[0])
}

// Bool returns a new boolean.
func (s *Slab) Bool(b bool) *Value {
	v := s.Undef()
	v.kind = Bool
	if b {
		v.m = 1
	}
	return v
}

// Ref returns a new reference to target, which may be nil until SetTarget.
func (s *Slab) Ref(target *Value) *Value {
	v := s.Undef()
	v.kind = Ref
	v.setPlainTarget(target)
	return v
}

// Array returns a new array of n holes and its elements, for the caller to fill in.
func (s *Slab) Array(n int) (*Value, []*Value) {
	v := s.Undef()
	v.kind = Array
	if n == 0 {
		return v, nil
	}
	elems := s.elems.take(s, n, maxElems, largeElems)
	v.setElems(elems)
	return v, elems
}

// Hash returns a new hash of n empty pairs and these, for the caller to fill in.
func (s *Slab) Hash(n int) (*Value, []Pair) {
	v := s.Undef()
	v.kind = Hash
	if n == 0 {
		return v, nil
	}
	pairs := s.pairs.take(s, n, maxPairs, largePairs)
	v.setPairs(pairs)
	return v, pairs
}

// take gives out n, of a chunk of the Slab's: of most, or of what is large already, of large. What
// would take much of a chunk is no part of one.
func (c *share[T]) take(s *Slab, n, most, large int) []T {
	if n > len(c.rest) {
		switch {
		case s.exact && n <= large/2:
			c.expect += len(c.rest)
			more := max(n, min(c.expect, large))
			c.expect -= more
			c.rest = make([]T, more)
		case n > most/2:
			c.expect -= n
			return make([]T, n)
		default:
			more := min(s.nextSlab()/3, firstSlab)
			if c.used > 0 && s.pos != nil {
				more = size(s.left(c.used), 0, c.used, most, large)
			}
			c.rest = make([]T, max(n, more))
		}
	}
	c.used += n
	taken := c.rest[:n:n]
	c.rest = c.rest[n:]
	return taken
}

// Code returns a new sub given by its source text.
func (s *Slab) Code(source string) *Value {
	v := s.Undef()
	v.kind = Code
	v.setString(source)
	return v
}

// Regexp returns a new compiled pattern.
func (s *Slab) Regexp(pattern, modifiers string) *Value {
	v := s.Undef()
	v.kind = Regexp
	v.setRare(rareStr(pattern, modifiers))
	return v
}

// VString returns a new version string.
func (s *Slab) VString(str, literal string) *Value {
	v := s.Undef()
	v.kind = VString
	v.setRare(rareStr(str, literal))
	return v
}

// Tied returns a new tied variable, whose object comes later by SetTarget.
func (s *Slab) Tied(kind TiedKind) *Value {
	v := s.Undef()
	v.kind, v.m = Tied, uint32(kind)
	return v
}

// Hooked returns a new object that serialized itself, to be completed by SetHooked.
func (s *Slab) Hooked(sort HookType) *Value {
	v := s.Undef()
	v.kind, v.m = Hooked, uint32(sort)
	v.setRare(&rare{})
	return v
}

// Shorts makes Values of short strings that are read one after the other, such as the arguments of
// messages that have come together: a few of them, of 128 octets each at most with their Value,
// share an object of Go's heap, which is there as long as any of them is in use. The zero Shorts is
// ready; it is not safe for concurrent use. It is for serializers, as Slab is.
type Shorts struct {
	in     *shorts // nil if there is none
	values int     // given out, of in
	octets int     // of them
	last   int     // octets before the last of them
}
