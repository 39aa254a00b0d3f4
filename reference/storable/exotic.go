package storable

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var tiedKinds = map[tag]perl.TiedKind{tagTiedScalar: perl.TiedScalar, tagTiedArray: perl.TiedArray,
	tagTiedHash: perl.TiedHash, tagTiedKey: perl.TiedKey, tagTiedIdx: perl.TiedElement}

// tied reads a tied variable, or an element of one: the object that it is tied to, and the key or
// index.
func (d *decoder) tied(t tag) *perl.Value {
	if d.dec.opt.Tied == Reject {
		return d.fail(ErrForbidden, d.pos-1, "no tied variable", t.String())
	}
	v := d.slab.Tied(tiedKinds[t])
	object := d.inner()
	if object == nil {
		return nil
	}
	v.SetTarget(object)
	switch t {
	case tagTiedKey:
		key := d.inner()
		if key == nil {
			return nil
		}
		if !d.spend(perl.RareSize, 0) {
			return nil
		}
		v.SetTiedKey(key)
	case tagTiedIdx:
		n, ok := d.u32("an index")
		if !ok || !d.spend(perl.RareSize, 0) {
			return nil
		}
		v.SetTiedIndex(int64(int32(n)))
	}
	return v
}

// inner reads an object within one that is not an array.
func (d *decoder) inner() *perl.Value {
	if !d.deeper() {
		return nil
	}
	outer := d.inArray
	d.inArray = false
	v := d.value()
	d.inArray = outer
	d.depth++
	return v
}

// code reads the source of a sub. It takes two indices: that of the sub, and that of the text.
func (d *decoder) code() *perl.Value {
	if d.dec.opt.Code == Reject {
		return d.fail(ErrForbidden, d.pos-1, "no code", tagCode.String())
	}
	v := d.slab.Code("")
	text, _ := d.text("the source of a sub")
	if text == nil {
		return nil
	}
	if text.UTF8() {
		v.SetUTF8()
	}
	return v.SetStr(text.Str())
}

// text reads a string in a place where no other object can be.
func (d *decoder) text(what string) (*perl.Value, bool) {
	t, ok := d.octet(what)
	if !ok {
		return nil, false
	}
	switch tag(t) {
	case tagScalar, tagLScalar, tagUTF8Str, tagLUTF8Str:
		return d.scalar(tag(t)), true
	}
	return d.fail(ErrTag, d.pos-1, "a string with "+what, tag(t).String()), false
}

// vstring reads the literal of a version string, and the string, which has the index.
func (d *decoder) vstring(long bool) *perl.Value {
	n, ok := d.length(long, "a literal's length")
	if !ok {
		return nil
	}
	literal, ok := d.str(n, "a literal")
	if !ok {
		return nil
	}
	v, ok := d.text("the value of a v-string")
	if !ok || v == nil || !d.spend(perl.RareSize, 0) {
		return nil
	}
	return v.SetLiteral(literal)
}

func (d *decoder) regexp() *perl.Value {
	at := d.pos
	flags, ok := d.octet("regexp flags")
	if !ok {
		return nil
	}
	if flags&^regexpLongPattern != 0 {
		return d.fail(ErrTag, at, "regexp flags 0 or 1", fmt.Sprintf("0x%02x", flags))
	}
	n, ok := d.length(flags&regexpLongPattern != 0, "a pattern's length")
	if !ok {
		return nil
	}
	pattern, ok := d.str(n, "a pattern")
	if !ok {
		return nil
	}
	if n, ok = d.length(false, "the length of modifiers"); !ok {
		return nil
	}
	modifiers, ok := d.str(n, "modifiers")
	if !ok || !d.spend(perl.RareSize, 0) {
		return nil
	}
	return d.slab.Regexp(pattern, modifiers)
}

// large reads an object whose length or count has eight octets.
func (d *decoder) large() *perl.Value {
	b, ok := d.octet("the tag of a large object")
	if !ok {
		return nil
	}
	t, flags := tag(b), byte(0)
	switch t {
	case tagHook:
		return d.hook(true)
	case tagObject, tagLScalar, tagLUTF8Str, tagArray, tagHash:
	case tagFlagHash:
		if flags, ok = d.octet("hash flags"); !ok {
			return nil
		}
	default:
		return d.fail(ErrTag, d.pos-1, "the tag of a large object", t.String())
	}
	n, ok := d.u64("a length")
	if !ok {
		return nil
	}
	switch t {
	case tagObject:
		d.Left++
		return d.seen(n)
	case tagArray:
		return d.array(n)
	case tagHash, tagFlagHash:
		return d.hash(n, t == tagFlagHash, flags)
	}
	s, ok := d.str(n, "a string")
	if !ok {
		return nil
	}
	if t == tagLUTF8Str {
		return d.slab.Text(s)
	}
	return d.slab.Bytes(s)
}

