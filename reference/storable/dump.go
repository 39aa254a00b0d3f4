package storable

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Dump writes an image tag by tag, for people who debug images:
//
//	 0 memory image, version 2.11, network order
//	 2 #0 SX_HASH 1 pairs
//	 7   #1 SX_REF
//	 8     #2 SX_ARRAY 2 elements
//	13       [0] #3 SX_BYTE 5
//	15       [1] #4 SX_SCALAR 'abc'
//	20   key 'list'
//
// At the left are the offsets in octets; #n is the index of an SV, by which SX_OBJECT refers to it.
// Strings longer than 60 octets are cut, and what is nested deeper than 50 levels is indented as 50
// are, so that lines have about 200 octets at most, one for each octet of the image. What comes
// before an error in the image is written; then the error, an *Error or a *LimitError, is returned.
// Other errors are those of w. The limits are those of Thaw.
func Dump(w io.Writer, image []byte) error {
	h, err := readHeader(string(image))
	if err != nil {
		return err
	}
	d := dumper{decoder: decoder{cursor: cursor{s: string(image)}}, w: w}
	if h.Major < majorWithMinor {
		d.line(0, "%s", h)
		d.line(h.Size, "the data of images before version 2 is not shown")
		return d.wErr
	}
	d.walk(h)
	if d.err != nil {
		return d.err
	}
	return d.wErr
}

// dumper reads the parts of an image by means of a decoder that makes no values.
type dumper struct {
	decoder
	w     io.Writer
	wErr  error
	level int
	next  int // index of the next SV
	// booleans: there was a boolean tag, see HasBooleanTags.
	booleans bool
	see      func(Place) // see Places; nil for a dump
}

const dumpedString, deepestIndent = 60, 50

func (d *dumper) line(at int, format string, args ...any) {
	if d.wErr == nil && d.see == nil {
		_, d.wErr = fmt.Fprintf(d.w, "%6d %s%s\n", at, strings.Repeat("  ", min(d.level, deepestIndent)), fmt.Sprintf(format, args...))
	}
}

func quoteString(s string, text bool) string {
	v := perl.NewBytes(s)
	if text {
		v = perl.NewText(s)
	}
	return perl.Format(v, perl.FormatOptions{MaxString: dumpedString})
}

// object shows one object, with a label such as [0] before it, and tells whether it was well.
func (d *dumper) object(label string) bool {
	if label != "" {
		label += " "
	}
	at := d.pos
	b, ok := d.octet("a tag")
	if !ok {
		return false
	}
	if d.Left == 0 {
		d.tooMany(1)
		return false
	}
	d.Left--
	t := tag(b)
	switch t {
	case tagObject:
		n, ok := d.bigEndian("an index")
		if ok {
			d.line(at, "%s%s #%d", label, t, n)
		}
		return ok && d.seen(uint64(n))
	case tagBless, tagIxBless:
		class, ok := d.class(t)
		if ok && t == tagBless {
			d.saw(PlaceOctets, len(class))
		}
		d.line(at, "%s%s %s", label, t, quoteString(class, false))
		return ok && d.inside(func() bool { return d.object("") })
	case tagVString, tagLVString:
		n, ok := d.length(t == tagLVString, "a literal's length")
		if !ok {
			return false
		}
		s, ok := d.str(n, "a literal")
		if ok {
			d.saw(PlaceLiteral, len(s))
		}
		d.line(at, "%s%s %s", label, t, quoteString(s, false))
		return ok && d.inside(func() bool { return d.object("") })
	}
	label = fmt.Sprintf("%s#%d ", label, d.next)
	d.next++
	return d.content(t, at, label+t.String())
}

// seen checks an index of what came before.
func (d *dumper) seen(n uint64) bool {
	if n < uint64(d.next) {
		return true
	}
	d.fail(ErrIndex, d.pos, fmt.Sprintf("one of the %d objects seen", d.next), fmt.Sprintf("object %d", n))
	return false
}

// inside shows what is within the object before.
func (d *dumper) inside(show func() bool) bool {
	if !d.deeper() {
		return false
	}
	d.level++
	ok := show()
	d.level--
	d.depth++
	return ok
}

