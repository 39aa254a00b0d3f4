package perl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
)

// FormatOptions direct Format. The zero value writes all on one line.
type FormatOptions struct {
	Indent    string // what each level is indented by; "" for one line
	MaxString int    // octets shown of a string; 0 for all
	MaxItems  int    // elements shown of an array or hash; 0 for all
	MaxDepth  int    // levels shown, at most 100,000; 0 for 100
	MaxWidth  int    // octets of the whole, about, and as many more as the last string has; 0 for 256 MiB
	SortKeys  bool   // show hashes by key; false for in their own order
}

const defaultFormatDepth, defaultFormatWidth = 100, 256 << 20

// Format shows v for people, in the manner of Data::Dumper: byte strings in single quotes if plain,
// text in double quotes, booleans as !!1 and !!0, and what was shown before, also in circles, by
// its path:
//
//	{list => [1, 'two', undef], self => $VAR1, object => bless({}, 'Some::Class')}
//
// Whatever is too long ends in "...". It is not meant to be read back.
func Format(v *Value, opts FormatOptions) string {
	f := formatter{opt: opts, seen: map[*Value]*place{}}
	if f.opt.MaxDepth <= 0 {
		f.opt.MaxDepth = defaultFormatDepth
	}
	f.opt.MaxDepth = min(f.opt.MaxDepth, deep.Most)
	if f.opt.MaxWidth <= 0 {
		f.opt.MaxWidth = defaultFormatWidth
	}
	if f.opt.MaxDepth > deep.Shallow {
		deep.Call(func() { f.value(v, &place{}, 0) })
	} else {
		f.value(v, &place{}, 0)
	}
	return f.b.String()
}

type formatter struct {
	b     strings.Builder
	opt   FormatOptions
	level int // containers open
	seen  map[*Value]*place
}

// full tells whether the whole is wide enough.
func (f *formatter) full() bool { return f.b.Len() >= f.opt.MaxWidth }

func (f *formatter) str(s string, text bool) {
	if m := f.opt.MaxString; m > 0 && len(s) > m {
		quote(&f.b, s[:m], text)
		f.b.WriteString("...")
		return
	}
	quote(&f.b, s, text)
}

// value shows a scalar, or a container that is not the target of a reference.
func (f *formatter) value(v *Value, at *place, depth int) {
	if v == nil {
		f.b.WriteString("<hole>")
		return
	}
	if first := f.seen[v]; first != nil && !v.Immortal() {
		f.b.WriteString("${\\" + first.expr() + "}")
		return
	}
	f.seen[v] = at
	class := v.Class()
	if class != "" && v.kind != Array && v.kind != Hash && v.kind != Code && v.kind != Regexp && v.kind != Hooked {
		f.b.WriteString("blessed(")
	} else if class != "" && v.kind != Hooked {
		f.b.WriteString("bless(")
	}
	f.plain(v, at, depth)
	if class != "" && v.kind != Hooked {
		f.b.WriteString(", ")
		f.str(class, false)
		f.b.WriteByte(')')
	}
}

func (f *formatter) plain(v *Value, at *place, depth int) {
	switch v.kind {
	case Undef:
		f.b.WriteString("undef")
	case Int, Uint:
		s, _ := v.AsString()
		f.b.WriteString(s)
	case Double:
		f.b.WriteString(formatDouble(v.Double()))
	case Bool:
		f.b.WriteString("!!" + strconv.Itoa(int(v.number())))
	case Bytes:
		f.str(v.Str(), false)
	case Text:
		f.str(v.Str(), true)
	case VString:
		f.b.WriteString(visible.Text(v.Literal()))
	case Code:
		f.b.WriteString("sub ")
		f.str(v.Str(), v.UTF8())
	case Regexp:
		f.b.WriteString("qr/" + visible.Text(v.Str()) + "/" + visible.Text(v.Modifiers()))
	case Array, Hash:
		f.container(v, at, depth)
	case Ref:
		f.ref(v, at, depth)
	case Tied:
		f.b.WriteString("tied " + [...]string{"scalar", "array", "hash", "hash element", "array element"}[v.TiedKind()] + "(")
		f.inner(v.Target(), &place{at, stepTied, "", 0}, depth)
		if v.TiedKind() == TiedKey {
			f.b.WriteString(", ")
			f.inner(v.TiedKey(), &place{at, stepTiedKey, "", 0}, depth)
		} else if v.TiedKind() == TiedElement {
			f.b.WriteString(", " + strconv.FormatInt(v.TiedIndex(), 10))
		}
		f.b.WriteByte(')')
	case Hooked:
		f.b.WriteString("frozen(")
		f.str(v.Class(), false)
		f.b.WriteString(", ")
		f.str(v.Str(), false)
		for i, r := range v.HookRefs() {
			f.b.WriteString(", ")
			if f.opt.MaxItems > 0 && i >= f.opt.MaxItems || f.full() {
				fmt.Fprintf(&f.b, "... %d more", len(v.HookRefs())-i)
				break
			}
			f.pointing(r, &place{&place{at, stepHookRef, "", i}, stepTarget, "", 0}, depth)
		}
		if m := v.HookMagic(); m != nil {
			f.b.WriteString(", tied ")
			f.inner(m, &place{at, stepTied, "", 0}, depth)
		}
		f.b.WriteByte(')')
	}
}

