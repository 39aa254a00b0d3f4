package freezethaw

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/internal/budget"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/internal/qr"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

const signature = "FrT;"

// Thaw reads a text that holds one value, like (FreezeThaw::thaw $text)[0]. The error is an *Error
// or a *LimitError. The result keeps no part of text.
func (c *Codec) Thaw(text []byte) (*perl.Value, error) {
	v, _, err := c.thaw(text, c.opt.MaxAlloc)
	return v, err
}

// thaw is Thaw with so much room in the heap, in octets. held is what it took of it.
func (c *Codec) thaw(text []byte, room int) (v *perl.Value, held int64, err error) {
	list, held, err := c.thawList(text, room)
	switch {
	case err != nil:
		return nil, held, err
	case len(list) != 1:
		return nil, held, &Error{ErrCount, len(signature), "one value", fmt.Sprintf("%d", len(list))}
	}
	return list[0], held, nil
}

// ThawList reads a text, like FreezeThaw::thaw. Errors are those of Thaw.
func (c *Codec) ThawList(text []byte) ([]*perl.Value, error) {
	list, _, err := c.thawList(text, c.opt.MaxAlloc)
	return list, err
}

func (c *Codec) thawList(text []byte, room int) (list []*perl.Value, held int64, err error) {
	if len(text) > room {
		return nil, int64(len(text)), &LimitError{"MaxAlloc", room, len(text), 0}
	}
	d := &decoder{s: string(text), opt: c.opt}
	list, err = d.read(room, deep.Shallow)
	if d.sank && c.opt.MaxDepth > deep.Shallow {
		list, err = d.readDeep(room)
	}
	return list, d.Cost(), err
}

func (d *decoder) readDeep(room int) (list []*perl.Value, err error) {
	*d = decoder{s: d.s, opt: d.opt}
	deep.Call(func() { list, err = d.read(room, d.opt.MaxDepth) })
	return list, err
}

// read reads the text, no deeper than so many levels.
func (d *decoder) read(room, levels int) ([]*perl.Value, error) {
	d.Begin(d.opt.MaxElements, int64(room), int64(len(d.s)))
	d.depth = min(d.opt.MaxDepth, levels)
	return d.list()
}

// list reads the whole text.
func (d *decoder) list() ([]*perl.Value, error) {
	if len(d.s) < len(signature) || d.s[:len(signature)] != signature {
		return nil, &Error{ErrSyntax, 0, `"` + signature + `"`, fmt.Sprintf("%q", d.s[:min(len(d.s), 8)])}
	}
	d.pos = len(signature)
	if d.peek() == '!' {
		d.repeated()
	}
	at := d.pos
	top := d.value()
	switch {
	case d.err != nil:
		return nil, d.err
	case d.pos != len(d.s):
		return nil, &Error{ErrTrailing, d.pos, "the end", fmt.Sprintf("%d more octets", len(d.s)-d.pos)}
	case top.Target().Kind() != perl.Array || top.Target().Class() != "":
		return nil, &Error{ErrSyntax, at, "a list", fmt.Sprintf("%q", d.s[at])}
	}
	list := top.Target().Elems()
	for i, v := range list {
		if v == nil {
			list[i] = perl.NewUndef()
		}
	}
	return list, nil
}

type decoder struct {
	budget.Budget
	s       string
	pos     int
	opt     Options
	depth   int  // levels left
	sank    bool // there were none left
	slab    perl.Slab
	shared  []*perl.Value // what <n| refers to
	classes map[int]string
	err     error
}

func (d *decoder) fail(err error, at int, expected, got string) *perl.Value {
	if d.err == nil {
		d.err = &Error{err, at, expected, got}
	}
	return nil
}

func (d *decoder) exceeded(name string, most, got int64) {
	if d.err == nil {
		d.err = &LimitError{name, int(most), int(got), d.pos}
	}
}

// spend counts octets of the heap, and looks whether there may be n Values more.
func (d *decoder) spend(octets int64, n int) bool {
	if d.Spend(octets, n) {
		return true
	}
	d.exceeded(d.Excess(n))
	return false
}

// count reads the number of members that follow, each of which takes at least least octets. They
// are owed then.
func (d *decoder) count(least int) (int, bool) {
	at := d.pos
	n, ok := d.number("a count")
	if ok && !d.Promise(uint64(n), least, len(d.s)-d.pos) {
		d.fail(ErrCount, at, fmt.Sprintf("a count that %d octets can hold", d.Free(len(d.s)-d.pos)), fmt.Sprint(n))
		return 0, false
	}
	return n, ok
}

// peek returns the next octet, or 0 at the end.
func (d *decoder) peek() byte {
	if d.pos < len(d.s) {
		return d.s[d.pos]
	}
	return 0
}

