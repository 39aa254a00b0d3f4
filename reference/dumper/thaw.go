package dumper

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/internal/budget"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Thaw reads a text and returns the value of its variable, for IKC a reference. The error is an
// *Error or a *LimitError. The result keeps no part of text.
func (c *Codec) Thaw(text []byte) (*perl.Value, error) {
	v, _, err := c.thaw(text, c.opt.MaxAlloc)
	return v, err
}

// thaw is Thaw with so much room in the heap, in octets. held is what it took of it.
func (c *Codec) thaw(text []byte, room int) (v *perl.Value, held int64, err error) {
	if len(text) > room {
		return nil, int64(len(text)), &LimitError{"MaxAlloc", room, len(text), 0}
	}
	p := &parser{s: string(text), opt: c.opt}
	v, err = p.read(room, deep.Shallow)
	if p.sank && c.opt.MaxDepth > deep.Shallow {
		v, err = p.readDeep(room)
	}
	return v, p.Cost(), err
}

func (p *parser) readDeep(room int) (v *perl.Value, err error) {
	*p = parser{s: p.s, opt: p.opt}
	deep.Call(func() { v, err = p.read(room, p.opt.MaxDepth) })
	return v, err
}

// read reads the text, no deeper than so many levels.
func (p *parser) read(room, levels int) (*perl.Value, error) {
	p.Begin(p.opt.MaxElements, int64(room), int64(len(p.s)))
	p.root, p.depth = perl.NewUndef(), min(p.opt.MaxDepth, levels)
	for first := true; p.err == nil; first = false {
		p.space()
		if p.pos == len(p.s) && !first {
			return p.root, nil
		}
		p.statement(first)
	}
	return nil, p.err
}

// parser reads a text as Perl would run it: an expression gives a scalar, which is either a
// variable or a value of its own.
type parser struct {
	budget.Budget
	s     string
	pos   int
	opt   Options
	depth int  // levels left
	sank  bool // there were none left
	slab  perl.Slab
	root  *perl.Value               // the variable
	set   bool                      // it has its value
	elems []*perl.Value             // of the arrays that have begun
	pairs []perl.Pair               // of the hashes that have begun
	keys  map[*perl.Value]*keys.Set // of large hashes that places were in
	err   error
}

func (p *parser) fail(err error, at int, expected, got string) *perl.Value {
	if p.err == nil {
		p.err = &Error{err, at, expected, got}
	}
	return nil
}

// unexpected fails at the next octets.
func (p *parser) unexpected(expected string) *perl.Value {
	if p.pos >= len(p.s) {
		return p.fail(ErrTruncated, p.pos, expected, "the end")
	}
	return p.fail(ErrSyntax, p.pos, expected, fmt.Sprintf("%.20q", p.s[p.pos:min(len(p.s), p.pos+20)]))
}

func (p *parser) exceeded(name string, most, got int64) {
	if p.err == nil {
		p.err = &LimitError{name, int(most), int(got), p.pos}
	}
}

// spend counts octets of the heap that are about to be taken.
func (p *parser) spend(octets int64) bool {
	if p.Spend(octets, 0) {
		return true
	}
	p.exceeded(p.Excess(0))
	return false
}

func (p *parser) space() {
	for p.pos < len(p.s) {
		switch p.s[p.pos] {
		case ' ', '\n', '\t', '\r':
			p.pos++
		default:
			return
		}
	}
}

// peek skips white space and returns the next octet, or 0 at the end.
func (p *parser) peek() byte {
	p.space()
	if p.pos < len(p.s) {
		return p.s[p.pos]
	}
	return 0
}

// has skips white space and tells whether the text goes on with word, which it skips, too.
func (p *parser) has(word string) bool {
	p.space()
	if len(p.s)-p.pos < len(word) || p.s[p.pos:p.pos+len(word)] != word {
		return false
	}
	if end := p.pos + len(word); isWord(word[len(word)-1]) && end < len(p.s) && isWord(p.s[end]) {
		return false
	}
	p.pos += len(word)
	return true
}

