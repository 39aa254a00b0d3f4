package freezethaw

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Freeze writes one value, like FreezeThaw::freeze; for IKC it is a reference. The error is an
// *Error, a *LimitError, or the ThawError of a reference in v.
func (c *Codec) Freeze(v *perl.Value) ([]byte, error) { return c.FreezeList(v) }

// FreezeList writes values, like FreezeThaw::freeze. Errors are those of Freeze.
func (c *Codec) FreezeList(list ...*perl.Value) ([]byte, error) {
	e := encoder{opt: c.opt, depth: c.opt.MaxDepth, count: map[*perl.Value]int{}, index: map[*perl.Value]int{}}
	top := perl.ArrayRef(list...)
	e.begin(signature)
	e.value(top)
	if len(e.shared) > 0 && e.err == nil {
		e.again(top)
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.buf, nil
}

// encoder writes a text in two passes, the first of which finds out what is referred to more than
// once.
type encoder struct {
	opt     Options
	depth   int
	buf     []byte
	count   map[*perl.Value]int // how often each target was met
	index   map[*perl.Value]int // of those met again, in that order
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
		if class := objectClass(t); class != "" {
			e.buf = append(e.buf, '{')
			e.class(class)
		}
		switch t.Kind() {
		case perl.Array:
			e.buf = append(e.buf, "@0|"...)
		case perl.Hash:
			e.buf = append(e.buf, "%0|"...)
		case perl.Regexp:
			e.buf = append(e.buf, "/5|(?^:)"...)
		default:
			e.buf = append(e.buf, `\_`...)
		}
	}
	for _, t := range e.shared {
		if class := objectClass(t); class != "" {
			e.buf = append(e.buf, '}')
			e.class(class)
		}
		e.contents(t)
	}
	e.value(top)
}

// objectClass is the class of an object, which an ordinary regexp is not.
func objectClass(t *perl.Value) string {
	if t.Kind() == perl.Regexp && t.Class() == "Regexp" {
		return ""
	}
	return t.Class()
}

func (e *encoder) fail(expected, got string) {
	if e.err == nil {
		e.err = &Error{ErrUnsupported, len(e.buf), expected, got}
	}
}

func (e *encoder) number(n int) {
	e.buf = append(strconv.AppendInt(e.buf, int64(n), 10), '|')
}

func (e *encoder) str(letter byte, s string, text bool) {
	n := len(s)
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
	case e.second && e.count[t] > 1:
		e.buf = append(e.buf, '<')
		e.number(e.index[t])
		return
	case !e.second:
		e.count[t]++
		if n := e.count[t]; n > 1 {
			if n == 2 {
				e.index[t] = len(e.shared)
				e.shared = append(e.shared, t)
			}
			return
		}
	}
	if class := objectClass(t); class != "" && t.Kind() != perl.Regexp { // a regexp loses its class
		e.buf = append(e.buf, '>')
		e.class(class)
	}
	e.contents(t)
}

// contents writes a reference to t without regard to its class and to where else it is.
func (e *encoder) contents(t *perl.Value) {
	if e.depth == 0 {
		if e.err == nil {
			e.err = &LimitError{"MaxDepth", e.opt.MaxDepth, e.opt.MaxDepth + 1, len(e.buf)}
		}
	}
	if e.err != nil {
		return
	}
	e.depth--
	defer func() { e.depth++ }()
	switch t.Kind() {
	case perl.Array:
		e.buf = append(e.buf, '@')
		e.number(len(t.Elems()))
		for _, v := range t.Elems() {
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
	slices.SortFunc(pairs, func(a, b perl.Pair) int { return strings.Compare(a.Name(), b.Name()) })
	e.buf = append(e.buf, '%')
	e.number(2 * len(pairs))
	for _, p := range pairs {
		e.str('$', p.Key, p.Flags&perl.KeyUTF8 != 0)
	}
	for _, p := range pairs {
		e.value(p.Value)
	}
}