// number reads digits and a bar.
func (d *decoder) number(what string) (int, bool) {
	const most = 1<<31 - 1
	n, at := int64(0), d.pos
	for ; d.pos < len(d.s) && d.s[d.pos] >= '0' && d.s[d.pos] <= '9'; d.pos++ {
		if n = n*10 + int64(d.s[d.pos]-'0'); n > most {
			d.fail(ErrCount, at, what+" below 2^31", "a larger one")
			return 0, false
		}
	}
	if d.pos == len(d.s) {
		d.fail(ErrTruncated, d.pos, what+` and "|"`, "the end")
		return 0, false
	}
	if d.s[d.pos] != '|' || d.pos == at {
		d.fail(ErrSyntax, d.pos, what+` and "|"`, fmt.Sprintf("%q", d.s[d.pos]))
		return 0, false
	}
	d.pos++
	return int(n), true
}

// str reads a length and so many characters, after the letter.
func (d *decoder) str() (string, bool) {
	n, ok := d.number("a string's length")
	if !ok {
		return "", false
	}
	size := n
	if d.opt.UTF8 {
		size = 0
		for range n {
			if size >= len(d.s)-d.pos {
				size++
				break
			}
			_, w := utf8.DecodeRuneInString(d.s[d.pos+size:])
			size += w
		}
	}
	if size > len(d.s)-d.pos {
		d.fail(ErrTruncated, d.pos, fmt.Sprintf("%d characters of a string", n), fmt.Sprintf("%d octets", len(d.s)-d.pos))
		return "", false
	}
	if size > d.opt.MaxString {
		d.exceeded("MaxString", int64(d.opt.MaxString), int64(size))
		return "", false
	}
	d.pos += size
	return d.s[d.pos-size : d.pos], true
}

func (d *decoder) stringValue(s string) *perl.Value {
	if d.opt.UTF8 {
		for i := range len(s) {
			if s[i] >= utf8.RuneSelf {
				return d.slab.Text(s)
			}
		}
	}
	return d.slab.Bytes(s)
}

// enter counts a value and goes a level deeper.
func (d *decoder) enter() bool {
	if d.Left == 0 {
		d.exceeded(d.Excess(1))
		return false
	}
	if d.depth == 0 {
		d.sank = true
		d.exceeded("MaxDepth", int64(d.opt.MaxDepth), int64(d.opt.MaxDepth)+1)
		return false
	}
	d.Left--
	d.depth--
	return true
}

// value reads a value: a scalar of its own.
func (d *decoder) value() *perl.Value {
	if d.err != nil || !d.enter() {
		return nil
	}
	v := d.plain()
	d.depth++
	return v
}

func (d *decoder) plain() *perl.Value {
	if d.pos >= len(d.s) {
		return d.fail(ErrTruncated, d.pos, "a value", "the end")
	}
	c := d.s[d.pos]
	d.pos++
	switch c {
	case '_':
		return d.slab.Undef()
	case '$':
		if s, ok := d.str(); ok {
			return d.stringValue(s)
		}
		return nil
	case '@':
		return d.array()
	case '%':
		return d.hash()
	case '\\':
		target := d.value()
		if target == nil {
			return nil
		}
		return d.slab.Ref(target)
	case '/':
		if s, ok := d.str(); ok && d.spend(perl.ValueSize+perl.RareSize, 0) {
			modifiers := ""
			if qr.Look(s, "").Keeps {
				modifiers = "p"
			}
			return d.slab.Ref(d.slab.Regexp(s, modifiers).Bless("Regexp"))
		}
		return nil
	case '<':
		at := d.pos
		n, ok := d.number("an index")
		if !ok {
			return nil
		}
		if n >= len(d.shared) {
			return d.fail(ErrIndex, at, fmt.Sprintf("an index below %d", len(d.shared)), fmt.Sprint(n))
		}
		return d.slab.Ref(d.shared[n])
	case '>':
		return d.object()
	case '&', '*', '?':
		return d.fail(ErrUnsupported, d.pos-1, "plain data",
			map[byte]string{'&': "code", '*': "a glob", '?': "data kept by the writer"}[c])
	}
	return d.fail(ErrSyntax, d.pos-1, "a value", fmt.Sprintf("%q", c))
}

func (d *decoder) array() *perl.Value {
	n, ok := d.count(1)
	if !ok || !d.spend(perl.ValueSize+int64(n)*perl.ElemSize, n) {
		return nil
	}
	v, elems := d.slab.Array(n)
	for i := range elems {
		d.Owed--
		if elems[i] = d.value(); elems[i] == nil {
			return nil
		}
	}
	return d.slab.Ref(v)
}

