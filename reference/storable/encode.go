package storable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Freeze writes what the reference v points at into a new image. The error is a *ValueError, a
// *LimitError, or the ThawError of a reference in v.
func (enc *Encoder) Freeze(v *perl.Value) ([]byte, error) {
	e := encoders.Get().(*encoder)
	err := e.freeze(enc, v, enc.opt.MaxImage)
	var image []byte
	switch n := len(e.buf); {
	case err != nil:
	case e.borrowed && cap(e.buf)-n < n/4:
		image = e.buf
	default:
		image = bytes.Clone(e.buf)
	}
	e.release()
	return image, err
}

// longString is the size from which a string makes the encoder leave its scratch buffer for one
// that has the right size to be the image, which saves a copy.
const longString = 1 << 16

// Append is like Freeze and appends the image to dst. On an error it returns dst as it was.
func (enc *Encoder) Append(dst []byte, v *perl.Value) ([]byte, error) {
	return enc.append(dst, v, enc.opt.MaxImage)
}

// append is Append of an image of at most so many octets.
func (enc *Encoder) append(dst []byte, v *perl.Value, most int64) ([]byte, error) {
	e := encoders.Get().(*encoder)
	e.lend(dst)
	err := e.freeze(enc, v, most)
	if err == nil {
		dst = e.buf
	}
	e.release()
	return dst, err
}

// lend makes the encoder write behind what is in dst.
func (e *encoder) lend(dst []byte) {
	e.scratch, e.buf, e.borrowed = e.buf[:0], dst, true
}