func formatDouble(x float64) string {
	s := FormatDouble(x, 15)
	if y, err := strconv.ParseFloat(s, 64); err != nil || y != x {
		s = FormatDouble(x, 17)
	}
	if x == 0 && s == "-0" || !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}

func (f *formatter) inner(v *Value, at *place, depth int) {
	if depth >= f.opt.MaxDepth || f.full() {
		f.b.WriteString("...")
		return
	}
	f.value(v, at, depth+1)
}

func (f *formatter) ref(v *Value, at *place, depth int) {
	if v.Weak() {
		f.b.WriteString("weak ")
	}
	f.pointing(v.Target(), &place{at, stepTarget, "", 0}, depth)
}

// pointing shows a reference to t, which is at target.
func (f *formatter) pointing(t *Value, target *place, depth int) {
	if first := f.seen[t]; first != nil && t != nil {
		f.b.WriteString(reference(first))
		return
	}
	switch t.Kind() {
	case Array, Hash, Code, Regexp, Hooked:
	default:
		f.b.WriteByte('\\')
	}
	f.inner(t, target, depth)
}

// reference is the expression of a reference to what was met at p.
func reference(p *place) string {
	if p.step == stepTarget {
		return p.up.expr()
	}
	return `\` + p.expr()
}

func (f *formatter) container(v *Value, at *place, depth int) {
	elems, pairs := v.Elems(), v.Pairs()
	open, end, n := "[", "]", len(elems)
	if v.kind == Hash {
		open, end, n = "{", "}", len(pairs)
		if v.Restricted() {
			open = "locked {"
		}
		if f.opt.SortKeys {
			pairs = sortedPairs(pairs)
		}
	}
	f.b.WriteString(open)
	f.level++
	for i := range n {
		if f.opt.MaxItems > 0 && i >= f.opt.MaxItems || f.full() {
			f.newline()
			fmt.Fprintf(&f.b, "... %d more", n-i)
			break
		}
		f.newline()
		if v.kind == Array {
			f.inner(elems[i], &place{at, stepElement, "", i}, depth)
		} else {
			p := &pairs[i]
			f.b.WriteString(f.key(p) + " => ")
			if p.Flags&KeyPlaceholder != 0 {
				f.b.WriteString("<deleted>")
			} else {
				f.inner(p.Value, &place{at, stepPair, p.Key, 0}, depth)
			}
		}
		if i < n-1 {
			f.b.WriteByte(',')
			if f.opt.Indent == "" {
				f.b.WriteByte(' ')
			}
		}
	}
	f.level--
	if n > 0 {
		f.newline()
	}
	f.b.WriteString(end)
}

func (f *formatter) key(p *Pair) string {
	key := p.Key
	if p.Flags&KeyWasUTF8 != 0 {
		key = FromLatin1(key)
	}
	if m := f.opt.MaxString; m > 0 && len(key) > m {
		return quoteKey(key[:m]) + "..."
	}
	if p.Flags&(KeyUTF8|KeyWasUTF8) == 0 && !isPlain(key) {
		var b strings.Builder
		quote(&b, key, false)
		return b.String()
	}
	return quoteKey(key)
}

func (f *formatter) newline() {
	if f.opt.Indent != "" {
		f.b.WriteString("\n" + strings.Repeat(f.opt.Indent, f.level))
	}
}
