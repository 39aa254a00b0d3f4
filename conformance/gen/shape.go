package gen

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Bounds of shapes.
const (
	maxFields = 64  // of a hash, beyond which its keys are taken for data
	maxTuple  = 8   // elements of an array, beyond which it is taken for a list
	maxLevels = 24  // of references
	maxKey    = 200 // octets of a key, beyond which the keys of its hash are taken for data
	maxOthers = 8
)

// shape is what was seen at a place in values.
type shape struct {
	seen    int // values
	undef   int // of them
	empty   int // empty strings, arrays and hashes
	sender  int // strings that name the kernel which sent them
	pairs   int // arrays that are [params, rsvp]
	scalars map[perl.Kind]int
	texts
	numbers

	arrays   int
	elements []*shape // by position, while all arrays had as many
	element  *shape   // of any position, if they had not

	hashes int
	fields map[string]*shape // by key, as Go has it
	value  *shape            // of any key, if there are too many

	objects map[string]int // hashes of a class that are like others of it, by class

	// others are what Go has no type for, as people call it.
	others map[string]bool
}

// texts are properties of the strings that were seen.
type texts struct {
	words  bool // one is no integer as Go writes it
	wide   bool // one of characters, beyond ASCII
	octets bool // one of octets, beyond ASCII
	wild   bool // one of characters that Go does not have
}

// numbers are properties of the numbers that were seen.
type numbers struct {
	negative bool // an integer below 0
	big      bool // an integer that is none in a float64
	precise  bool // a double that Perl's string of it is not
}

func (t *texts) merge(o texts) {
	t.words, t.wide, t.octets, t.wild = t.words || o.words, t.wide || o.wide, t.octets || o.octets, t.wild || o.wild
}

func (n *numbers) merge(o numbers) {
	n.negative, n.big, n.precise = n.negative || o.negative, n.big || o.big, n.precise || o.precise
}

// shaper makes shapes, until there are too many.
type shaper struct {
	left int
	cut  bool // there were too many
	held map[*perl.Value]int
	// circles are variables of a value through which it comes back to itself.
	circles map[*perl.Value]bool
	// sender are the names of the kernel that sent the value.
	sender []string
	// classes are the shapes of objects, by class; objects how many the value is in.
	classes map[string]*shape
	objects int
}

// add enters a value that a kernel of these names sent; nil is an undef.
func (b *shaper) add(s *shape, v *perl.Value, sender ...string) {
	b.held, b.circles, b.sender = map[*perl.Value]int{}, map[*perl.Value]bool{}, sender
	b.count(v)
	b.value(s, v, 0)
	b.held, b.circles = nil, nil
}

// count counts how often each variable is reached in a value, and finds circles. It keeps a list of
// its own, since a value may be deep.
func (b *shaper) count(v *perl.Value) {
	type step struct {
		v     *perl.Value
		leave bool // all that is in it has been counted
	}
	inside := map[*perl.Value]bool{}
	for todo := []step{{v, false}}; len(todo) > 0; {
		next := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v = next.v; next.leave {
			delete(inside, v)
			continue
		}
		if v == nil {
			continue
		}
		if inside[v] {
			b.circles[v] = true
		}
		if b.held[v]++; b.held[v] > 1 {
			continue
		}
		inside[v] = true
		todo = append(todo, step{v, true})
		if v.Kind() == perl.Ref {
			todo = append(todo, step{v.Target(), false})
		}
		for _, e := range v.Elems() {
			todo = append(todo, step{e, false})
		}
		for _, p := range v.Pairs() {
			todo = append(todo, step{p.Value, false})
		}
	}
}

// shape returns a new one, or nil if there are too many.
func (b *shaper) shape() *shape {
	if b.left == 0 {
		b.cut = true
		return nil
	}
	b.left--
	return new(shape)
}

func (s *shape) other(what string) {
	if s.others == nil {
		s.others = map[string]bool{}
	}
	if len(s.others) < maxOthers {
		s.others[what] = true
	}
}