// encoder writes one image.
type encoder struct {
	buf     []byte
	scratch []byte // the pooled buffer, if buf is borrowed
	start   int    // of the image in buf
	end     int    // how long buf may become
	// borrowed: buf is not the pooled buffer, but somebody's: the caller's of Append, or the image
	// of Freeze.
	borrowed bool
	seen     seenTable
	next     uint32 // the index of the next SV
	classes  map[string]uint32
	opt      *FreezeOptions
	native   bool
	little   bool
	depth    int
	sank     bool          // there were no levels left
	lender   *message.Hash // that may take what is long of a Value; nil if there is none
	lends    bool          // that Value is being written
	lent     int           // octets of the image that it took
	root     *perl.Value   // makes all values escape to the heap, see seenTable
	err      error
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

const keepBuffer, keepSlots = 1 << 22, 1 << 18

func (e *encoder) release() {
	e.root, e.opt, e.err, e.lender = nil, nil, nil, nil
	if e.borrowed {
		e.buf, e.scratch, e.borrowed = e.scratch, nil, false
	}
	if cap(e.buf) > keepBuffer {
		e.buf = nil
	}
	e.seen.release()
	e.buf = e.buf[:0]
	encoders.Put(e)
}

func (e *encoder) freeze(enc *Encoder, v *perl.Value, most int64) error {
	if v.Kind() != perl.Ref {
		return &ValueError{ErrUnsupported, 0, "a reference", v.Kind().String()}
	}
	target := v.Target()
	if target == nil {
		if err := v.ThawError(); err != nil {
			return err
		}
	}
	e.root = v
	e.begin(enc, most)
	e.inner(target)
	if e.sank && enc.opt.MaxDepth > deep.Shallow {
		e.again(enc, most, func() { e.inner(target) })
	}
	e.fits(0)
	return e.err
}

// again writes an image that turned out to be deep anew, in a goroutine of its own.
func (e *encoder) again(enc *Encoder, most int64, rest func()) {
	e.buf = e.buf[:e.start]
	e.begin(enc, most)
	e.depth = enc.opt.MaxDepth
	deep.Call(rest)
}

// begin writes the header of an image of at most so many octets, and goes no deeper than
// deep.Shallow.
func (e *encoder) begin(enc *Encoder, most int64) {
	e.set(enc, most)
	e.header()
}

// set has the encoder be ready for an image of at most so many octets.
func (e *encoder) set(enc *Encoder, most int64) {
	if e.start, e.lent = len(e.buf), 0; e.lender != nil {
		e.lender.Lent = nil
	}
	e.end = e.start + int(min(most, enc.opt.MaxImage, int64(math.MaxInt-e.start)))
	e.opt, e.depth, e.next, e.err, e.sank = &enc.opt, min(enc.opt.MaxDepth, deep.Shallow), 0, nil, false
	e.native = e.opt.Layout.native()
	e.little = e.native && !e.opt.Layout.BigEndian
	e.seen.reset()
	clear(e.classes)
}

func (e *encoder) header() {
	if e.opt.File {
		e.buf = append(e.buf, fileMagic...)
	}
	minor := byte(e.opt.Minor)
	if !e.native {
		e.buf = append(e.buf, major<<1|1, minor)
		return
	}
	l := e.opt.Layout
	order := "12345678"
	if l.BigEndian {
		order = "87654321"
	}
	if l.IVSize == 4 {
		order = order[:4]
		if l.BigEndian {
			order = "4321"
		}
	}
	e.buf = append(e.buf, major<<1, minor, byte(len(order)))
	e.buf = append(e.buf, order...)
	e.buf = append(e.buf, 4, byte(l.LongSize), byte(l.PtrSize), byte(l.NVSize))
}

func (e *encoder) fail(err error, expected, got string) {
	if e.err == nil {
		e.err = &ValueError{err, e.size(), expected, got}
	}
}

// size is how many octets of the image have been written.
func (e *encoder) size() int { return len(e.buf) - e.start + e.lent }

// fits fails unless n more octets may be written. All that may be long is held against it before it
// is written, and what is short now and then.
func (e *encoder) fits(n int) bool {
	if n <= e.end-len(e.buf)-e.lent {
		return true
	}
	e.tooLong(n)
	return false
}

func (e *encoder) tooLong(n int) {
	if e.err == nil {
		e.err = &LimitError{"MaxImage", int64(e.end - e.start), int64(e.size() + n), e.size()}
	}
}

// needs fails if the image's minor version is older than the one that brought what is to be
// written.
func (e *encoder) needs(minor int, what string) {
	if e.opt.Minor < minor {
		e.fail(ErrUnsupported, fmt.Sprintf("what minor version %d has", e.opt.Minor),
			fmt.Sprintf("%s, of minor version %d", what, minor))
	}
}

// room returns n more octets of buf, to be filled in.
func (e *encoder) room(n int) []byte {
	at := len(e.buf)
	if cap(e.buf)-at < n {
		e.more(n)
	}
	e.buf = e.buf[:at+n]
	return e.buf[at:]
}

func (e *encoder) more(n int) { e.buf = slices.Grow(e.buf, n) }

func (e *encoder) u32(n uint32) { e.put32(e.room(4), n) }

// put32 puts n into the first four octets of b.
func (e *encoder) put32(b []byte, n uint32) {
	if e.little {
		binary.LittleEndian.PutUint32(b, n)
	} else {
		binary.BigEndian.PutUint32(b, n)
	}
}

func (e *encoder) u64(n uint64) {
	if e.little {
		e.buf = binary.LittleEndian.AppendUint64(e.buf, n)
	} else {
		e.buf = binary.BigEndian.AppendUint64(e.buf, n)
	}
}

// inner writes an object within another; nil, which no Perl variable can be, as undef.
func (e *encoder) inner(v *perl.Value) {
	if e.depth == 0 {
		e.sank = true
		if e.err == nil {
			e.err = &LimitError{"MaxDepth", int64(e.opt.MaxDepth), int64(e.opt.MaxDepth) + 1, e.size()}
		}
		return
	}
	e.depth--
	e.value(v)
	e.depth++
}

// value writes one object, or where it was written.
func (e *encoder) value(v *perl.Value) {
	if v == nil {
		e.next++
		e.buf = append(e.buf, byte(tagUndef))
		return
	}
	if v.Immortal() {
		v = variable(v)
	}
	index, found := e.seen.add(v, e.next)
	if found && v != immortalUndef { // which Perl writes again each time
		if index > math.MaxInt32 {
			e.buf = append(e.buf, byte(tagLObject), byte(tagObject))
			e.u64(uint64(index))
			return
		}
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, byte(tagObject)), index)
		return
	}
	e.next++
	kind := v.Kind()
	if kind == perl.Hooked {
		e.hook(v)
		return
	}
	if class := v.Class(); class != "" {
		e.bless(class)
	}
	e.lends = e.lender != nil && v == e.lender.Lend
	switch kind {
	case perl.Bytes:
		e.str(tagScalar, tagLScalar, v.Str())
	case perl.Int:
		e.integer(v.Int())
	case perl.Text:
		e.str(tagUTF8Str, tagLUTF8Str, v.Str())
	case perl.Ref:
		e.ref(v)
	case perl.Hash:
		e.hash(v)
	case perl.Array:
		e.array(v)
	case perl.Undef:
		if v.Immortal() {
			e.buf = append(e.buf, byte(tagSVUndef))
		} else {
			e.buf = append(e.buf, byte(tagUndef))
		}
	case perl.Uint:
		e.str(tagScalar, tagLScalar, strconv.FormatUint(v.Uint(), 10))
	case perl.Double:
		e.double(v.Double())
	case perl.Bool:
		e.boolean(v)
	default:
		e.exotic(v)
	}
}