func (p *parser) expect(word string) bool {
	if p.has(word) {
		return true
	}
	p.unexpected(fmt.Sprintf("%q", word))
	return false
}

// statement reads an assignment: the first to the variable, others to places in it.
func (p *parser) statement(first bool) {
	at := p.pos
	target := p.place(true)
	if target == nil {
		return
	}
	if first && target != p.root {
		p.fail(ErrSyntax, at, "an assignment to "+p.opt.Variable, "another")
		return
	}
	if !p.expect("=") {
		return
	}
	v, _ := p.value()
	if v == nil {
		return
	}
	if !p.spend(rareOf(v)) {
		return
	}
	target.Assign(v)
	p.set = true
	if p.peek() != 0 || first {
		p.expect(";")
	}
}

// enter counts a value and goes a level deeper.
func (p *parser) enter() bool {
	if p.Left == 0 {
		p.exceeded(p.Excess(1))
		return false
	}
	if p.depth == 0 {
		p.sank = true
		p.exceeded("MaxDepth", int64(p.opt.MaxDepth), int64(p.opt.MaxDepth)+1)
		return false
	}
	p.Left--
	p.depth--
	return true
}

// value reads an expression. variable tells that it is one, so that what takes its value must copy
// it.
func (p *parser) value() (v *perl.Value, variable bool) {
	if p.err != nil || !p.enter() {
		return nil, false
	}
	v, variable = p.plain()
	p.depth++
	return v, variable
}

// element reads an expression and makes a scalar of its own of it.
func (p *parser) element() *perl.Value {
	v, variable := p.value()
	if v == nil || !variable {
		return v
	}
	if !p.spend(rareOf(v)) {
		return nil
	}
	c := p.slab.Undef()
	c.Assign(v)
	return c
}

// rareOf is what a copy of a scalar takes of the heap beside the Value, in octets.
func rareOf(v *perl.Value) int64 {
	if v.Class() != "" || v.Kind() == perl.VString || v.Kind() == perl.Regexp {
		return perl.RareSize
	}
	return 0
}

func (p *parser) plain() (*perl.Value, bool) {
	switch c := p.peek(); {
	case c == '\'':
		return p.single(), false
	case c == '"':
		return p.double(), false
	case c == '[':
		return p.array(), false
	case c == '{':
		return p.hash(), false
	case c == '\\':
		p.pos++
		v, _ := p.value()
		if v == nil {
			return nil, false
		}
		return p.slab.Ref(v), false
	case c == '$':
		return p.place(false), true
	case c == '-' || c >= '0' && c <= '9':
		return p.number(), false
	case c == 'v':
		return p.vstring(), false
	case c == 'q':
		return p.regexp(), false
	case c == 'b':
		return p.bless(), false
	case c == 'd':
		return p.do(), false
	case c == 's':
		return p.sub(), false
	case c == 'u' && p.has("undef"):
		return p.slab.Undef(), false
	case c == '!' && p.has("!!1"):
		return p.slab.Bool(true), false
	case c == '!' && p.has("!!0"):
		return p.slab.Bool(false), false
	}
	return p.unexpected("a value"), false
}

// array reads an array. Its elements are collected behind those of the arrays around it.
func (p *parser) array() *perl.Value {
	p.pos++
	from := len(p.elems)
	for p.peek() != ']' {
		e := p.element()
		if e == nil || !push(p, &p.elems, e, elemSize) {
			return nil
		}
		if !p.has(",") {
			break
		}
	}
	n := len(p.elems) - from
	if !p.expect("]") || !p.spend(perl.ValueSize+int64(n)*perl.ElemSize) {
		return nil
	}
	v, elems := p.slab.Array(n)
	copy(elems, p.elems[from:])
	p.elems = p.elems[:from]
	return p.slab.Ref(v)
}

