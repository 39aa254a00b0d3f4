package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
	"time"
)

// pcapngFormat reads pcapng. Blocks that are not about packets are skipped.
type pcapngFormat struct {
	order      binary.ByteOrder // of the section; nil before the first
	section    Meta
	sectionEnd int64 // where the section says it ends; 0 if it does not
	interfaces []readInterface

	marked   bool // a Writer made the section: statistics blocks end it
	finished int  // statistics blocks since the last packet
}

type readInterface struct {
	Interface
	linkType int
	snapLen  uint32
	units    uint64 // of time stamps, per second
	offset   int64  // of time stamps, seconds
}

func (f *pcapngFormat) meta() Meta { return f.section }

func (f *pcapngFormat) next(src *source, p *Packet) error {
	for {
		start := src.offset
		header, err := src.peek(8)
		if err != nil {
			if len(header) == 0 && errors.Is(err, io.EOF) {
				return f.checkEnd(src)
			}
			return src.cut(err, start, "a block header of 8 octets")
		}
		if binary.BigEndian.Uint32(header) == blockSection {
			err = f.readSection(src)
		} else {
			var found bool
			if found, err = f.readBlock(src, p); found {
				p.Offset = start
				return nil
			}
		}
		if err != nil {
			return err
		}
	}
}

// checkEnd returns io.EOF if the section may end here.
func (f *pcapngFormat) checkEnd(src *source) error {
	switch {
	case f.sectionEnd > src.offset:
		return &TruncatedError{Offset: src.offset, Size: src.offset,
			Expected: fmt.Sprintf("a section that goes on to octet %d", f.sectionEnd)}
	case f.marked && f.finished < max(1, len(f.interfaces)):
		return &TruncatedError{Offset: src.offset, Size: src.offset,
			Expected: "the Interface Statistics Blocks that end a capture of this program"}
	}
	return io.EOF
}

// block returns the next block, from its header to the repetition of its length.
func (f *pcapngFormat) block(src *source) ([]byte, error) {
	start := src.offset
	header, err := src.peek(8)
	if err != nil {
		return nil, src.cut(err, start, "a block header of 8 octets")
	}
	size := f.order.Uint32(header[4:])
	if err := checkBlockSize(start, size); err != nil {
		return nil, err
	}
	if size > maxRecord {
		return nil, &FormatError{Offset: start + 4, Expected: fmt.Sprintf("a block of at most %d octets", maxRecord),
			Got: fmt.Sprintf("a length of %d", size)}
	}
	b, err := src.peek(int(size))
	if err != nil {
		return nil, src.cut(err, start, fmt.Sprintf("a block of %d octets", size))
	}
	if again := f.order.Uint32(b[size-4:]); again != size {
		return nil, &FormatError{Offset: start + int64(size) - 4,
			Expected: fmt.Sprintf("the length of the block, %d, once more", size), Got: fmt.Sprint(again)}
	}
	return b, nil
}

func checkBlockSize(start int64, size uint32) error {
	if size < 12 || size%4 != 0 {
		return &FormatError{Offset: start + 4, Expected: "a block length of at least 12 that is a multiple of 4",
			Got: fmt.Sprint(size)}
	}
	return nil
}

func (f *pcapngFormat) readSection(src *source) error {
	start := src.offset
	if f.order != nil {
		if err := f.checkEnd(src); !errors.Is(err, io.EOF) {
			return err
		}
	}
	header, err := src.peek(12)
	if err != nil {
		return src.cut(err, start, "a section header of at least 28 octets")
	}
	switch {
	case binary.LittleEndian.Uint32(header[8:]) == byteOrderMagic:
		f.order = binary.LittleEndian
	case binary.BigEndian.Uint32(header[8:]) == byteOrderMagic:
		f.order = binary.BigEndian
	default:
		return &FormatError{Offset: start + 8, Expected: "the byte-order magic 1a2b3c4d", Got: fmt.Sprintf("%x", header[8:12])}
	}
	b, err := f.block(src)
	if err != nil {
		return err
	}
	if len(b) < 28 {
		return &FormatError{Offset: start + 4, Expected: "a section header of at least 28 octets", Got: fmt.Sprint(len(b))}
	}
	if major := f.order.Uint16(b[12:]); major != 1 {
		return &FormatError{Offset: start + 12, Expected: "version 1 of the pcapng format", Got: fmt.Sprintf("version %d", major)}
	}
	length := f.order.Uint64(b[16:])
	f.section, f.sectionEnd, f.interfaces, f.marked, f.finished = Meta{}, 0, nil, false, 0
	if length != ^uint64(0) && length < 1<<62 {
		f.sectionEnd = start + int64(len(b)) + int64(length)
	}
	err = f.options(b, 24, start, func(code uint16, value []byte) {
		switch code {
		case optComment:
			f.section.Comments = append(f.section.Comments, optionText(value))
		case optSectionHardware:
			f.section.Hardware = optionText(value)
		case optSectionOS:
			f.section.OS = optionText(value)
		case optSectionApplication:
			f.section.Application = optionText(value)
		case optSectionEndMarker:
			f.marked = string(value) == endMarker
		}
	})
	src.skip(len(b))
	return err
}