// The variables that stand for Perl's own.
var (
	immortalUndef = perl.NewUndef().SetImmortal()
	immortalTrue  = perl.NewBool(true).SetImmortal()
	immortalFalse = perl.NewBool(false).SetImmortal()
)

// variable is what stands for a Value: all of Perl's own of a kind are one variable.
func variable(v *perl.Value) *perl.Value {
	switch {
	case !v.Immortal():
		return v
	case v.Kind() == perl.Undef:
		return immortalUndef
	case v.Bool():
		return immortalTrue
	}
	return immortalFalse
}

func (e *encoder) str(short, long tag, s string) {
	switch n := len(s); {
	case n <= maxShortString:
		b := e.room(2 + n)
		b[0], b[1] = byte(short), byte(n)
		copy(b[2:], s)
		return
	case !e.fits(n):
		return
	case n <= largeLength:
		e.buf = append(e.buf, byte(long))
		e.u32(uint32(n))
	default:
		e.needs(11, "a string beyond 2 GiB")
		e.buf = append(e.buf, byte(tagLObject), byte(long))
		e.u64(uint64(n))
	}
	e.octets(s)
}

// octets writes what may be long.
func (e *encoder) octets(s string) {
	if e.lends && len(s) >= e.lender.LendFrom {
		e.lender.Lent = append(e.lender.Lent, message.Piece{At: len(e.buf), Octets: s})
		e.lent += len(s)
		return
	}
	if len(s) >= longString && !e.borrowed && cap(e.buf) > 0 {
		e.scratch, e.borrowed = e.buf[:0], true
		e.buf = e.buf[:len(e.buf):len(e.buf)]
	}
	e.buf = append(e.buf, s...)
}

// integer writes a small integer in an octet, else, in network order, one of 32 bits as such and a
// larger one as a string; in native order, in the size of the layout.
func (e *encoder) integer(i int64) {
	switch {
	case i >= -128 && i <= 127:
		b := e.room(2)
		b[0], b[1] = byte(tagByte), byte(i+128)
	case i == int64(int32(i)) && !e.native:
		e.buf = binary.BigEndian.AppendUint32(append(e.buf, byte(tagNetint)), uint32(i))
	case !e.native || e.opt.Layout.IVSize == 4 && i != int64(int32(i)):
		e.str(tagScalar, tagLScalar, strconv.FormatInt(i, 10))
	case e.opt.Layout.IVSize == 4:
		e.buf = append(e.buf, byte(tagInteger))
		e.u32(uint32(i))
	default:
		e.buf = append(e.buf, byte(tagInteger))
		e.u64(uint64(i))
	}
}

// exactInts is the magnitude up to which Perl takes a floating point number without a fraction for
// an integer: every integer below has a float64 of its own.
const exactInts = 1 << 53

