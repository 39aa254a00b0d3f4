package dumper

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/internal/qr"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Freeze writes a value, for IKC a reference, as Data::Dumper does. The error is an *Error, a
// *LimitError, or the ThawError of a reference in v.
func (c *Codec) Freeze(v *perl.Value) ([]byte, error) { return c.freeze(v, c.opt.MaxText) }

// freeze is Freeze of a text of at most so many octets.
func (c *Codec) freeze(v *perl.Value, most int) ([]byte, error) {
	text, sank, err := c.write(v, most, deep.Shallow)
	if sank && c.opt.MaxDepth > deep.Shallow {
		return c.writeDeep(v, most)
	}
	return text, err
}

func (c *Codec) writeDeep(v *perl.Value, most int) (text []byte, err error) {
	deep.Call(func() { text, _, err = c.write(v, most, c.opt.MaxDepth) })
	return text, err
}

// write writes a value, no deeper than so many levels. sank tells whether there were too few.
func (c *Codec) write(v *perl.Value, most, levels int) (text []byte, sank bool, err error) {
	w := writer{opt: c.opt, depth: min(c.opt.MaxDepth, levels), most: most, seen: map[*perl.Value]*name{}}
	w.findSlots(v)
	w.buf = append(w.buf, c.opt.Variable...)
	w.buf = append(w.buf, " = "...)
	w.value(v, &name{step: stepRoot})
	w.buf = append(w.buf, ';')
	w.fixups()
	if w.fits(0); w.err != nil {
		return nil, w.sank, w.err
	}
	return w.buf, false, nil
}

// name is the path by which Perl reaches a scalar.
type name struct {
	up   *name
	step step
	key  *perl.Pair
	i    int
}

type step uint8

const (
	stepRoot   step = iota
	stepElem        // element i of the array that up refers to
	stepPair        // element key of the hash that up refers to
	stepTarget      // what up refers to
)

// fixup is a statement that makes a reference where the first one could only keep a place free.
type fixup struct {
	at     *name
	target *perl.Value
}

type writer struct {
	opt   Options
	buf   []byte
	depth int
	sank  bool                  // there were no levels left
	most  int                   // octets of the text
	seen  map[*perl.Value]*name // of a slot its own name, else that of the first reference to it
	slots map[*perl.Value]bool  // the scalars that are elements of arrays and hashes, and referred to
	post  []fixup
	err   error
}

// findSlots finds the elements of arrays and hashes that are referred to. References to them must
// wait until they are there.
func (w *writer) findSlots(root *perl.Value) {
	var todo []*perl.Value // targets to be looked into
	met := map[*perl.Value]bool{}
	scalars := 0 // of those met
	add := func(v *perl.Value) {
		t := v.Target()
		if v.Kind() != perl.Ref || t == nil || met[t] {
			return
		}
		met[t] = true
		switch t.Kind() {
		case perl.Array, perl.Hash:
			todo = append(todo, t)
		case perl.Ref:
			todo = append(todo, t)
			scalars++
		case perl.Regexp, perl.Code:
		default:
			scalars++
		}
	}
	for add(root); len(todo) > 0; {
		t := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		add(t)
		elements(t, add)
	}
	if scalars == 0 {
		return
	}
	w.slots = map[*perl.Value]bool{}
	for t := range met {
		elements(t, func(v *perl.Value) {
			if v != nil && met[v] {
				w.slots[v] = true
			}
		})
	}
}

// elements visits the elements of an array or a hash.
func elements(v *perl.Value, visit func(*perl.Value)) {
	for _, e := range v.Elems() {
		visit(e)
	}
	for _, p := range v.Pairs() {
		visit(p.Value)
	}
}

// fits tells whether n more octets may be written, and nothing was wrong. All that may be long is
// held against it before it is written, and what is short now and then.
func (w *writer) fits(n int) bool {
	if n > w.most-len(w.buf) && w.err == nil {
		w.err = &LimitError{"MaxText", w.most, len(w.buf) + n, len(w.buf)}
	}
	return w.err == nil
}

func (w *writer) fail(expected, got string) {
	if w.err == nil {
		w.err = &Error{ErrUnsupported, len(w.buf), expected, got}
	}
}

