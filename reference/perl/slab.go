package perl

import "math"

// Chunks fill size classes of Go's allocator, less the 8 octets that it needs itself.
const (
	minSlab  = 8
	maxSlab  = 255 // Values; 6 KiB
	maxElems = 127
	maxPairs = 63
)

// Slab allocates many Values together, which is several times faster than one by one, and numbers
// them from 0 in the order of allocation. It is how decoders build trees. A chunk of Values lives
// as long as any of them is in use. The zero Slab is ready; a Slab is not safe for concurrent use.
//
// It is for serializers, and is here and not in an internal package since it fills in the private
// parts of Values.
type Slab struct {
	cur   []Value   // the current chunk
	used  int       // of cur
	size  int       // of every chunk
	full  [][]Value // the chunks before it
	elems []*Value
	pairs []Pair
}

// Expect sizes the chunks for a tree of about n Values. It must come before the first Value.
func (s *Slab) Expect(n int) { s.size = min(max(n, minSlab), maxSlab) }

// Len returns how many Values s gave out.
func (s *Slab) Len() int { return len(s.full)*s.size + s.used }

// At returns the i-th Value given out. i must be in [0, Len).
func (s *Slab) At(i int) *Value {
	if n := len(s.full) * s.size; i >= n {
		return &s.cur[i-n]
	}
	return &s.full[i/s.size][i%s.size]
}

// grow begins a chunk. It must stay small enough to be inlined, with Undef, into Bytes: see go
// build -gcflags=-m=2.
func (s *Slab) grow() {
	if s.size == 0 {
		s.size = maxSlab
	}
	if s.cur != nil {
		s.full = append(s.full, s.cur)
	}
	s.cur, s.used = make([]Value, s.size), 0
}

// Root returns a reference to target which, being the last Value of s, takes no new chunk.
func (s *Slab) Root(target *Value) *Value {
	if s.used >= len(s.cur) {
		return NewRef(target)
	}
	return s.Ref(target)
}

// Undef returns a new undef.
func (s *Slab) Undef() *Value {
	if s.used >= len(s.cur) {
		s.grow()
	}
	v := &s.cur[s.used]
	s.used++
	return v
}

// Int returns a new integer.
func (s *Slab) Int(i int64) *Value {
	v := s.Undef()
	v.kind, v.n = Int, uint64(i)
	return v
}

// Uint returns a new integer, of kind Int if it fits.
func (s *Slab) Uint(u uint64) *Value {
	v := s.Undef()
	v.kind, v.n = Int, u
	if u > math.MaxInt64 {
		v.kind = Uint
	}
	return v
}

// Double returns a new floating point number.
func (s *Slab) Double(f float64) *Value {
	v := s.Undef()
	v.kind, v.n = Double, math.Float64bits(f)
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

// Bool returns a new boolean.
func (s *Slab) Bool(b bool) *Value {
	v := s.Undef()
	v.kind = Bool
	if b {
		v.n = 1
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
	var elems []*Value
	switch {
	case n == 0:
		return v, nil
	case n <= len(s.elems):
		elems, s.elems = s.elems[:n:n], s.elems[n:]
	case n > maxElems/2:
		elems = make([]*Value, n)
	default:
		s.elems = make([]*Value, max(n, min(maxElems, s.size/4)))
		elems, s.elems = s.elems[:n:n], s.elems[n:]
	}
	v.setElems(elems)
	return v, elems
}

// Hash returns a new hash of n empty pairs and these, for the caller to fill in.
func (s *Slab) Hash(n int) (*Value, []Pair) {
	v := s.Undef()
	v.kind = Hash
	var pairs []Pair
	switch {
	case n == 0:
		return v, nil
	case n <= len(s.pairs):
		pairs, s.pairs = s.pairs[:n:n], s.pairs[n:]
	case n > maxPairs/2:
		pairs = make([]Pair, n)
	default:
		s.pairs = make([]Pair, max(n, min(maxPairs, s.size/3)))
		pairs, s.pairs = s.pairs[:n:n], s.pairs[n:]
	}
	v.setPairs(pairs)
	return v, pairs
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
	v.kind, v.n = Tied, uint64(kind)
	return v
}

// Hooked returns a new object that serialized itself, to be completed by SetHooked.
func (s *Slab) Hooked(sort HookType) *Value {
	v := s.Undef()
	v.kind, v.n = Hooked, uint64(sort)
	v.setRare(&rare{})
	return v
}
