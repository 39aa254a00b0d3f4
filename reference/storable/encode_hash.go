package storable

import (
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// hash writes a hash, with flags if it is locked or one of its keys is UTF-8.
func (e *encoder) hash(v *perl.Value) {
	pairs := v.Pairs()
	restricted := v.Restricted()
	flagged := restricted
	for i := range pairs {
		if pairs[i].Flags&^perl.KeyLocked != 0 {
			flagged = true
			break
		}
	}
	if e.opt.Canonical {
		pairs = sorted(pairs)
	}
	if flagged {
		e.needs(5, "a hash with UTF-8 keys or locked")
		var flags byte
		if restricted {
			flags = hashRestricted
		}
		if len(pairs) > largeLength {
			e.buf = append(e.buf, byte(tagLObject), byte(tagFlagHash), flags)
			e.u64(uint64(len(pairs)))
		} else {
			e.buf = append(e.buf, byte(tagFlagHash), flags)
			e.u32(uint32(len(pairs)))
		}
	} else {
		e.count(tagHash, len(pairs))
	}
	if e.depth == 0 {
		e.inner(nil)
		return
	}
	e.depth--
	for i := range pairs {
		p := &pairs[i]
		if p.Flags&perl.KeyPlaceholder != 0 {
			e.next++
			e.buf = append(e.buf, byte(tagSVUndef))
		} else {
			e.value(p.Value)
		}
		if !e.fits(0) || e.err != nil {
			return
		}
		if flagged {
			e.buf = append(e.buf, keyFlagOctet(p.Flags, restricted))
		}
		e.key(p.Key)
	}
	e.depth++
}

func (e *encoder) key(key string) {
	if len(key) > largeLength {
		e.fail(ErrUnsupported, "a key below 2 GiB", "a longer one")
		return
	}
	if len(key) > maxShortString && !e.fits(len(key)) {
		return
	}
	b := e.room(4 + len(key))
	e.put32(b, uint32(len(key)))
	copy(b[4:], key)
}

func keyFlagOctet(f perl.KeyFlags, restricted bool) (b byte) {
	if f&perl.KeyUTF8 != 0 {
		b |= keyUTF8
	}
	if f&perl.KeyWasUTF8 != 0 {
		b |= keyWasUTF8
	}
	if f&perl.KeyLocked != 0 && restricted {
		b |= keyLocked
	}
	if f&perl.KeyPlaceholder != 0 {
		b |= keyPlaceholder
	}
	return b
}

// sorted returns the pairs in the order of $Storable::canonical: by the characters of the keys.
func sorted(pairs []perl.Pair) []perl.Pair {
	if slices.IsSortedFunc(pairs, perl.Pair.Compare) {
		return pairs
	}
	pairs = slices.Clone(pairs)
	slices.SortFunc(pairs, perl.Pair.Compare)
	return pairs
}