func (d *dumper) content(t tag, at int, head string) bool {
	switch t {
	case tagRef, tagOverload, tagWeakRef, tagWeakOverload, tagTiedScalar, tagTiedArray, tagTiedHash:
		d.line(at, "%s", head)
		return d.inside(func() bool { return d.object("") })
	case tagTiedKey:
		d.line(at, "%s", head)
		return d.inside(func() bool { return d.object("") && d.object("key") })
	case tagTiedIdx:
		d.line(at, "%s", head)
		return d.inside(func() bool {
			if !d.object("") {
				return false
			}
			here := d.pos
			n, ok := d.u32("an index")
			d.line(here, "index %d", int32(n))
			return ok
		})
	case tagArray, tagHash, tagFlagHash, tagLObject:
		return d.container(t, at, head)
	case tagHook:
		return d.dumpHook(at, head, false)
	case tagCode:
		d.line(at, "%s", head)
		return d.inside(func() bool { return d.object("") })
	}
	return d.leaf(t, at, head)
}

// leaf shows an object that holds no other.
func (d *dumper) leaf(t tag, at int, head string) bool {
	switch t {
	case tagScalar, tagLScalar, tagUTF8Str, tagLUTF8Str:
		n, ok := d.length(t == tagLScalar || t == tagLUTF8Str, "a string's length")
		if !ok {
			return false
		}
		s, ok := d.str(n, "a string")
		if ok {
			d.saw(stringPlace(t == tagUTF8Str || t == tagLUTF8Str), len(s))
		}
		d.line(at, "%s %s", head, quoteString(s, t == tagUTF8Str || t == tagLUTF8Str))
		return ok
	case tagUndef, tagSVUndef, tagSVYes, tagSVNo, tagSVUndefElem, tagTrue, tagFalse:
		d.booleans = d.booleans || t == tagTrue || t == tagFalse
		d.line(at, "%s", head)
		return true
	}
	var v *perl.Value
	switch t {
	case tagByte:
		if b, ok := d.octet("an integer"); ok {
			v = perl.NewInt(int64(b) - 128)
			d.saw(PlaceByte, 1)
		}
	case tagNetint:
		if n, ok := d.bigEndian("an integer"); ok {
			v = perl.NewInt(int64(int32(n)))
			d.saw(PlaceNetint, 4)
		}
	case tagInteger:
		if v = d.integer(); v != nil {
			d.saw(PlaceInteger, d.pos-at-1)
		}
	case tagDouble:
		if v = d.double(); v != nil {
			d.saw(PlaceDouble, d.pos-at-1)
		}
	case tagRegexp:
		if v = d.regexp(); v != nil {
			end := d.pos - 1 - len(v.Modifiers()) // behind the pattern: the modifiers, and their length
			d.sawAt(PlacePattern, end-len(v.Str()), len(v.Str()))
		}
	default:
		d.fail(ErrTag, at, "the tag of an object", t.String())
	}
	if v == nil {
		return false
	}
	d.line(at, "%s %s", head, perl.Format(v, perl.FormatOptions{MaxString: dumpedString}))
	return true
}

// container shows an array, a hash or a large object.
func (d *dumper) container(t tag, at int, head string) bool {
	large := t == tagLObject
	if large {
		b, ok := d.octet("the tag of a large object")
		if !ok {
			return false
		}
		t = tag(b)
		head += " " + t.String()
	}
	flags := byte(0)
	if t == tagFlagHash {
		var ok bool
		if flags, ok = d.octet("hash flags"); !ok {
			return false
		}
		head += fmt.Sprintf(" flags 0x%02x", flags)
	}
	if t == tagHook {
		return d.dumpHook(at, head, true)
	}
	n, ok := uint64(0), false
	if large {
		n, ok = d.u64("a count")
	} else {
		n, ok = d.length(true, "a count")
	}
	if !ok {
		return false
	}
	switch t {
	case tagArray:
		d.line(at, "%s %d elements", head, n)
		return d.inside(func() bool { return d.elements(n) })
	case tagHash, tagFlagHash:
		d.line(at, "%s %d pairs", head, n)
		return d.inside(func() bool { return d.pairs(n, t == tagFlagHash) })
	case tagLScalar, tagLUTF8Str:
		s, ok := d.str(n, "a string")
		if ok {
			d.saw(stringPlace(t == tagLUTF8Str), len(s))
		}
		d.line(at, "%s %s", head, quoteString(s, t == tagLUTF8Str))
		return ok
	case tagObject:
		d.next--
		d.line(at, "%s #%d", head, n)
		return d.seen(n)
	}
	d.fail(ErrTag, at+1, "the tag of a large object", t.String())
	return false
}

