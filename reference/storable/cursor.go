package storable

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/internal/budget"
	"github.com/perl-ikc/ikc-conform/reference/internal/deep"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// classSize is what is kept of a class to be found by its index, in octets of the heap.
const classSize = 2 * 16

// cursor is a place in an image, with what may still be read from there. All that reads images has
// one. Its methods read the parts that objects consist of, and check them against the octets that
// are left and the limits before anything is allocated. They return nil, or false, once err is set.
type cursor struct {
	budget.Budget
	s       string // the image
	pos     int
	big     bool   // multi-octet numbers are big-endian
	depth   int    // levels left
	sank    bool   // there were none left
	longest uint64 // octets of the longest string allowed
	dec     *Decoder
	header  Header
	classes []string
	kinds   message.Kinds // of scalars that came, for passedKinds
	lowest  int           // of depth in pass
	passing *passing      // of pass; it stays when another image is read
	passed  bool          // pass has been asked about this image
	objects bool          // pass takes blessed objects, and undefs of Perl's own, too
	err     error
}

// begin goes to the first object of the image, behind the header h, with the limits of dec, and no
// more than room octets of the heap. It goes no deeper than deep.Shallow.
func (c *cursor) begin(dec *Decoder, h Header, room int64) {
	c.dec, c.header, c.pos, c.passed = dec, h, h.Size, false
	c.big = h.Network() || h.Layout.BigEndian
	c.depth, c.longest = min(dec.opt.MaxDepth, deep.Shallow), uint64(dec.opt.MaxString)
	c.Begin(dec.opt.MaxElements, room, int64(len(c.s)))
}

func (c *cursor) fail(err error, at int, expected, got string) *perl.Value {
	if c.err == nil {
		c.err = &Error{err, at, expected, got}
	}
	return nil
}

func (c *cursor) exceeded(name string, most, got int64) *perl.Value {
	if c.err == nil {
		c.err = &LimitError{name, most, got, c.pos}
	}
	return nil
}

func (c *cursor) truncated(n uint64, what string) {
	c.fail(ErrTruncated, c.pos, fmt.Sprintf("%d octets of %s", n, what), fmt.Sprintf("%d", len(c.s)-c.pos))
}

func (c *cursor) octet(what string) (byte, bool) {
	if c.pos >= len(c.s) {
		c.truncated(1, what)
		return 0, false
	}
	c.pos++
	return c.s[c.pos-1], true
}

// bigEndian reads what has four octets in network order even in native images.
func (c *cursor) bigEndian(what string) (uint32, bool) {
	if s := c.s[c.pos:]; len(s) >= 4 {
		c.pos += 4
		return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3]), true
	}
	c.truncated(4, what)
	return 0, false
}

func (c *cursor) u32(what string) (uint32, bool) {
	n, ok := c.bigEndian(what)
	if !c.big {
		n = bits.ReverseBytes32(n)
	}
	return n, ok
}

func (c *cursor) u64(what string) (uint64, bool) {
	if len(c.s)-c.pos < 8 {
		c.truncated(8, what)
		return 0, false
	}
	b := []byte(c.s[c.pos : c.pos+8])
	c.pos += 8
	if c.big {
		return binary.BigEndian.Uint64(b), true
	}
	return binary.LittleEndian.Uint64(b), true
}

// length reads the length of a string or the count of a container: one octet, or four.
func (c *cursor) length(long bool, what string) (uint64, bool) {
	if long {
		n, ok := c.u32(what)
		return uint64(n), ok
	}
	n, ok := c.octet(what)
	return uint64(n), ok
}

func (c *cursor) str(n uint64, what string) (string, bool) {
	if n > uint64(len(c.s)-c.pos) {
		c.truncated(n, what)
		return "", false
	}
	if n > c.longest {
		c.exceeded("MaxString", int64(c.longest), int64(n))
		return "", false
	}
	c.pos += int(n)
	return c.s[c.pos-int(n) : c.pos], true
}

// enter checks the count of a container against the octets left but for those that the containers
// around it are to get, each member taking at least least, and against the limits, before anything
// is allocated. The members' octets are owed then: whoever reads one takes them off. It takes the
// container for one level and size octets of the heap for each member, beside its Values.
func (c *cursor) enter(n uint64, least, size int, what string) bool {
	if rest := len(c.s) - c.pos; !c.Promise(n, least, rest) {
		c.fail(ErrCount, c.pos, fmt.Sprintf("a count that %d octets can hold", c.Free(rest)), fmt.Sprintf("%d %s", n, what))
		return false
	}
	return c.spend(int64(n)*int64(size), int(n)) && c.deeper()
}

// spend counts octets of the heap, and looks whether there may be n Values more.
func (c *cursor) spend(octets int64, n int) bool {
	if c.Spend(octets, n) {
		return true
	}
	c.tooMany(n)
	return false
}

// tooMany says which limit n more Values exceed.
func (c *cursor) tooMany(n int) { c.exceeded(c.Excess(n)) }

// mark is where a cursor was, to go back to.
type mark struct {
	pos, depth int
	budget     budget.Budget
}

func (c *cursor) mark() mark { return mark{c.pos, c.depth, c.Budget} }

// back goes back to a mark, whatever was wrong behind it.
func (c *cursor) back(to mark) {
	c.pos, c.depth, c.Budget, c.err = to.pos, to.depth, to.budget, nil
}

func (c *cursor) deeper() bool {
	if c.depth == 0 {
		c.sank = true
		c.exceeded("MaxDepth", int64(c.dec.opt.MaxDepth), int64(c.dec.opt.MaxDepth)+1)
		return false
	}
	c.depth--
	return true
}

func (c *cursor) class(t tag) (string, bool) {
	n, ok := c.length(false, "a class name's length")
	if ok && n&blessLong != 0 {
		n, ok = c.length(true, "a class name's length")
	}
	if !ok {
		return "", false
	}
	if t == tagIxBless {
		return c.classAt(n)
	}
	return c.newClass(n)
}

func (c *cursor) classAt(i uint64) (string, bool) {
	if i >= uint64(len(c.classes)) {
		c.fail(ErrIndex, c.pos, fmt.Sprintf("one of the %d classes seen", len(c.classes)), fmt.Sprintf("class %d", i))
		return "", false
	}
	return c.classes[i], true
}

func (c *cursor) newClass(n uint64) (string, bool) {
	at := c.pos
	name, ok := c.str(n, "a class name")
	if !ok {
		return "", false
	}
	if n == 0 {
		c.fail(ErrCount, at, "a class name", "an empty one")
		return "", false
	}
	if c.dec.classes != nil && !c.dec.classes[name] {
		c.fail(ErrForbidden, at, "an allowed class", fmt.Sprintf("%.80q", name))
		return "", false
	}
	c.classes = append(c.classes, name)
	return name, c.spend(classSize, 0)
}