// value writes a scalar whose name is at.
func (w *writer) value(v *perl.Value, at *name) {
	if !w.fits(0) {
		return
	}
	if w.slots[v] && w.seen[v] == nil {
		w.seen[v] = at
	}
	switch v.Kind() {
	case perl.Ref:
		if err := v.ThawError(); err != nil && w.err == nil {
			w.err = err
		}
		w.ref(v.Target(), at)
	case perl.Undef:
		w.buf = append(w.buf, "undef"...)
	case perl.Int, perl.Uint:
		s, _ := v.AsString()
		if len(s) > 10 { // for the sake of machines of 32 bits
			w.quote(s)
			return
		}
		w.buf = append(w.buf, s...)
	case perl.Bool:
		if v.Bool() {
			w.buf = append(w.buf, '1')
		} else {
			w.buf = append(w.buf, "''"...)
		}
	case perl.Double:
		s, _ := v.AsString()
		w.quote(s)
	case perl.Bytes:
		w.quote(v.Str())
	case perl.Text:
		w.quoteText(v.Str())
	case perl.VString:
		w.vstring(v)
	default:
		w.fail("a scalar", v.Kind().String())
	}
}

// element writes an element of an array or a hash. Most need no name: nothing refers to them.
func (w *writer) element(v *perl.Value, at name) {
	if v.Kind() == perl.Ref || w.slots[v] {
		own := at
		w.value(v, &own)
		return
	}
	w.value(v, nil)
}

func (w *writer) vstring(v *perl.Value) {
	s := v.Literal()
	for i := range len(s) {
		if c := s[i]; c != '.' && c != '_' && (c < '0' || c > '9') && (i > 0 || c != 'v') {
			w.fail("a v-string of digits", fmt.Sprintf("%.40q", s))
			return
		}
	}
	if w.fits(len(s)) {
		w.buf = append(w.buf, s...)
	}
}

func (w *writer) ref(t *perl.Value, at *name) {
	if t == nil {
		w.fail("a reference to something", "one to nothing")
		return
	}
	slot := w.slots[t]
	if w.seen[t] != nil || slot && at.step != stepRoot {
		w.buf = append(w.buf, placeholder(t)...)
		w.post = append(w.post, fixup{at, t})
		return
	}
	w.seen[t] = at
	if slot {
		w.seen[t] = &name{up: at, step: stepTarget}
	}
	if w.depth == 0 {
		w.sank = true
		if w.err == nil {
			w.err = &LimitError{"MaxDepth", w.opt.MaxDepth, w.opt.MaxDepth + 1, len(w.buf)}
		}
	}
	if w.err != nil {
		return
	}
	w.depth--
	w.target(t, at)
	w.depth++
}

func placeholder(t *perl.Value) string {
	switch t.Kind() {
	case perl.Array:
		return "[]"
	case perl.Hash:
		return "{}"
	}
	return "do{my $o}"
}