// readBlock reads the block at hand and tells whether it was a packet.
func (f *pcapngFormat) readBlock(src *source, p *Packet) (bool, error) {
	start := src.offset
	header, err := src.peek(8)
	if err != nil {
		return false, src.cut(err, start, "a block header of 8 octets")
	}
	if f.order == nil {
		return false, &FormatError{Offset: start, Expected: "a section header", Got: "another block"}
	}
	kind := f.order.Uint32(header)
	switch kind {
	case blockInterface, blockEnhanced, blockSimple, blockOldPacket, blockStatistics:
	default:
		return false, f.skipBlock(src)
	}
	b, err := f.block(src)
	if err != nil {
		return false, err
	}
	switch kind {
	case blockInterface:
		err = f.readInterface(b, start)
	case blockStatistics:
		f.finished++
	default:
		f.finished = 0
		if err = f.readPacket(kind, b, start, p); err == nil {
			src.skip(len(b))
			return true, nil
		}
	}
	src.skip(len(b))
	return false, err
}

// skipBlock skips a block of any size without keeping it.
func (f *pcapngFormat) skipBlock(src *source) error {
	start := src.offset
	header, err := src.peek(8)
	if err != nil {
		return src.cut(err, start, "a block header of 8 octets")
	}
	size := f.order.Uint32(header[4:])
	if err := checkBlockSize(start, size); err != nil {
		return err
	}
	if _, err := src.skipAhead(int64(size) - 4); err != nil {
		return src.cut(err, start, fmt.Sprintf("a block of %d octets", size))
	}
	tail, err := src.peek(4)
	if err != nil {
		return src.cut(err, start, fmt.Sprintf("a block of %d octets", size))
	}
	if again := f.order.Uint32(tail); again != size {
		return &FormatError{Offset: src.offset,
			Expected: fmt.Sprintf("the length of the block, %d, once more", size), Got: fmt.Sprint(again)}
	}
	src.skip(4)
	return nil
}

func (f *pcapngFormat) readInterface(b []byte, start int64) error {
	if len(b) < 20 {
		return &FormatError{Offset: start + 4, Expected: "an interface block of at least 20 octets", Got: fmt.Sprint(len(b))}
	}
	if len(f.interfaces) == maxInterfaces {
		return &FormatError{Offset: start, Expected: fmt.Sprintf("at most %d interfaces", maxInterfaces), Got: "one more"}
	}
	iface := readInterface{linkType: int(f.order.Uint16(b[8:])), snapLen: f.order.Uint32(b[12:]), units: 1e6}
	iface.Index = len(f.interfaces)
	var bad error
	err := f.options(b, 16, start, func(code uint16, value []byte) {
		switch code {
		case optInterfaceName:
			iface.Name = optionText(value)
		case optInterfaceDescription:
			iface.Description = optionText(value)
		case optInterfaceResolution:
			if len(value) == 0 {
				return
			}
			if iface.units = unitsPerSecond(value[0]); iface.units == 0 {
				bad = &FormatError{Offset: start, Expected: "a time stamp resolution of 10^-19 s or 2^-63 s at the finest",
					Got: fmt.Sprintf("%#02x", value[0])}
			}
		case optInterfaceOffset:
			if len(value) == 8 {
				iface.offset = int64(f.order.Uint64(value))
			}
		}
	})
	f.interfaces = append(f.interfaces, iface)
	return errors.Join(bad, err)
}