// circle is what comes back to itself. No type has it: one that is made of what is in it would be a
// pointer to itself.
const circle = "circle"

const tooMuch = "more than is looked at"

func (b *shaper) value(s *shape, v *perl.Value, level int) {
	s.seen++
	t := v
	if v.Kind() == perl.Ref {
		t = v.Target()
	}
	switch {
	case b.circles[v] || b.circles[t]:
		s.other(circle)
	case v.Class() != "" || t.Class() != "":
		b.object(s, v, t)
	case b.held[v] > 1 || b.held[t] > 1:
		s.other("variable that is shared")
	case v.Kind() != perl.Ref:
		b.scalar(s, v)
	case v.Weak():
		s.other("weak reference")
	case t.Kind() != perl.Array && t.Kind() != perl.Hash:
		s.other("reference to " + t.Kind().String())
	case level == maxLevels:
		b.cut = true
		s.other(tooMuch)
	case t.Kind() == perl.Array:
		b.array(s, t.Elems(), level+1)
	default:
		b.hash(s, t, level+1)
	}
}

func (b *shaper) scalar(s *shape, v *perl.Value) {
	switch v.Kind() {
	case perl.Undef:
		s.undef++
		return
	case perl.Int:
		s.negative = s.negative || v.Int() < 0
		s.big = s.big || v.Int() > 1<<53 || v.Int() < -1<<53
	case perl.Double:
		text := perl.FormatDouble(v.Double(), 15)
		back, err := strconv.ParseFloat(text, 64)
		s.precise = s.precise || err != nil || back != v.Double() || math.Signbit(back) && back == 0 || math.IsInf(back, 0)
	case perl.Uint, perl.Bool:
	case perl.Bytes, perl.Text:
		b.text(s, v)
	default:
		s.other(v.Kind().String())
		return
	}
	if s.scalars == nil {
		s.scalars = map[perl.Kind]int{}
	}
	s.scalars[v.Kind()]++
}

func (b *shaper) text(s *shape, v *perl.Value) {
	text := v.Str()
	if text == "" {
		s.empty++
	}
	if slices.Contains(b.sender, text) {
		s.sender++
	}
	n, err := strconv.ParseInt(text, 10, 64)
	s.words = s.words || err != nil || strconv.FormatInt(n, 10) != text
	for i := range len(text) {
		if text[i] < utf8.RuneSelf {
			continue
		}
		switch {
		case v.Kind() == perl.Bytes:
			s.octets = true
		case utf8.ValidString(text):
			s.wide = true
		default:
			s.wild = true
		}
		return
	}
}

func (b *shaper) array(s *shape, elems []*perl.Value, level int) {
	first := s.arrays == 0
	s.arrays++
	if len(elems) == 0 {
		s.empty++
	}
	for _, e := range elems {
		if e == nil {
			s.other("array with holes")
			return
		}
	}
	switch {
	case s.element != nil:
	case first && len(elems) <= maxTuple:
		s.elements = make([]*shape, len(elems))
		for i := range elems {
			if s.elements[i] = b.shape(); s.elements[i] == nil {
				s.other(tooMuch)
				s.elements = nil
				return
			}
		}
	case first || len(s.elements) != len(elems):
		if s.element = b.shape(); s.element == nil {
			s.other(tooMuch)
			return
		}
		for _, e := range s.elements {
			s.element.merge(e)
		}
		s.elements = nil
	}
	for i, e := range elems {
		at := s.element
		if at == nil {
			at = s.elements[i]
		}
		b.value(at, e, level)
	}
}