// target writes a reference to t, which is in the scalar at.
func (w *writer) target(t *perl.Value, at *name) {
	class := t.Class()
	blessed := class != "" && (t.Kind() != perl.Regexp || class != "Regexp")
	if blessed {
		w.buf = append(w.buf, "bless( "...)
	}
	switch t.Kind() {
	case perl.Array:
		w.buf = append(w.buf, '[')
		for i, e := range t.Elems() {
			if !w.fits(0) {
				return
			}
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			w.element(e, name{up: at, step: stepElem, i: i})
		}
		w.buf = append(w.buf, ']')
	case perl.Hash:
		w.hash(t, at)
	case perl.Regexp:
		w.regexp(t)
	case perl.Code, perl.Tied, perl.Hooked:
		w.fail("data", t.Kind().String())
	default:
		before, after := `\`, ""
		if class != "" {
			before, after = `do{\(my $o = `, ")}"
		}
		w.buf = append(w.buf, before...)
		w.value(t, &name{up: at, step: stepTarget})
		w.buf = append(w.buf, after...)
	}
	if blessed {
		w.buf = append(w.buf, ", "...)
		w.quote(class)
		w.buf = append(w.buf, " )"...)
	}
}

func (w *writer) hash(t *perl.Value, at *name) {
	pairs := slices.DeleteFunc(slices.Clone(t.Pairs()), func(p perl.Pair) bool { return p.Flags&perl.KeyPlaceholder != 0 })
	if w.opt.Canonical {
		slices.SortFunc(pairs, perl.Pair.Compare)
	}
	w.buf = append(w.buf, '{')
	for i := range pairs {
		if !w.fits(0) {
			return
		}
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.key(&pairs[i])
		w.buf = append(w.buf, " => "...)
		w.element(pairs[i].Value, name{up: at, step: stepPair, key: &pairs[i]})
	}
	w.buf = append(w.buf, '}')
}

func (w *writer) key(p *perl.Pair) {
	if p.Flags&(perl.KeyUTF8|perl.KeyWasUTF8) != 0 {
		w.quoteText(p.Name())
	} else {
		w.quote(p.Key)
	}
}

// quote writes octets in single quotes.
func (w *writer) quote(s string) {
	if !w.fits(len(s)) {
		return
	}
	w.buf = append(w.buf, '\'')
	for {
		i := strings.IndexAny(s, `'\`)
		if i < 0 {
			break
		}
		w.buf = append(append(w.buf, s[:i]...), '\\', s[i])
		s = s[i+1:]
	}
	w.buf = append(append(w.buf, s...), '\'')
}

// quoteText writes characters, in double quotes if there are any beyond ASCII.
func (w *writer) quoteText(s string) {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		w.quote(s)
		return
	}
	w.buf = append(w.buf, '"')
	for s != "" && w.fits(0) {
		c, n := perl.DecodeCharacter(s)
		switch {
		case n == 0:
			w.fail("UTF-8", fmt.Sprintf("%.20q", s))
			return
		case c >= utf8.RuneSelf:
			w.character(c)
		case c == '"' || c == '\\' || c == '$' || c == '@':
			w.buf = append(w.buf, '\\', byte(c))
		default:
			w.buf = append(w.buf, byte(c))
		}
		s = s[n:]
	}
	w.buf = append(w.buf, '"')
}

// character writes a character by its number.
func (w *writer) character(c uint64) {
	w.buf = append(w.buf, `\x{`...)
	w.buf = append(strconv.AppendUint(w.buf, c, 16), '}')
}

// regexp writes a pattern with a backslash before slashes, characters beyond ASCII escaped, and a
// newline behind a comment that it ends in.
func (w *writer) regexp(t *perl.Value) {
	w.buf = append(w.buf, "qr/"...)
	pattern, modifiers := t.Str(), t.Modifiers()
	text := strings.Contains(modifiers, "u") && perl.IsCharacters(pattern)
	for i := 0; i < len(pattern) && w.fits(0); {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern) && pattern[i+1] < utf8.RuneSelf:
			w.buf = append(w.buf, c, pattern[i+1])
			i += 2
			continue
		case c == '/':
			w.buf = append(w.buf, '\\')
		case c >= utf8.RuneSelf && text:
			c, n := perl.DecodeCharacter(pattern[i:])
			w.character(c)
			i += n
			continue
		}
		w.buf = append(w.buf, c)
		i++
	}
	if qr.Look(pattern, modifiers).RunsOn {
		w.buf = append(w.buf, '\n')
	}
	w.buf = append(w.buf, '/')
	w.buf = append(w.buf, modifiers...)
}

// fixups writes the statements that complete shared references and cycles.
func (w *writer) fixups() {
	for _, f := range w.post {
		if !w.fits(0) {
			return
		}
		w.name(f.at)
		w.buf = append(w.buf, " = "...)
		at := w.seen[f.target]
		switch {
		case !w.slots[f.target]:
			w.name(at)
		case f.target.Class() != "":
			w.buf = append(w.buf, `bless( \`...)
			w.name(at)
			w.buf = append(w.buf, ", "...)
			w.quote(f.target.Class())
			w.buf = append(w.buf, " )"...)
		default:
			w.buf = append(w.buf, '\\')
			w.name(at)
		}
		w.buf = append(w.buf, ';')
	}
}

// name writes a path. It is walked without recursion: lists linked by references make long ones.
func (w *writer) name(n *name) {
	var steps []*name
	for ; n != nil; n = n.up {
		steps = append(steps, n)
	}
	for _, s := range steps {
		if s.step == stepTarget {
			w.buf = append(w.buf, "${"...)
		}
	}
	w.buf = append(w.buf, w.opt.Variable...)
	arrow := true // Data::Dumper leaves it out between subscripts, unless there is a ${} before
	braces := false
	for i := len(steps) - 2; i >= 0 && w.fits(0); i-- {
		s := steps[i]
		if s.step == stepTarget {
			w.buf = append(w.buf, '}')
			braces = true
			continue
		}
		if arrow || braces {
			w.buf = append(w.buf, "->"...)
		}
		arrow = false
		if s.step == stepElem {
			w.buf = append(w.buf, '[')
			w.buf = append(strconv.AppendInt(w.buf, int64(s.i), 10), ']')
		} else {
			w.buf = append(w.buf, '{')
			w.key(s.key)
			w.buf = append(w.buf, '}')
		}
	}
}