// double writes a number without a fraction as an integer, as Perl does, and others, in network
// order, as a string of 15 digits.
func (e *encoder) double(f float64) {
	if f > -exactInts && f < exactInts && f == math.Trunc(f) {
		if i := int64(f); e.opt.Layout.IVSize != 4 || i == int64(int32(i)) {
			e.integer(i)
			return
		}
	}
	if !e.native {
		at := len(e.buf)
		e.buf = perl.AppendDouble(append(e.buf, byte(tagScalar), 0), f, 15)
		e.buf[at+1] = byte(len(e.buf) - at - 2)
		return
	}
	e.buf = append(e.buf, byte(tagDouble))
	e.u64(math.Float64bits(f))
}

func (e *encoder) boolean(v *perl.Value) {
	b := v.Bool()
	switch {
	case v.Immortal() && b:
		e.buf = append(e.buf, byte(tagSVYes))
	case v.Immortal():
		e.buf = append(e.buf, byte(tagSVNo))
	case e.opt.Booleans && b:
		e.buf = append(e.buf, byte(tagTrue))
	case e.opt.Booleans:
		e.buf = append(e.buf, byte(tagFalse))
	case b:
		e.buf = append(e.buf, byte(tagScalar), 1, '1')
	default:
		e.buf = append(e.buf, byte(tagScalar), 0)
	}
}

func (e *encoder) ref(v *perl.Value) {
	if f, ok := v.Frozen().(*frozen); ok && e.asItCame(f) {
		return
	}
	target := v.Target()
	if target == nil {
		if e.err == nil {
			e.err = v.ThawError()
		}
		e.fail(ErrUnsupported, "a reference to something", "a reference without a target")
		return
	}
	t := tagRef
	switch weak := v.Weak(); {
	case weak && v.Overloaded():
		t = tagWeakOverload
	case weak:
		t = tagWeakRef
	case v.Overloaded():
		t = tagOverload
	}
	if t == tagWeakRef || t == tagWeakOverload {
		e.needs(7, "a weak reference")
	}
	e.buf = append(e.buf, byte(t))
	e.inner(target)
}

func (e *encoder) count(t tag, n int) {
	if n > largeLength {
		e.needs(11, "a container of more than 2^31-1 elements")
		e.buf = append(e.buf, byte(tagLObject), byte(t))
		e.u64(uint64(n))
		return
	}
	b := e.room(5)
	b[0] = byte(t)
	e.put32(b[1:], uint32(n))
}

func (e *encoder) array(v *perl.Value) {
	elems := v.Elems()
	e.count(tagArray, len(elems))
	if e.depth == 0 {
		e.inner(nil)
		return
	}
	e.depth--
	for _, elem := range elems {
		switch {
		case elem == nil:
			e.next++
			e.buf = append(e.buf, byte(tagSVUndef))
		case elem.Kind() == perl.Undef && elem.Immortal():
			e.next++
			t := tagSVUndefElem
			if e.opt.Minor < 10 {
				t = tagSVUndef
			}
			e.buf = append(e.buf, byte(t))
		default:
			e.value(elem)
		}
		if !e.fits(0) || e.err != nil {
			return
		}
	}
	e.depth++
}

// bless writes a class: its name the first time, its index from then on.
func (e *encoder) bless(class string) {
	if i, ok := e.classes[class]; ok {
		e.buf = append(e.buf, byte(tagIxBless))
		e.blessNumber(i)
		return
	}
	if !e.fits(len(class)) {
		return
	}
	e.newClass(class)
	e.buf = append(e.buf, byte(tagBless))
	e.blessNumber(uint32(len(class)))
	e.buf = append(e.buf, class...)
}

func (e *encoder) newClass(class string) {
	if e.classes == nil {
		e.classes = make(map[string]uint32)
	}
	e.classes[class] = uint32(len(e.classes))
}

func (e *encoder) blessNumber(n uint32) {
	if n <= maxShortClass {
		e.buf = append(e.buf, byte(n))
		return
	}
	e.buf = append(e.buf, blessLong)
	e.u32(n)
}
