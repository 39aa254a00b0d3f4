package storable

import (
	"fmt"
	"math"
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Thaw reads an image of any kind and returns a reference to what it holds, as Perl's thaw does.
// The error is an *Error or a *LimitError. Unless Alias is set, the result keeps no part of image.
func (dec *Decoder) Thaw(image []byte) (*perl.Value, error) {
	d, err := dec.open(image, dec.opt.MaxAlloc)
	if err != nil {
		return nil, err
	}
	defer d.close()
	return d.thaw(dec, dec.opt.MaxAlloc)
}

// open returns a decoder for an image that has so much room in the heap, to be closed.
func (dec *Decoder) open(image []byte, room int64) (*decoder, error) {
	if err := tooLarge(image, room); err != nil {
		return nil, err
	}
	d := decoders.Get().(*decoder)
	d.s = dec.own(image)
	return d, nil
}

// tooLarge fails if the image alone is more than there is room for.
func tooLarge(image []byte, room int64) error {
	if int64(len(image)) > room {
		return &LimitError{"MaxAlloc", room, int64(len(image)), 0}
	}
	return nil
}

// own returns the image as a string that is never changed: a copy, unless the image is not either.
func (dec *Decoder) own(image []byte) string {
	if dec.opt.Alias {
		return aliasOf(image)
	}
	return string(image)
}

func (d *decoder) close() {
	d.renew("")
	decoders.Put(d)
}

// renew makes the decoder one that has read nothing yet, of s. What it needs of the stack is not to
// be in the frames of those who call it, on which messages are read.
//
//go:noinline
func (d *decoder) renew(s string) {
	slab := d.slab
	slab.Reset()
	*d = decoder{cursor: cursor{s: s, passing: d.passing}, slab: slab}
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// decoder reads one image. Its methods return nil, or false, once err is set.
//
// Every SV of an image has an index, by which SX_OBJECT refers to it: the order in which reading
// starts. Each takes exactly one Value of the slab, in that order, so the slab is the table of what
// was seen.
type decoder struct {
	cursor
	slab     perl.Slab
	base     uint64         // the index of the first Value of the slab
	inArray  bool           // an SX_SVUNDEF_ELEM may come
	old      map[uint64]int // before major 1: address of an SV to its index
	envelope bool           // ThawEnvelope reads
	froze    bool           // a part of the message was left frozen
	cost     int64          // of the value that stands at Whole, in octets of the heap
	lent     bool           // the image may change later: what is kept of it is to be copied
}

// thaw reads the image, in a goroutine of its own if it is deep.
func (d *decoder) thaw(dec *Decoder, room int64) (*perl.Value, error) {
	v, err := d.root(dec, room, deep.Shallow)
	if d.sank && dec.opt.MaxDepth > deep.Shallow {
		return d.thawDeep(dec, room)
	}
	return v, err
}

func (d *decoder) thawDeep(dec *Decoder, room int64) (v *perl.Value, err error) {
	d.renew(d.s)
	deep.Call(func() { v, err = d.root(dec, room, dec.opt.MaxDepth) })
	return v, err
}

// root reads the image, no deeper than so many levels.
func (d *decoder) root(dec *Decoder, room int64, levels int) (*perl.Value, error) {
	if err := d.start(dec, room, levels); err != nil {
		return nil, err
	}
	if levels == deep.Shallow && len(d.s) >= leastSound {
		if root := d.sound(); root != nil {
			return root, nil
		}
	}
	return d.whole()
}

// start reads the header.
func (d *decoder) start(dec *Decoder, room int64, levels int) error {
	h, err := readHeader(d.s)
	if err != nil {
		return err
	}
	if dec.opt.Perl56 && h.order56 {
		h.Layout.IVSize = 8
	}
	d.begin(dec, h, room)
	d.depth = min(dec.opt.MaxDepth, levels)
	return nil
}

// whole reads what is behind the header, and has to reach to the end.
func (d *decoder) whole() (*perl.Value, error) {
	d.expect((len(d.s) - d.pos) / octetsPerValue)
	var root *perl.Value
	if d.header.Major < majorWithMinor {
		root = d.oldValue()
	} else {
		root = d.value()
	}
	if root == nil {
		return nil, d.err
	}
	if d.pos != len(d.s) {
		return nil, &Error{ErrTrailing, d.pos, "the end", fmt.Sprintf("%d more octets", len(d.s)-d.pos)}
	}
	if d.header.Major < majorWithoutTags && root.Kind() == perl.Ref && root.Target().Class() != "" {
		return root, nil // Storable 0.5 wrote the reference to an object, too
	}
	return d.slab.Root(root), nil
}

// octetsPerValue is a guess, for as long as little has been read.
const octetsPerValue = 10

// expect prepares for about n Values from here to the end.
func (d *decoder) expect(n int) {
	d.slab.Expect(n + 2) // a few more cost less than a second chunk
	d.slab.Follow(&d.pos, len(d.s))
}

// value reads one object.
func (d *decoder) value() *perl.Value {
	if d.pos >= len(d.s) {
		d.truncated(1, "a tag")
		return nil
	}
	if d.Left == 0 {
		d.tooMany(1)
		return nil
	}
	d.Left--
	t := tag(d.s[d.pos])
	d.pos++
	switch t {
	case tagByte:
		if d.pos < len(d.s) {
			d.pos++
			return d.slab.Int(int64(d.s[d.pos-1]) - 128)
		}
		d.truncated(1, "an integer")
		return nil
	case tagScalar:
		if d.pos < len(d.s) {
			n := int(d.s[d.pos])
			if at := d.pos + 1; n <= len(d.s)-at && uint64(n) <= d.longest {
				d.pos = at + n
				return d.slab.Bytes(d.s[at : at+n])
			}
		}
		return d.scalar(t)
	case tagLScalar, tagUTF8Str, tagLUTF8Str:
		return d.scalar(t)
	case tagNetint:
		if n, ok := d.bigEndian("an integer"); ok {
			return d.slab.Int(int64(int32(n)))
		}
		return nil
	case tagRef, tagOverload, tagWeakRef, tagWeakOverload:
		return d.ref(t)
	case tagHash:
		if n, ok := d.u32("a count"); ok {
			return d.hash(uint64(n), false, 0)
		}
		return nil
	case tagArray:
		if n, ok := d.u32("a count"); ok {
			return d.array(uint64(n))
		}
		return nil
	case tagUndef:
		return d.slab.Undef()
	case tagObject:
		if n, ok := d.bigEndian("an index"); ok {
			d.Left++ // not a value of its own
			return d.seen(uint64(n))
		}
		return nil
	}
	return d.uncommon(t)
}

// uncommon reads an object whose tag value leaves to it.
func (d *decoder) uncommon(t tag) *perl.Value {
	at := d.pos - 1
	switch t {
	case tagBless, tagIxBless:
		return d.blessed(t)
	case tagFlagHash:
		if flags, ok := d.octet("hash flags"); ok {
			if n, ok := d.u32("a count"); ok {
				return d.hash(uint64(n), true, flags)
			}
		}
		return nil
	case tagInteger:
		return d.integer()
	case tagDouble:
		return d.double()
	case tagSVUndef:
		return d.slab.Undef().SetImmortal()
	case tagSVUndefElem:
		if d.inArray {
			return d.slab.Undef().SetImmortal()
		}
	case tagSVYes, tagSVNo:
		return d.slab.Bool(t == tagSVYes).SetImmortal()
	case tagTrue, tagFalse:
		return d.slab.Bool(t == tagTrue)
	case tagTiedScalar, tagTiedArray, tagTiedHash, tagTiedKey, tagTiedIdx:
		return d.tied(t)
	case tagHook:
		return d.hook(false)
	case tagCode:
		return d.code()
	case tagRegexp:
		return d.regexp()
	case tagVString, tagLVString:
		return d.vstring(t == tagLVString)
	case tagLObject:
		return d.large()
	}
	return d.fail(ErrTag, at, "the tag of an object", t.String())
}

func (d *decoder) scalar(t tag) *perl.Value {
	n, ok := d.length(t == tagLScalar || t == tagLUTF8Str, "a string's length")
	if !ok {
		return nil
	}
	s, ok := d.str(n, "a string")
	if !ok {
		return nil
	}
	if t == tagUTF8Str || t == tagLUTF8Str {
		return d.slab.Text(s)
	}
	return d.slab.Bytes(s)
}

func (d *decoder) seen(index uint64) *perl.Value {
	if index -= d.base; index >= uint64(d.slab.Len()) { // or below base
		return d.fail(ErrIndex, d.pos-4, fmt.Sprintf("an index below %d", d.slab.Len()), fmt.Sprint(index))
	}
	return d.slab.At(int(index))
}

func (d *decoder) ref(t tag) *perl.Value {
	v := d.slab.Ref(nil)
	switch t {
	case tagOverload:
		v.SetOverloaded()
	case tagWeakRef:
		v.SetWeak()
	case tagWeakOverload:
		v.SetWeak().SetOverloaded()
	}
	if !d.deeper() {
		return nil
	}
	outer := d.inArray
	d.inArray = false
	target := d.value()
	d.inArray = outer
	d.depth++
	if target == nil {
		return nil
	}
	v.SetTarget(target)
	return v
}

func (d *decoder) array(n uint64) *perl.Value {
	if !d.enter(n, 1, perl.ElemSize, "elements") {
		return nil
	}
	v, elems := d.slab.Array(int(n))
	outer := d.inArray
	d.inArray = true
	for i := range elems {
		hole := d.pos < len(d.s) && tag(d.s[d.pos]) == tagSVUndef
		d.Owed--
		e := d.value()
		if e == nil {
			return nil
		}
		if !hole {
			elems[i] = e
		}
	}
	d.inArray = outer
	d.depth++
	return v
}

// blessed reads an object with a class, given by name or by index.
func (d *decoder) blessed(t tag) *perl.Value {
	class, ok := d.class(t)
	if !ok {
		return nil
	}
	if d.pos < len(d.s) {
		next := tag(d.s[d.pos])
		if next == tagLObject && d.pos+1 < len(d.s) {
			next = tag(d.s[d.pos+1])
		}
		switch next {
		case tagBless, tagIxBless, tagObject, tagHook, tagSVUndef, tagSVYes, tagSVNo, tagSVUndefElem:
			return d.fail(ErrTag, d.pos, "an object that can be blessed", next.String())
		}
	}
	d.Left++ // the class is not a value of its own
	v := d.value()
	if v == nil || !d.spend(perl.RareSize, 0) {
		return nil
	}
	return v.Bless(class)
}

func (d *decoder) integer() *perl.Value {
	switch {
	case d.header.Layout.IVSize == 8:
		if n, ok := d.u64("an integer"); ok {
			return d.slab.Int(int64(n))
		}
	case d.header.Layout.IVSize == 4:
		if n, ok := d.u32("an integer"); ok {
			return d.slab.Int(int64(int32(n)))
		}
	default:
		d.fail(ErrTag, d.pos-1, "no native integer in network order", tagInteger.String())
	}
	return nil
}

func (d *decoder) double() *perl.Value {
	switch d.header.Layout.NVSize {
	case 8:
		if n, ok := d.u64("a double"); ok {
			return d.slab.Double(math.Float64frombits(n))
		}
	case 0:
		d.fail(ErrTag, d.pos-1, "no native double in network order", tagDouble.String())
	default:
		if s, ok := d.str(uint64(d.header.Layout.NVSize), "a long double"); ok {
			return d.slab.Double(longDouble(s, d.big))
		}
	}
	return nil
}