func (d *dumper) elements(n uint64) bool {
	for i := uint64(0); i < n; i++ {
		if !d.object(fmt.Sprintf("[%d]", i)) {
			return false
		}
	}
	return true
}

func (d *dumper) pairs(n uint64, flagged bool) bool {
	for i := uint64(0); i < n; i++ {
		if !d.object("") {
			return false
		}
		at, f := d.pos, byte(0)
		if flagged {
			var ok bool
			if f, ok = d.octet("key flags"); !ok {
				return false
			}
		}
		if f&keyIsSV != 0 {
			if !d.object(fmt.Sprintf("key flags 0x%02x", f)) {
				return false
			}
			continue
		}
		size, ok := d.u32("a key's length")
		if !ok {
			return false
		}
		key, ok := d.str(uint64(size), "a key")
		if !ok {
			return false
		}
		d.saw(stringPlace(f&keyUTF8 != 0), len(key))
		if flagged {
			d.line(at, "key flags 0x%02x %s", f, quoteString(key, f&keyUTF8 != 0))
		} else {
			d.line(at, "key %s", quoteString(key, false))
		}
	}
	return true
}

func (d *dumper) dumpHook(at int, head string, large bool) bool {
	flags, ok := d.octet("hook flags")
	if !ok {
		return false
	}
	first := flags & hookTypeMask
	head += fmt.Sprintf(" flags 0x%02x", flags)
	if first == hookTypeExtra {
		extra, ok := d.octet("the sort of a tied variable")
		if !ok {
			return false
		}
		head += fmt.Sprintf(" extra %d", extra)
	}
	d.line(at, "%s", head)
	return d.inside(func() bool {
		for flags&hookRecurse != 0 {
			if !d.object("for the list:") {
				return false
			}
			if flags, ok = d.octet("hook flags"); !ok {
				return false
			}
		}
		here := d.pos
		class, ok := d.hookClass(flags)
		if !ok {
			return false
		}
		if flags&hookIndexedClass == 0 {
			d.saw(PlaceOctets, len(class))
		}
		d.line(here, "class %s", quoteString(class, false))
		here = d.pos
		n := uint64(0)
		if large {
			n, ok = d.u64("the length of a frozen string")
		} else {
			n, ok = d.length(flags&hookLargeString != 0, "the length of a frozen string")
		}
		if !ok {
			return false
		}
		frozen, ok := d.str(n, "a frozen string")
		if !ok {
			return false
		}
		d.saw(PlaceOctets, len(frozen))
		d.line(here, "frozen %s", quoteString(frozen, false))
		return d.dumpList(flags) && (first != hookTypeExtra || d.object("tied"))
	})
}

func (d *dumper) dumpList(flags byte) bool {
	if flags&hookHasList == 0 {
		return true
	}
	at := d.pos
	n, ok := d.length(flags&hookLargeList != 0, "a count of indices")
	if !ok {
		return false
	}
	size := 4
	if flags&hookLargeList != 0 && int32(n) < 0 {
		n, size = uint64(-int64(int32(n))), 8
	}
	if n > uint64(len(d.s)-d.pos)/uint64(size) || n > math.MaxInt32 {
		d.fail(ErrCount, d.pos, fmt.Sprintf("a count that %d octets can hold", len(d.s)-d.pos), fmt.Sprint(n))
		return false
	}
	var b strings.Builder
	for range n {
		index := uint64(0)
		if size == 8 {
			index, _ = d.u64("an index")
		} else {
			short, _ := d.bigEndian("an index")
			index = uint64(short)
		}
		if b.Len() < 200 {
			fmt.Fprintf(&b, " #%d", index)
		}
	}
	d.line(at, "list of %d:%s", n, b.String())
	return true
}
