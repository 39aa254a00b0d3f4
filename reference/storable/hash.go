package storable

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/internal/keys"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// leastPair is the octets of a pair without flags at least: a tag, and the length of a key.
const leastPair = 5

// hash reads the pairs of a hash of n pairs; with flagged, each key has flags.
func (d *decoder) hash(n uint64, flagged bool, flags byte) *perl.Value {
	least := leastPair
	if flagged {
		least = 3 // the key may be an object of one octet
	}
	if !d.enter(n, least, perl.PairSize, "pairs") {
		return nil
	}
	v, pairs := d.slab.Hash(int(n))
	restricted := flagged && flags&hashRestricted != 0
	if restricted {
		v.SetRestricted()
	}
	outer := d.inArray
	d.inArray = false
	// Perl's own images have no key twice. Whoever sends that wants two readers to see two things.
	var seen keys.Set
	for i := range pairs {
		p := &pairs[i]
		d.Owed--
		if p.Value = d.value(); p.Value == nil {
			return nil
		}
		d.Owed -= least - 1
		at := d.pos
		if flagged && !d.keyFlags(p, restricted) {
			return nil
		}
		if p.Flags&keyOfSV != 0 {
			p.Flags &^= keyOfSV
		} else if !d.key(p) {
			return nil
		}
		if (len(pairs) > keys.Few || seen.Suspect(p.Key)) && seen.Add(pairs, i) {
			return d.fail(ErrDuplicate, at, "a key not yet in the hash", fmt.Sprintf("%.80q", p.Key))
		}
	}
	d.inArray = outer
	d.depth++
	return v
}

// key reads the length and the octets of a key.
func (d *decoder) key(p *perl.Pair) bool {
	if rest := d.s[d.pos:]; d.big && len(rest) >= 4 { // the way of nearly all, without calls
		n := uint64(rest[0])<<24 | uint64(rest[1])<<16 | uint64(rest[2])<<8 | uint64(rest[3])
		if n <= uint64(len(rest)-4) && n <= d.longest {
			p.Key = rest[4 : 4+n]
			d.pos += 4 + int(n)
			return true
		}
	}
	n, ok := d.u32("a key's length")
	if !ok {
		return false
	}
	p.Key, ok = d.str(uint64(n), "a key")
	return ok
}

// keyOfSV marks a pair whose key is complete, for the time of reading.
const keyOfSV perl.KeyFlags = 0x80

// keyFlags reads the flags of a key, and a key that is an object of its own.
func (d *decoder) keyFlags(p *perl.Pair, restricted bool) bool {
	at := d.pos
	f, ok := d.octet("key flags")
	if !ok {
		return false
	}
	if f&^(keyUTF8|keyWasUTF8|keyLocked|keyIsSV|keyPlaceholder) != 0 {
		d.fail(ErrTag, at, "key flags up to 0x1f", fmt.Sprintf("0x%02x", f))
		return false
	}
	if f&keyUTF8 != 0 {
		p.Flags |= perl.KeyUTF8
	}
	if f&keyWasUTF8 != 0 {
		p.Flags |= perl.KeyWasUTF8
	}
	if f&keyLocked != 0 && restricted {
		p.Flags |= perl.KeyLocked
	}
	if f&keyPlaceholder != 0 {
		p.Flags |= perl.KeyPlaceholder
		p.Value = nil
	}
	if f&keyIsSV == 0 {
		return true
	}
	if !d.deeper() {
		return false
	}
	key := d.value()
	d.depth++
	if key == nil {
		return false
	}
	s, ok := key.AsString()
	if !ok {
		d.fail(ErrTag, at+1, "a key that is a string", key.Kind().String())
		return false
	}
	p.Key, p.Flags = s, p.Flags|keyOfSV
	if key.UTF8() {
		p.Flags |= perl.KeyUTF8
	}
	return true
}