// hash reads a hash, as array does.
func (p *parser) hash() *perl.Value {
	p.pos++
	from := len(p.pairs)
	var seen keys.Set
	for p.peek() != '}' {
		at := p.pos
		pair, ok := p.key()
		if !ok || !p.expect("=>") {
			return nil
		}
		if pair.Value = p.element(); pair.Value == nil || !push(p, &p.pairs, pair, pairSize) {
			return nil
		}
		i := len(p.pairs) - 1 - from
		if pairs := p.pairs[from:]; (i >= keys.Few || seen.Suspect(pair.Key)) && seen.Add(pairs, i) {
			return p.fail(ErrDuplicate, at, "a key not yet in the hash", fmt.Sprintf("%.80q", pair.Key))
		}
		if !p.has(",") {
			break
		}
	}
	n := len(p.pairs) - from
	if !p.expect("}") || !p.spend(perl.ValueSize+int64(n)*perl.PairSize+keys.Size(n)) {
		return nil
	}
	v, pairs := p.slab.Hash(n)
	copy(pairs, p.pairs[from:])
	p.pairs = p.pairs[:from]
	return p.slab.Ref(v)
}

// What elements and pairs take while they are collected, in octets.
const elemSize, pairSize = 8, 32

// push appends to a stack, which has room for 16 at first, and for twice as many then.
func push[T any](p *parser, stack *[]T, x T, size int64) bool {
	if n := len(*stack); n == cap(*stack) {
		if !p.spend(size * int64(max(16, 2*n))) {
			return false
		}
		*stack = append(make([]T, 0, max(16, 2*n)), *stack...)
	}
	*stack = append(*stack, x)
	return true
}

// key reads a hash key: a string, a word or a number.
func (p *parser) key() (perl.Pair, bool) {
	var v *perl.Value
	switch c := p.peek(); {
	case c == '\'':
		v = p.single()
	case c == '"':
		v = p.double()
	default:
		at := p.pos
		for p.pos < len(p.s) && (isWord(p.s[p.pos]) || p.s[p.pos] == '-' && p.pos == at) {
			p.pos++
		}
		if p.pos == at {
			p.unexpected("a key")
			return perl.Pair{}, false
		}
		return perl.P(p.s[at:p.pos], nil), true
	}
	switch {
	case v == nil || !p.spend(perl.ValueSize):
		return perl.Pair{}, false
	case v.Kind() == perl.Text:
		return perl.TextPair(v.Str(), nil), true
	}
	return perl.P(v.Str(), nil), true
}

// bless reads bless( value, 'Class' ).
func (p *parser) bless() *perl.Value {
	if !p.expect("bless") || !p.expect("(") {
		return nil
	}
	at := p.pos
	v, variable := p.value()
	if v == nil {
		return nil
	}
	if v.Kind() != perl.Ref {
		return p.fail(ErrSyntax, at, "a reference to bless", v.Kind().String())
	}
	if !p.expect(",") {
		return nil
	}
	at = p.pos
	class := p.quoted()
	if class == nil || !p.expect(")") {
		return nil
	}
	if class.Str() == "" {
		return p.fail(ErrSyntax, at, "a class", "an empty string")
	}
	if !p.spend(perl.RareSize + perl.ValueSize) {
		return nil
	}
	v.Target().Bless(class.Str())
	if variable {
		return p.slab.Ref(v.Target())
	}
	return v
}

// quoted reads a string in either sort of quotes.
func (p *parser) quoted() *perl.Value {
	switch p.peek() {
	case '\'':
		return p.single()
	case '"':
		return p.double()
	}
	return p.unexpected("a string")
}