func (d *decoder) hash() *perl.Value {
	at := d.pos
	n, ok := d.count(1)
	if !ok || !d.spend(perl.ValueSize+int64(n/2)*perl.PairSize+keys.Size(n/2), n) {
		return nil
	}
	if n%2 != 0 {
		return d.fail(ErrCount, at, "as many keys as values", fmt.Sprintf("%d of both", n))
	}
	v, pairs := d.slab.Hash(n / 2)
	var seen keys.Set
	for i := range pairs {
		at := d.pos
		d.Owed--
		key := d.value()
		if key == nil {
			return nil
		}
		s, ok := key.AsString()
		if !ok {
			return d.fail(ErrSyntax, at, "a key that is a string", key.Kind().String())
		}
		if pairs[i] = perl.P(s, nil); key.Kind() == perl.Text {
			pairs[i] = perl.TextPair(s, nil)
		}
		if (len(pairs) > keys.Few || seen.Suspect(pairs[i].Key)) && seen.Add(pairs, i) {
			return d.fail(ErrSyntax, at, "a key not yet in the hash", fmt.Sprintf("%.80q", s))
		}
	}
	for i := range pairs {
		d.Owed--
		if pairs[i].Value = d.value(); pairs[i].Value == nil {
			return nil
		}
	}
	return d.slab.Ref(v)
}

// classSize is what is kept of a class to be found by its number, in octets of the heap.
const classSize = 64

// class reads a class: named, or by its number.
func (d *decoder) class() (string, bool) {
	c, at := d.peek(), d.pos
	if c != '>' && c != ')' {
		d.fail(ErrSyntax, at, "a class", fmt.Sprintf("%q", d.s[at:min(at+1, len(d.s))]))
		return "", false
	}
	d.pos++
	n, ok := d.number("the number of a class")
	if !ok {
		return "", false
	}
	if c == ')' {
		name, ok := d.classes[n]
		if !ok {
			d.fail(ErrIndex, at, "a class seen before", fmt.Sprintf("class %d", n))
		}
		return name, ok
	}
	if d.peek() != '$' {
		d.fail(ErrSyntax, d.pos, "the name of a class", fmt.Sprintf("%q", d.s[d.pos:min(d.pos+1, len(d.s))]))
		return "", false
	}
	d.pos++
	name, ok := d.str()
	if ok && name == "" {
		d.fail(ErrSyntax, d.pos, "the name of a class", "an empty one")
		return "", false
	}
	if _, again := d.classes[n]; ok && !again {
		ok = d.spend(classSize, 0)
	}
	if ok {
		if d.classes == nil {
			d.classes = make(map[int]string)
		}
		d.classes[n] = name
	}
	return name, ok
}

// object reads a class and a reference, and blesses what that points at.
func (d *decoder) object() *perl.Value {
	class, ok := d.class()
	if !ok {
		return nil
	}
	at := d.pos
	v := d.value()
	if v == nil {
		return nil
	}
	if v.Kind() != perl.Ref {
		return d.fail(ErrSyntax, at, "a reference to bless", v.Kind().String())
	}
	if !d.spend(perl.RareSize, 0) {
		return nil
	}
	v.Target().Bless(class)
	return v
}

// leastShared is the octets of a thing that is referred to more than once at least, empty or full.
const leastShared = 2

// repeated reads what is referred to more than once: all of it empty, then all of it full.
func (d *decoder) repeated() {
	d.pos++
	at := d.pos
	last, ok := d.number("the last index of what is shared")
	if !ok {
		return
	}
	if rest := len(d.s) - d.pos; !d.Promise(uint64(last)+1, 2*leastShared, rest) {
		d.fail(ErrCount, at, fmt.Sprintf("an index that %d octets can hold", rest), fmt.Sprint(last))
		return
	}
	if !d.spend(int64(last+1)*perl.ElemSize, last+1) {
		return
	}
	empty := make([]*perl.Value, 0, last+1)
	for range last + 1 {
		at := d.pos
		d.Owed -= leastShared
		class, ok := d.classAfter('{')
		v := d.value()
		if !ok || v == nil {
			return
		}
		if v.Kind() != perl.Ref {
			d.fail(ErrSyntax, at, "an empty thing", v.Kind().String())
			return
		}
		if class != "" {
			if !d.spend(perl.RareSize, 0) {
				return
			}
			v.Target().Bless(class)
		}
		empty = append(empty, v.Target())
	}
	d.shared = empty
	for _, target := range empty {
		at := d.pos
		d.Owed -= leastShared
		class, ok := d.classAfter('}')
		v := d.value()
		if !ok || v == nil {
			return
		}
		full := v.Target()
		if full == nil || full.Kind() != target.Kind() && !(isScalar(full) && isScalar(target)) {
			d.fail(ErrSyntax, at, "the contents of "+target.Kind().String(),
				strings.TrimSuffix(v.Kind().String()+" to "+full.Kind().String(), " to undef"))
			return
		}
		if class == "" {
			class = full.Class()
		}
		if rare := class != "" || full.Kind() == perl.Regexp; rare && !d.spend(2*perl.RareSize, 0) {
			return
		}
		target.Assign(full)
		if class != "" && target.Class() != class {
			target.Bless(class)
		}
	}
}

func (d *decoder) classAfter(c byte) (string, bool) {
	if d.peek() != c {
		return "", true
	}
	d.pos++
	return d.class()
}

func isScalar(v *perl.Value) bool {
	switch v.Kind() {
	case perl.Undef, perl.Bytes, perl.Text, perl.Ref:
		return true
	}
	return false
}