// unitsPerSecond reads a time stamp resolution: the exponent of 10^-n, or with the high bit set, of
// 2^-n. It returns 0 for what does not fit.
func unitsPerSecond(resolution byte) uint64 {
	n := resolution & 0x7f
	if resolution&0x80 != 0 {
		if n > 63 {
			return 0
		}
		return 1 << n
	}
	if n > 19 {
		return 0
	}
	units := uint64(1)
	for range n {
		units *= 10
	}
	return units
}

// readPacket reads an enhanced, simple, or obsolete packet block.
func (f *pcapngFormat) readPacket(kind uint32, b []byte, start int64, p *Packet) error {
	head := 28 // octets before the packet
	if kind == blockSimple {
		head = 12
	}
	if len(b) < head+4 {
		return &FormatError{Offset: start + 4, Expected: fmt.Sprintf("a packet block of at least %d octets", head+4),
			Got: fmt.Sprint(len(b))}
	}
	var number, captured, length uint32
	switch kind {
	case blockSimple:
		length = f.order.Uint32(b[8:])
		captured = length
	case blockOldPacket:
		number = uint32(f.order.Uint16(b[8:]))
		captured, length = f.order.Uint32(b[20:]), f.order.Uint32(b[24:])
	default:
		number = f.order.Uint32(b[8:])
		captured, length = f.order.Uint32(b[20:]), f.order.Uint32(b[24:])
	}
	if number >= uint32(len(f.interfaces)) {
		return &FormatError{Offset: start + 8, Expected: fmt.Sprintf("one of %d interfaces", len(f.interfaces)),
			Got: fmt.Sprintf("interface %d", number)}
	}
	iface := &f.interfaces[number]
	room := uint32(len(b) - head - 4)
	if kind == blockSimple {
		if iface.snapLen != 0 {
			captured = min(captured, iface.snapLen)
		}
		captured = min(captured, room)
	} else {
		if captured > room {
			return &FormatError{Offset: start + 20, Expected: fmt.Sprintf("a packet of at most %d octets", room),
				Got: fmt.Sprintf("a length of %d", captured)}
		}
		p.Time = iface.time(uint64(f.order.Uint32(b[12:]))<<32 | uint64(f.order.Uint32(b[16:])))
	}
	p.Interface, p.LinkType = iface.Interface, iface.linkType
	p.Data = b[head : head+int(captured) : head+int(captured)]
	p.dataAt = start + int64(head)
	p.Length = int(max(captured, length))
	if kind == blockSimple {
		return nil
	}
	var comments []string
	err := f.options(b, head+int(captured+3)&^3, start, func(code uint16, value []byte) {
		if code == optComment {
			comments = append(comments, optionText(value))
		}
	})
	p.Comment = strings.Join(comments, "\n")
	return err
}

func (i *readInterface) time(ticks uint64) time.Time {
	seconds, rest := ticks/i.units, ticks%i.units
	hi, lo := bits.Mul64(rest, 1e9)
	ns, _ := bits.Div64(hi, lo, i.units) // rest < units, so that the quotient is below 1e9
	return time.Unix(int64(seconds)+i.offset, int64(ns)).UTC()
}

// options calls fn for each option of a block, which begin at octet from of it.
func (f *pcapngFormat) options(b []byte, from int, start int64, fn func(code uint16, value []byte)) error {
	end := len(b) - 4
	for from+4 <= end {
		code, size := f.order.Uint16(b[from:]), int(f.order.Uint16(b[from+2:]))
		if code == optEnd {
			return nil
		}
		if size > end-from-4 {
			return &FormatError{Offset: start + int64(from) + 2,
				Expected: fmt.Sprintf("an option of at most %d octets", end-from-4), Got: fmt.Sprintf("a length of %d", size)}
		}
		fn(code, b[from+4:from+4+size])
		from += 4 + (size+3)&^3
	}
	return nil
}

// optionText returns a text without the zero octets with which some programs end it.
func optionText(b []byte) string { return strings.TrimRight(string(b), "\x00") }