// do reads do{my $o}, which is a new undef, or do{\(my $o = value)}, a reference to a new scalar.
func (p *parser) do() *perl.Value {
	if !p.expect("do") || !p.expect("{") {
		return nil
	}
	if p.has("my") {
		if !p.expect("$o") || !p.expect("}") {
			return nil
		}
		return p.slab.Undef()
	}
	if !p.expect(`\`) || !p.expect("(") || !p.expect("my") || !p.expect("$o") || !p.expect("=") {
		return nil
	}
	v := p.element()
	if v == nil || !p.expect(")") || !p.expect("}") {
		return nil
	}
	return p.slab.Ref(v)
}

// sub reads sub { "DUMMY" }.
func (p *parser) sub() *perl.Value {
	if !p.expect("sub") || !p.expect("{") {
		return nil
	}
	v := p.quoted()
	if v == nil || !p.expect("}") {
		return nil
	}
	if !p.spend(2*perl.ValueSize + 4*int64(len(v.Str()))) {
		return nil
	}
	return p.slab.Ref(p.slab.Code(fmt.Sprintf("{ %q }", v.Str())))
}

// place reads the variable, or a path from it. Unless it is to be assigned to, the variable must
// have its value.
func (p *parser) place(assign bool) *perl.Value {
	at := p.pos
	var v *perl.Value
	if p.has("${") {
		if !p.enter() {
			return nil
		}
		inner, _ := p.value()
		p.depth++
		if inner == nil || !p.expect("}") {
			return nil
		}
		if inner.Kind() != perl.Ref || inner.Target().Kind() == perl.Array || inner.Target().Kind() == perl.Hash {
			return p.fail(ErrPlace, at, "a reference to a scalar", inner.Kind().String())
		}
		v = inner.Target()
	} else {
		n := nameLength(p.s[p.pos:])
		if n == 0 {
			return p.unexpected("the variable " + p.opt.Variable)
		}
		if name := p.s[p.pos : p.pos+n]; name != p.opt.Variable {
			return p.fail(ErrSyntax, p.pos, "the variable "+p.opt.Variable, fmt.Sprintf("%.80s", name))
		}
		p.pos += n
		if v = p.root; !assign && !p.set {
			return p.fail(ErrPlace, at, "a value", p.opt.Variable+" before it has its value, which Perl cannot read either")
		}
	}
	for first := true; ; first = false {
		arrow := p.has("->")
		if !arrow && first && p.peek() != '[' && p.peek() != '{' {
			return v
		}
		switch p.peek() {
		case '[':
			v = p.subscript(v)
		case '{':
			v = p.keyed(v)
		default:
			if arrow {
				return p.unexpected("a subscript")
			}
			return v
		}
		if v == nil {
			return nil
		}
	}
}

func (p *parser) subscript(v *perl.Value) *perl.Value {
	at := p.pos
	p.pos++
	n := 0
	p.space()
	digits := p.pos
	for p.pos < len(p.s) && p.s[p.pos] >= '0' && p.s[p.pos] <= '9' && n < 1<<27 { // times ten, an int of 32 bits has room for it
		n = n*10 + int(p.s[p.pos]-'0')
		p.pos++
	}
	if p.pos == digits {
		return p.unexpected("an index")
	}
	if !p.expect("]") {
		return nil
	}
	elems := v.Target().Elems()
	if n >= len(elems) {
		return p.fail(ErrPlace, at, fmt.Sprintf("an index below %d", len(elems)), fmt.Sprint(n))
	}
	return elems[n]
}

func (p *parser) keyed(v *perl.Value) *perl.Value {
	at := p.pos
	p.pos++
	key, ok := p.key()
	if !ok || !p.expect("}") {
		return nil
	}
	hash := v.Target()
	pairs := hash.Pairs()
	set := p.keys[hash]
	if set == nil {
		set = new(keys.Set)
		if len(pairs) > keys.Few {
			if !p.spend(setSize + keys.Size(len(pairs))) {
				return nil
			}
			if p.keys == nil {
				p.keys = make(map[*perl.Value]*keys.Set)
			}
			p.keys[hash] = set
		}
	}
	if i := set.Find(pairs, key.Key, key.Flags); i >= 0 {
		return pairs[i].Value
	}
	return p.fail(ErrPlace, at, "a key of the hash", fmt.Sprintf("%.80q", key.Key))
}

// setSize is what is kept of a large hash to find its keys, beside what a Set takes for each, in
// octets.
const setSize = 128
