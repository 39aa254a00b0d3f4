package storable

import (
	"fmt"
	"strings"
)

// Header is what an image says about itself before its data.
type Header struct {
	File    bool   // a file image: it starts with pst0, or perl-store before Storable 0.6
	Major   int    // -1 to 2; 2 since Storable 0.7 of 2000
	Minor   int    // 0 before major 2
	Layout  Layout // Network, or the layout of the machine that wrote a native image
	Size    int    // octets of the header
	order56 bool   // a byte order of four octets
}

// Network tells whether the image is in network order.
func (h Header) Network() bool { return !h.Layout.native() }

// String describes the header for people.
func (h Header) String() string {
	kind := "memory"
	if h.File {
		kind = "file"
	}
	if h.Network() {
		return fmt.Sprintf("%s image, version %d.%d, network order", kind, h.Major, h.Minor)
	}
	end := "little"
	if h.Layout.BigEndian {
		end = "big"
	}
	return fmt.Sprintf("%s image, version %d.%d, %s-endian, integers %d octets, longs %d, pointers %d, doubles %d",
		kind, h.Major, h.Minor, end, h.Layout.IVSize, h.Layout.LongSize, h.Layout.PtrSize, h.Layout.NVSize)
}

// ReadHeader reads the header of an image of any kind. The error is an *Error that matches
// ErrHeader or ErrTruncated.
func ReadHeader(image []byte) (Header, error) {
	return readHeader(aliasOf(image)) // neither Header nor errors keep it
}

func readHeader(s string) (h Header, err error) {
	if len(s) >= 2 && s[0] == major<<1|1 { // the way of nearly all
		return Header{Major: major, Minor: int(s[1]), Size: 2}, nil
	}
	pos, old := 0, false
	switch {
	case strings.HasPrefix(s, fileMagic):
		h.File, pos = true, len(fileMagic)
	case strings.HasPrefix(s, oldFileMagic):
		h.File, pos, old = true, len(oldFileMagic), true
	}
	next := func(what string) int {
		if pos >= len(s) {
			if err == nil {
				err = &Error{ErrTruncated, len(s), what, "the end"}
			}
			return 0
		}
		pos++
		return int(s[pos-1])
	}
	first := next("a major version")
	h.Major = first >> 1
	if old && first > 1 { // Storable 0.1: the octet is the length of the byte order
		h.Major = -1
	}
	majorAt := pos - 1
	if h.Major >= majorWithMinor {
		h.Minor = next("a minor version")
	}
	if err != nil {
		return h, err
	}
	if h.Major > major {
		return h, &Error{ErrHeader, majorAt, "major version 0 to 2", fmt.Sprint(h.Major)}
	}
	if first&1 == 1 && h.Major >= 0 {
		h.Size = pos
		return h, nil
	}
	n := first
	if h.Major >= 0 {
		n = next("the length of a byte order")
	}
	if err == nil && n > len(s)-pos {
		err = &Error{ErrTruncated, len(s), "a byte order", "the end"}
	}
	if err != nil {
		return h, err
	}
	at, order := pos, s[pos:pos+n]
	pos += n
	switch order {
	case "1234", "12345678":
	case "4321", "87654321":
		h.Layout.BigEndian = true
	default:
		return h, &Error{ErrHeader, at, `a byte order "1234", "12345678", "4321" or "87654321"`, fmt.Sprintf("%q", order)}
	}
	h.Layout.IVSize, h.order56 = n, n == 4
	at = pos
	if got := next("the size of an int"); got != 4 && err == nil {
		return h, &Error{ErrHeader, at, "an int of 4 octets", fmt.Sprint(got)}
	}
	h.Layout.LongSize = next("the size of a long")
	h.Layout.PtrSize = next("the size of a pointer")
	h.Layout.NVSize = 8
	if h.Major >= majorWithMinor && h.Minor >= minorOfNVSize {
		h.Layout.NVSize = next("the size of a double")
	}
	if err != nil {
		return h, err
	}
	h.Size = pos
	l := h.Layout
	if (l.LongSize != 4 && l.LongSize != 8) || (l.PtrSize != 4 && l.PtrSize != 8) {
		return h, &Error{ErrHeader, at + 1, "longs and pointers of 4 or 8 octets", fmt.Sprintf("%d and %d", l.LongSize, l.PtrSize)}
	}
	if l.NVSize != 8 && l.NVSize != 12 && l.NVSize != 16 {
		return h, &Error{ErrHeader, pos - 1, "doubles of 8, 12 or 16 octets", fmt.Sprint(l.NVSize)}
	}
	return h, nil
}
