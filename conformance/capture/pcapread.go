package capture

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The first four octets of classic pcap files, read in big-endian order.
const (
	pcapMicro        = 0xa1b2c3d4
	pcapMicroSwapped = 0xd4c3b2a1
	pcapNano         = 0xa1b23c4d
	pcapNanoSwapped  = 0x4d3cb2a1

	// Other formats, which are not read.
	pcapModified        = 0xa1b2cd34
	pcapModifiedSwapped = 0x34cdb2a1
	snoopMagic          = 0x736e6f6f

	pcapHeaderSize = 24
	pcapRecordSize = 16
)

func isPcap(magic uint32) bool {
	switch magic {
	case pcapMicro, pcapMicroSwapped, pcapNano, pcapNanoSwapped:
		return true
	}
	return false
}

// pcapFormat reads classic pcap.
type pcapFormat struct {
	order    binary.ByteOrder
	fraction time.Duration // unit of the second half of a time stamp
	linkType int
}

func openPcap(src *source) (*pcapFormat, error) {
	b, err := src.peek(pcapHeaderSize)
	if err != nil {
		return nil, src.cut(err, 0, "a pcap header of 24 octets")
	}
	f := &pcapFormat{order: binary.BigEndian, fraction: time.Microsecond}
	switch binary.BigEndian.Uint32(b) {
	case pcapMicroSwapped:
		f.order = binary.LittleEndian
	case pcapNano:
		f.fraction = time.Nanosecond
	case pcapNanoSwapped:
		f.order, f.fraction = binary.LittleEndian, time.Nanosecond
	}
	if major := f.order.Uint16(b[4:]); major != 2 {
		return nil, &FormatError{Offset: 4, Expected: "version 2 of the pcap format", Got: fmt.Sprintf("version %d", major)}
	}
	f.linkType = int(f.order.Uint32(b[20:]) & 0xffff) // what is above tells of frame check sequences
	src.skip(pcapHeaderSize)
	return f, nil
}

func (f *pcapFormat) meta() Meta { return Meta{} }

func (f *pcapFormat) next(src *source, p *Packet) error {
	start := src.offset
	b, err := src.peek(pcapRecordSize)
	if err != nil {
		if len(b) == 0 {
			return err // a complete file, if this is its end
		}
		return src.cut(err, start, "a packet header of 16 octets")
	}
	seconds, fraction := f.order.Uint32(b), f.order.Uint32(b[4:])
	captured, length := f.order.Uint32(b[8:]), f.order.Uint32(b[12:])
	if captured > maxRecord {
		return &FormatError{Offset: start + 8, Expected: fmt.Sprintf("a packet of at most %d octets", maxRecord),
			Got: fmt.Sprintf("a length of %d", captured)}
	}
	size := pcapRecordSize + int(captured)
	if b, err = src.peek(size); err != nil {
		return src.cut(err, start, fmt.Sprintf("a packet of %d octets", captured))
	}
	p.Time = time.Unix(int64(seconds), int64(fraction)*int64(f.fraction)).UTC()
	p.LinkType = f.linkType
	p.Data = b[pcapRecordSize:size:size]
	p.Length = int(max(length, captured))
	p.Offset, p.dataAt = start, start+pcapRecordSize
	src.skip(size)
	return nil
}