// hook reads an object of a class with STORABLE_freeze, as data:
//
//	flags [extra] {object flags} class string [list of indices] [magic object]
//
// While flags say recurse, an object follows that the list refers to. They also tell how long the
// lengths are and what sort of variable it is; the sort extra has an octet of its own, and a magic
// object at the end.
func (d *decoder) hook(large bool) *perl.Value {
	at := d.pos - 1
	if d.dec.opt.Hooks == Reject {
		return d.fail(ErrForbidden, at, "no self-serialized object", tagHook.String())
	}
	flags, ok := d.octet("hook flags")
	if !ok {
		return nil
	}
	sort := flags & hookTypeMask
	if sort == hookTypeExtra {
		extra, ok := d.octet("the sort of a tied variable")
		if !ok {
			return nil
		}
		if extra < hookExtraFirst || extra > hookExtraFirst+2 {
			return d.fail(ErrTag, d.pos-1, "a sort of tied variable, 4 to 6", fmt.Sprint(extra))
		}
		sort = extra - hookExtraFirst + byte(perl.HookTiedScalar)
	}
	if !d.spend(perl.RareSize, 0) {
		return nil
	}
	v := d.slab.Hooked(perl.HookType(sort))
	first := flags & hookTypeMask
	for flags&hookRecurse != 0 {
		if d.inner() == nil {
			return nil
		}
		if flags, ok = d.octet("hook flags"); !ok {
			return nil
		}
		if flags&hookTypeMask != first {
			return d.fail(ErrTag, d.pos-1, "hook flags of the same sort", fmt.Sprintf("0x%02x", flags))
		}
	}
	class, ok := d.hookClass(flags)
	if !ok {
		return nil
	}
	var n uint64
	if large {
		n, ok = d.u64("the length of a frozen string")
	} else {
		n, ok = d.length(flags&hookLargeString != 0, "the length of a frozen string")
	}
	if !ok {
		return nil
	}
	frozen, ok := d.str(n, "a frozen string")
	if !ok {
		return nil
	}
	refs, ok := d.hookList(flags)
	if !ok {
		return nil
	}
	v.SetHooked(class, frozen, refs)
	if first == hookTypeExtra {
		magic := d.inner()
		if magic == nil {
			return nil
		}
		v.SetHookMagic(magic)
	}
	return v
}

func (d *decoder) hookClass(flags byte) (string, bool) {
	if flags&hookIndexedClass != 0 {
		n, ok := d.length(flags&hookLargeClass != 0, "the index of a class")
		if !ok {
			return "", false
		}
		return d.classAt(n)
	}
	n, ok := d.length(flags&hookLargeClass != 0, "a class name's length")
	if !ok {
		return "", false
	}
	return d.newClass(n)
}

// hookList reads the indices of what the object refers to. A negative count of them says that they
// have eight octets.
func (d *decoder) hookList(flags byte) ([]*perl.Value, bool) {
	if flags&hookHasList == 0 {
		return nil, true
	}
	n, ok := d.length(flags&hookLargeList != 0, "a count of indices")
	if !ok {
		return nil, false
	}
	size := 4
	if flags&hookLargeList != 0 && int32(n) < 0 {
		n, size = uint64(-int64(int32(n))), 8
	}
	if !d.enter(n, size, perl.ElemSize, "indices") {
		return nil, false
	}
	d.depth++
	d.Owed -= int(n) * size
	refs := make([]*perl.Value, n)
	for i := range refs {
		var index uint64
		if size == 8 {
			index, ok = d.u64("an index")
		} else {
			var short uint32
			short, ok = d.bigEndian("an index")
			index = uint64(short)
		}
		if !ok {
			return nil, false
		}
		if refs[i] = d.seen(index); refs[i] == nil {
			return nil, false
		}
	}
	return refs, true
}
