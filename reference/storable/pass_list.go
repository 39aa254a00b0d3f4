package storable

// shape is what pass has been over of an object but for its short scalars. Another object that has
// the same octets there, and any short scalars where it has some, is as sound, and takes as much.
// Most lists of records have records of one shape, or of few.
type shape struct {
	steps              []step
	refs, elems, pairs int         // in the object
	octets             [2 * 8]byte // of the next step
	size               int         // how many there are
}

// step is some octets that are always the same, and a scalar behind them.
type step struct {
	head, headMask uint64 // the first word of the octets, and which of it count
	more, moreMask uint64 // the second
	size           int    // how many they are, up to 16
	scalar         bool   // there is a scalar
}

const (
	mostSteps  = 64 // of a shape
	mostShapes = 4  // for lists in lists
	fewMembers = 4  // which a list has that needs no shape
	// fewMisses is how many members may have another shape than the one before them, with one more
	// for every eight that have the same.
	fewMisses = 8
)

// passList is passMembers of a list that begins with a reference.
func (c *cursor) passList(pos, n int) int {
	p := c.passing
	if p.lists == mostShapes {
		return c.passMembers(pos, n)
	}
	sh := &p.shapes[p.lists]
	sh.steps = sh.steps[:0]
	p.lists++
	for same, misses := 0, 0; n > 0 && misses <= fewMisses+same/8; misses++ {
		end, left := pos, n
		if len(sh.steps) > 0 {
			end, left = c.passShape(sh.steps, pos, n)
		}
		p.refs += (n - left) * sh.refs
		p.elems += (n - left) * sh.elems
		p.pairs += (n - left) * sh.pairs
		same += n - left
		if pos, n = end, left; n > 0 {
			from := pos
			if pos = c.passMembers(pos, 1); pos < 0 || pos > len(c.s) {
				return -1
			}
			sh.learn(c.s, from)
			n--
		}
	}
	p.lists--
	return c.passMembers(pos, n)
}

// passShape passes over those of n objects at pos that come first and have a shape, and returns
// where they end and how many are left. It leaves those that are within the last octets of the
// image.
func (c *cursor) passShape(steps []step, pos, n int) (int, int) {
	s, p := c.s, c.passing
	for ; n > 0; n-- {
		at := pos
		for i := range steps {
			k := &steps[i]
			if at < 0 || at > len(s)-16 ||
				(word(s[at:at+8])&k.headMask^k.head)|(word(s[at+8:at+16])&k.moreMask^k.more) != 0 {
				return pos, n
			}
			if at += k.size; !k.scalar {
				continue
			}
			if at > len(s)-2 {
				return pos, n
			}
			t := tag(s[at])
			switch {
			case t == tagScalar || t == tagUTF8Str:
				if s[at+1] > p.longest {
					return pos, n
				}
				at += 2 + int(s[at+1])
			case t == tagByte:
				at += 2
			case t == tagNetint:
				at += 5
			case t == tagUndef:
				at++
			default:
				return pos, n
			}
			p.came[t] = true
		}
		pos = at
	}
	return pos, n
}

// learn makes the shape that of the object at pos, which pass has been over, or that of none.
func (sh *shape) learn(s string, pos int) {
	*sh = shape{steps: sh.steps[:0]}
	if sh.object(s, pos) < 0 || len(sh.steps) >= mostSteps {
		sh.steps = sh.steps[:0]
		return
	}
	sh.step(false) // what is left
}

// object adds an object to the shape, and returns where it ends; -1 if it is to have no shape.
func (sh *shape) object(s string, pos int) int {
	if len(sh.steps) >= mostSteps {
		return -1
	}
	t := tag(s[pos])
	switch t {
	case tagScalar, tagUTF8Str:
		sh.step(true)
		return pos + 2 + int(s[pos+1])
	case tagByte:
		sh.step(true)
		return pos + 2
	case tagNetint:
		sh.step(true)
		return pos + 5
	case tagUndef:
		sh.step(true)
		return pos + 1
	case tagRef:
		sh.refs++
		sh.add(s[pos : pos+1])
		return sh.object(s, pos+1)
	case tagArray, tagHash:
		n, at := passNumber(s, pos+1)
		sh.add(s[pos:at])
		if t == tagArray {
			sh.elems += int(n)
		} else {
			sh.pairs += int(n)
		}
		for ; n > 0 && at >= 0; n-- {
			if at = sh.object(s, at); at >= 0 && t == tagHash {
				key := keyAt(s, at)
				sh.add(s[at : at+4+len(key)])
				at += 4 + len(key)
			}
		}
		return at
	}
	return -1
}

// add adds octets that are always the same, as far as there are steps.
func (sh *shape) add(octets string) {
	for len(octets) > 0 && len(sh.steps) < mostSteps {
		n := copy(sh.octets[sh.size:], octets)
		octets = octets[n:]
		if sh.size += n; sh.size == len(sh.octets) {
			sh.step(false)
		}
	}
}

// step ends a step, with a scalar or without.
func (sh *shape) step(scalar bool) {
	mask := func(octets int) uint64 { return uint64(1)<<(8*min(max(octets, 0), 8)) - 1 }
	k := step{headMask: mask(sh.size), moreMask: mask(sh.size - 8), size: sh.size, scalar: scalar}
	k.head, k.more = word(string(sh.octets[:8]))&k.headMask, word(string(sh.octets[8:]))&k.moreMask
	sh.steps = append(sh.steps, k)
	sh.size = 0
}
