package storable

import (
	"encoding/binary"
	"fmt"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// What things cost in memory, in octets, for MaxAlloc; valueSize beside them.
const (
	pairSize = 32
	elemSize = 8
)

// cursor is a place in an image, with what may still be read from there. All that reads images has
// one. Its methods read the parts that objects consist of, and check them against the octets that
// are left and the limits before anything is allocated. They return nil, or false, once err is set.
type cursor struct {
	s       string // the image
	pos     int
	big     bool // multi-octet numbers are big-endian
	depth   int  // levels left
	left    int  // elements left
	alloc   int64
	longest uint64 // octets of the longest string allowed
	dec     *Decoder
	header  Header
	classes []string
	kinds   message.Kinds // of Value that pass saw
	lowest  int           // of depth in pass
	objects bool          // pass takes blessed objects, and undefs of Perl's own, too
	err     error
}

// begin goes to the first object of the image, behind the header h, with the limits of dec.
func (c *cursor) begin(dec *Decoder, h Header) {
	c.dec, c.header, c.pos = dec, h, h.Size
	c.big = h.Network() || h.Layout.BigEndian
	c.depth, c.left, c.longest = dec.opt.MaxDepth, dec.opt.MaxElements, uint64(dec.opt.MaxString)
	c.alloc = int64(len(c.s))
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
	if len(c.s)-c.pos < 4 {
		c.truncated(4, what)
		return 0, false
	}
	s := c.s[c.pos : c.pos+4]
	c.pos += 4
	return uint32(s[0])<<24 | uint32(s[1])<<16 | uint32(s[2])<<8 | uint32(s[3]), true
}

func (c *cursor) u32(what string) (uint32, bool) {
	n, ok := c.bigEndian(what)
	if !c.big {
		n = n>>24 | n>>8&0xff00 | n<<8&0xff0000 | n<<24
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

// enter checks the count of a container against the octets left, each member taking at least least,
// and against the limits, before anything is allocated. It takes the container for one level and
// each member for a value.
func (c *cursor) enter(n uint64, least, size int, what string) bool {
	if rest := uint64(len(c.s) - c.pos); n > rest || n*uint64(least) > rest {
		c.fail(ErrCount, c.pos, fmt.Sprintf("a count that %d octets can hold", rest), fmt.Sprintf("%d %s", n, what))
		return false
	}
	if n > uint64(c.left) {
		c.exceeded("MaxElements", int64(c.dec.opt.MaxElements), int64(c.dec.opt.MaxElements)-int64(c.left)+int64(n))
		return false
	}
	if c.alloc += 2*valueSize + int64(n)*int64(size+valueSize); c.alloc > c.dec.opt.MaxAlloc {
		c.exceeded("MaxAlloc", c.dec.opt.MaxAlloc, c.alloc)
		return false
	}
	return c.deeper()
}

func (c *cursor) deeper() bool {
	if c.depth == 0 {
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
	return name, true
}
