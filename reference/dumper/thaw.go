package dumper

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Thaw reads a text and returns the value of its variable, for IKC a reference. The error is an
// *Error or a *LimitError. The result keeps no part of text.
func (c *Codec) Thaw(text []byte) (*perl.Value, error) {
	p := parser{s: string(text), opt: c.opt, depth: c.opt.MaxDepth, left: c.opt.MaxElements, root: perl.NewUndef()}
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
	s     string
	pos   int
	opt   Options
	depth int // levels left
	left  int // elements left
	slab  perl.Slab
	root  *perl.Value // the variable
	set   bool        // it has its value
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

func (p *parser) exceeded(name string, most, got int) {
	if p.err == nil {
		p.err = &LimitError{name, most, got, p.pos}
	}
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
	target.Assign(v)
	p.set = true
	if p.peek() != 0 || first {
		p.expect(";")
	}
}

// enter counts a value and goes a level deeper.
func (p *parser) enter() bool {
	if p.left == 0 {
		p.exceeded("MaxElements", p.opt.MaxElements, p.opt.MaxElements+1)
		return false
	}
	if p.depth == 0 {
		p.exceeded("MaxDepth", p.opt.MaxDepth, p.opt.MaxDepth+1)
		return false
	}
	p.left--
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
	c := p.slab.Undef()
	c.Assign(v)
	return c
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
	}
	return p.unexpected("a value"), false
}

func (p *parser) array() *perl.Value {
	p.pos++
	v, _ := p.slab.Array(0)
	for p.peek() != ']' {
		e := p.element()
		if e == nil {
			return nil
		}
		v.Append(e)
		if !p.has(",") {
			break
		}
	}
	if !p.expect("]") {
		return nil
	}
	return p.slab.Ref(v)
}

func (p *parser) hash() *perl.Value {
	p.pos++
	v, _ := p.slab.Hash(0)
	seen := map[string]bool{}
	for p.peek() != '}' {
		at := p.pos
		pair, ok := p.key()
		if !ok || !p.expect("=>") {
			return nil
		}
		if seen[pair.Name()] {
			return p.fail(ErrDuplicate, at, "a key not yet in the hash", fmt.Sprintf("%.80q", pair.Key))
		}
		seen[pair.Name()] = true
		if pair.Value = p.element(); pair.Value == nil {
			return nil
		}
		v.AppendPair(pair)
		if !p.has(",") {
			break
		}
	}
	if !p.expect("}") {
		return nil
	}
	return p.slab.Ref(v)
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
	case v == nil:
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
	for p.pos < len(p.s) && p.s[p.pos] >= '0' && p.s[p.pos] <= '9' && n < 1<<31 {
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
	for _, q := range v.Target().Pairs() {
		if q.Key == key.Key && (q.Flags^key.Flags)&perl.KeyUTF8 == 0 {
			return q.Value
		}
	}
	return p.fail(ErrPlace, at, "a key of the hash", fmt.Sprintf("%.80q", key.Key))
}
