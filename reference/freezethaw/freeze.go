package freezethaw

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Freeze writes one value, like FreezeThaw::freeze; for IKC it is a reference. The error is an
// *Error, a *LimitError, or the ThawError of a reference in v.
func (c *Codec) Freeze(v *perl.Value) ([]byte, error) { return c.FreezeList(v) }

// FreezeList writes values, like FreezeThaw::freeze. Errors are those of Freeze.
func (c *Codec) FreezeList(list ...*perl.Value) ([]byte, error) {
	return c.freezeList(c.opt.MaxText, list...)
}

// freezeList is FreezeList of a text of at most so many octets.
func (c *Codec) freezeList(most int, list ...*perl.Value) ([]byte, error) {
	top := perl.ArrayRef(list...)
	text, sank, err := c.write(top, most, deep.Shallow)
	if sank && c.opt.MaxDepth > deep.Shallow {
		return c.writeDeep(top, most)
	}
	return text, err
}

func (c *Codec) writeDeep(top *perl.Value, most int) (text []byte, err error) {
	deep.Call(func() { text, _, err = c.write(top, most, c.opt.MaxDepth) })
	return text, err
}

// write writes a list, no deeper than so many levels. sank tells whether there were too few.
func (c *Codec) write(top *perl.Value, most, levels int) (text []byte, sank bool, err error) {
	e := encoder{opt: c.opt, depth: min(c.opt.MaxDepth, levels), most: most, met: map[*perl.Value]int{}}
	e.begin(signature)
	e.value(top)
	if len(e.shared) > 0 && e.err == nil {
		e.again(top)
	}
	if e.fits(0); e.err != nil {
		return nil, e.sank, e.err
	}
	return e.buf, false, nil
}

// encoder writes a text in two passes, the first of which finds out what is referred to more than
// once.
type encoder struct {
	opt     Options
	depth   int
	sank    bool // there were no levels left
	most    int  // octets of the text
	buf     []byte
	met     map[*perl.Value]int // the targets; of those met again which of shared it is, from 1
	shared  []*perl.Value
	second  bool
	classes map[string]int
	err     error
}

func (e *encoder) begin(s string) {
	e.buf = append(e.buf[:0], s...)
	e.classes = map[string]int{}
}

func (e *encoder) again(top *perl.Value) {
	e.second = true
	e.begin(signature + "!")
	e.number(len(e.shared) - 1)
	for _, t := range e.shared {
		if !e.fits(0) {
			return
		}
		if class := t.Class(); class != "" {
			e.buf = append(e.buf, '{')
			e.class(class)
		}
		switch t.Kind() {
		case perl.Array:
			e.buf = append(e.buf, "@0|"...)
		case perl.Hash:
			e.buf = append(e.buf, "%0|"...)
		default:
			e.buf = append(e.buf, `\_`...)
		}
	}
	for _, t := range e.shared {
		if class := t.Class(); class != "" {
			e.buf = append(e.buf, '}')
			e.class(class)
		}
		e.contents(t)
	}
	e.value(top)
}

func (e *encoder) fail(expected, got string) {
	if e.err == nil {
		e.err = &Error{ErrUnsupported, len(e.buf), expected, got}
	}
}

// fits tells whether n more octets may be written, and nothing was wrong. All that may be long is
// held against it before it is written, and what is short now and then.
func (e *encoder) fits(n int) bool {
	if n > e.most-len(e.buf) && e.err == nil {
		e.err = &LimitError{"MaxText", e.most, len(e.buf) + n, len(e.buf)}
	}
	return e.err == nil
}

func (e *encoder) number(n int) {
	e.buf = append(strconv.AppendInt(e.buf, int64(n), 10), '|')
}

func (e *encoder) str(letter byte, s string, text bool) {
	n := len(s)
	if !e.fits(n / 2) { // characters of Latin-1 take two octets of UTF-8 at most
		return
	}
	switch {
	case e.opt.UTF8:
		if !text {
			s = perl.FromLatin1(s)
		}
		n = utf8.RuneCountInString(s)
	case text:
		octets, ok := perl.ToLatin1(s)
		if !ok {
			e.fail("characters up to U+00FF", fmt.Sprintf("%.80q", s))
			return
		}
		s, n = octets, len(octets)
	}
	if !e.fits(len(s)) {
		return
	}
	e.buf = append(e.buf, letter)
	e.number(n)
	e.buf = append(e.buf, s...)
}

func (e *encoder) class(name string) {
	if n, ok := e.classes[name]; ok {
		e.buf = append(e.buf, ')')
		e.number(n)
		return
	}
	e.buf = append(e.buf, '>')
	e.number(len(e.classes))
	e.str('$', name, false)
	e.classes[name] = len(e.classes)
}

// value writes a scalar.
func (e *encoder) value(v *perl.Value) {
	switch v.Kind() {
	case perl.Undef:
		e.buf = append(e.buf, '_')
	case perl.Ref:
		if err := v.ThawError(); err != nil && e.err == nil {
			e.err = err
		}
		e.ref(v.Target())
	default:
		s, ok := v.AsString()
		if !ok {
			e.fail("a scalar", v.Kind().String())
			return
		}
		e.str('$', s, v.UTF8())
	}
}

func (e *encoder) ref(t *perl.Value) {
	switch {
	case t.Kind() == perl.Regexp: // it loses its class, and Perl's thaw empties one that is shared
		e.contents(t)
		return
	case e.second:
		if n := e.met[t]; n > 0 {
			e.buf = append(e.buf, '<')
			e.number(n - 1)
			return
		}
	default:
		n, again := e.met[t]
		if again && n == 0 {
			e.shared = append(e.shared, t)
			n = len(e.shared)
		}
		if e.met[t] = n; again {
			return
		}
	}
	if class := t.Class(); class != "" {
		e.buf = append(e.buf, '>')
		e.class(class)
	}
	e.contents(t)
}

// contents writes a reference to t without regard to its class and to where else it is.
func (e *encoder) contents(t *perl.Value) {
	if e.depth == 0 {
		e.sank = true
		if e.err == nil {
			e.err = &LimitError{"MaxDepth", e.opt.MaxDepth, e.opt.MaxDepth + 1, len(e.buf)}
		}
	}
	if !e.fits(0) {
		return
	}
	e.depth--
	defer func() { e.depth++ }()
	switch t.Kind() {
	case perl.Array:
		e.buf = append(e.buf, '@')
		e.number(len(t.Elems()))
		for _, v := range t.Elems() {
			if !e.fits(0) {
				return
			}
			e.value(v)
		}
	case perl.Hash:
		e.hash(t)
	case perl.Regexp:
		e.str('/', perl.RegexpString(t), t.UTF8())
	case perl.Code, perl.Tied, perl.Hooked:
		e.fail("data", t.Kind().String())
	default:
		e.buf = append(e.buf, '\\')
		e.value(t)
	}
}

func (e *encoder) hash(t *perl.Value) {
	pairs := slices.DeleteFunc(slices.Clone(t.Pairs()), func(p perl.Pair) bool { return p.Flags&perl.KeyPlaceholder != 0 })
	slices.SortFunc(pairs, perl.Pair.Compare)
	e.buf = append(e.buf, '%')
	e.number(2 * len(pairs))
	for _, p := range pairs {
		if !e.fits(0) {
			return
		}
		e.str('$', p.Key, p.Flags&perl.KeyUTF8 != 0)
	}
	for _, p := range pairs {
		if !e.fits(0) {
			return
		}
		e.value(p.Value)
	}
}