func (b *shaper) hash(s *shape, hash *perl.Value, level int) {
	s.hashes++
	pairs := hash.Pairs()
	if len(pairs) == 0 {
		s.empty++
	}
	if hash.Restricted() {
		s.other("restricted hash")
		return
	}
	if s.fields == nil {
		s.fields = map[string]*shape{} // empty beside value
	}
	for _, p := range pairs {
		key, same := goKey(p)
		if !same {
			s.other("hash with keys that Go's strings are not")
			return
		}
		at := s.value
		if at == nil {
			at = s.fields[key]
		}
		if at == nil {
			if at = b.shape(); at == nil {
				s.other(tooMuch)
				return
			}
			if len(s.fields) < maxFields && len(key) <= maxKey {
				s.fields[strings.Clone(key)] = at // which is a piece of the image
			} else {
				for _, f := range s.fields {
					at.merge(f)
				}
				s.value, s.fields = at, nil
			}
		}
		b.value(at, p.Value, level)
	}
}

// goKey is a key as Unmarshal gives it to Go, and tells whether Marshal makes the same of that.
func goKey(p perl.Pair) (key string, same bool) {
	key = p.Key
	if p.Flags&perl.KeyWasUTF8 != 0 {
		key = perl.FromLatin1(p.Key)
	}
	back := perl.P(key, nil)
	if utf8.ValidString(key) {
		back = perl.TextPair(key, nil)
	}
	return key, p.Flags&perl.KeyPlaceholder == 0 && back.Compare(p) == 0
}

// merge enters what another shape has seen.
func (s *shape) merge(o *shape) {
	s.seen, s.undef, s.empty = s.seen+o.seen, s.undef+o.undef, s.empty+o.empty
	s.sender, s.pairs = s.sender+o.sender, s.pairs+o.pairs
	s.texts.merge(o.texts)
	s.numbers.merge(o.numbers)
	if s.scalars == nil {
		s.scalars = map[perl.Kind]int{}
	}
	for k, n := range o.scalars {
		s.scalars[k] += n
	}
	for _, what := range sortedKeys(o.others) {
		s.other(what)
	}
	for _, class := range sortedKeys(o.objects) {
		if s.objects == nil {
			s.objects = map[string]int{}
		}
		s.objects[class] += o.objects[class]
	}
	s.mergeArrays(o)
	s.mergeHashes(o)
}

// copy is a shape that has seen the same, nil for nil.
func (s *shape) copy() *shape {
	if s == nil {
		return nil
	}
	c := new(shape)
	c.merge(s)
	return c
}

func (s *shape) mergeArrays(o *shape) {
	switch {
	case o.arrays == 0:
		return
	case s.arrays == 0:
		for _, e := range o.elements {
			s.elements = append(s.elements, e.copy())
		}
		s.element = o.element.copy()
	case s.element == nil && o.element == nil && len(s.elements) == len(o.elements):
		for i, e := range o.elements {
			s.elements[i].merge(e)
		}
	default:
		all := s.anyElement()
		all.merge(o.anyElement())
		s.element, s.elements = all, nil
	}
	s.arrays += o.arrays
}

func (s *shape) mergeHashes(o *shape) {
	switch {
	case o.hashes == 0:
		return
	case s.hashes == 0:
		s.fields, s.value = map[string]*shape{}, o.value.copy()
		for key, f := range o.fields {
			s.fields[key] = f.copy()
		}
	case s.value == nil && o.value == nil && len(s.fields)+len(o.fields) <= maxFields:
		for key, f := range o.fields {
			if s.fields[key] == nil {
				s.fields[key] = f.copy()
			} else {
				s.fields[key].merge(f)
			}
		}
	default:
		all := s.anyValue()
		all.merge(o.anyValue())
		s.value, s.fields = all, nil
	}
	s.hashes += o.hashes
}

// anyElement is the shape of the elements of an array, whatever their position.
func (s *shape) anyElement() *shape {
	all := new(shape)
	if s.element != nil {
		all.merge(s.element)
	}
	for _, e := range s.elements {
		all.merge(e)
	}
	return all
}

// anyValue is the shape of the values of a hash, whatever their key.
func (s *shape) anyValue() *shape {
	all := new(shape)
	if s.value != nil {
		all.merge(s.value)
	}
	for _, key := range sortedKeys(s.fields) {
		all.merge(s.fields[key])
	}
	return all
}
