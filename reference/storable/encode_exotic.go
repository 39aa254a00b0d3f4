package storable

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// exotic writes what value leaves to it.
func (e *encoder) exotic(v *perl.Value) {
	switch v.Kind() {
	case perl.Code:
		e.code(v)
	case perl.Regexp:
		e.regexp(v)
	case perl.VString:
		e.needs(9, "a v-string")
		e.str(tagVString, tagLVString, v.Literal())
		e.text(v)
	case perl.Tied:
		e.tied(v)
	default:
		e.fail(ErrUnsupported, "a kind that Storable knows", v.Kind().String())
	}
}

func (e *encoder) text(v *perl.Value) {
	if v.UTF8() {
		e.str(tagUTF8Str, tagLUTF8Str, v.Str())
	} else {
		e.str(tagScalar, tagLScalar, v.Str())
	}
}

func (e *encoder) code(v *perl.Value) {
	if e.opt.Code == Reject {
		e.fail(ErrForbidden, "no code", v.Kind().String())
		return
	}
	e.needs(6, "code")
	if v.UTF8() {
		e.needs(8, "code in UTF-8")
	}
	e.buf = append(e.buf, byte(tagCode))
	e.next++ // the text has an index of its own
	e.text(v)
}

func (e *encoder) regexp(v *perl.Value) {
	e.needs(11, "a regexp")
	pattern, modifiers := v.Str(), v.Modifiers()
	if len(modifiers) > maxShortString || len(pattern) > math.MaxInt32 {
		e.fail(ErrUnsupported, "a pattern below 2 GiB with up to 255 modifiers",
			fmt.Sprintf("%d octets with %d", len(pattern), len(modifiers)))
		return
	}
	if !e.fits(len(pattern)) {
		return
	}
	if len(pattern) > maxShortString {
		e.buf = append(e.buf, byte(tagRegexp), regexpLongPattern)
		e.u32(uint32(len(pattern)))
	} else {
		e.buf = append(e.buf, byte(tagRegexp), 0, byte(len(pattern)))
	}
	e.buf = append(e.buf, pattern...)
	e.buf = append(e.buf, byte(len(modifiers)))
	e.buf = append(e.buf, modifiers...)
}

func (e *encoder) tied(v *perl.Value) {
	if e.opt.Tied == Reject {
		e.fail(ErrForbidden, "no tied variable", v.Kind().String())
		return
	}
	switch v.TiedKind() {
	case perl.TiedArray:
		e.buf = append(e.buf, byte(tagTiedArray))
	case perl.TiedHash:
		e.buf = append(e.buf, byte(tagTiedHash))
	case perl.TiedKey:
		e.buf = append(e.buf, byte(tagTiedKey))
	case perl.TiedElement:
		e.buf = append(e.buf, byte(tagTiedIdx))
	default:
		e.buf = append(e.buf, byte(tagTiedScalar))
	}
	e.inner(v.Target())
	switch v.TiedKind() {
	case perl.TiedKey:
		e.inner(v.TiedKey())
	case perl.TiedElement:
		i := v.TiedIndex()
		if i != int64(int32(i)) {
			e.fail(ErrUnsupported, "an index of 32 bits", fmt.Sprint(i))
		}
		e.u32(uint32(i))
	}
}

// hook writes a self-serialized object. What its list refers to and was not yet written goes
// in between; see decoder.hook for the layout.
func (e *encoder) hook(v *perl.Value) {
	if e.opt.Hooks == Reject {
		e.fail(ErrForbidden, "no self-serialized object", v.Kind().String())
		return
	}
	sort, extra := byte(v.HookType()), byte(0)
	if sort >= byte(perl.HookTiedScalar) {
		extra = sort - byte(perl.HookTiedScalar) + hookExtraFirst
		sort = hookTypeExtra
	}
	head := func(flags byte, first bool) {
		if !first {
			e.buf = append(e.buf, flags)
			return
		}
		if len(v.Str()) > largeLength {
			e.buf = append(e.buf, byte(tagLObject))
		}
		e.buf = append(e.buf, byte(tagHook), flags)
		if sort == hookTypeExtra {
			e.buf = append(e.buf, extra)
		}
	}
	refs, first := v.HookRefs(), true
	for _, r := range refs {
		if r == nil {
			e.fail(ErrUnsupported, "a reference to something in the list of a self-serialized object", "nil")
			return
		}
		if _, found := e.seen.get(variable(r)); found {
			continue
		}
		head(hookRecurse|sort, first)
		first = false
		e.inner(r)
		if e.err != nil {
			return
		}
	}
	class := v.Class()
	if !e.fits(len(class) + len(v.Str()) + 4*len(refs)) {
		return
	}
	number, known := e.classes[class]
	flags := sort
	if !known {
		e.newClass(class)
		number = uint32(len(class))
	} else {
		flags |= hookIndexedClass
	}
	if number > maxShortString {
		flags |= hookLargeClass
	}
	if len(v.Str()) > maxShortString {
		flags |= hookLargeString
	}
	if len(refs) > 0 {
		flags |= hookHasList
	}
	if len(refs) > maxShortString {
		flags |= hookLargeList
	}
	head(flags, first)
	e.length(flags&hookLargeClass != 0, int(number))
	if !known {
		e.buf = append(e.buf, class...)
	}
	if len(v.Str()) > largeLength {
		e.u64(uint64(len(v.Str())))
	} else {
		e.length(flags&hookLargeString != 0, len(v.Str()))
	}
	e.buf = append(e.buf, v.Str()...)
	if len(refs) > 0 {
		e.length(flags&hookLargeList != 0, len(refs))
	}
	for _, r := range refs {
		index, _ := e.seen.get(variable(r))
		e.buf = binary.BigEndian.AppendUint32(e.buf, index)
	}
	if sort == hookTypeExtra {
		e.inner(v.HookMagic())
	}
}

func (e *encoder) length(long bool, n int) {
	if long {
		e.u32(uint32(n))
		return
	}
	e.buf = append(e.buf, byte(n))
}
