package capture

import (
	"encoding/binary"
	"strings"
)

// Block types and option codes of pcapng, as in draft-ietf-opsawg-pcapng.
const (
	blockSection    = 0x0A0D0D0A
	blockInterface  = 1
	blockOldPacket  = 2
	blockSimple     = 3
	blockStatistics = 5
	blockEnhanced   = 6

	byteOrderMagic = 0x1A2B3C4D

	optEnd     = 0
	optComment = 1

	optSectionHardware    = 2
	optSectionOS          = 3
	optSectionApplication = 4
	optSectionEndMarker   = 0x8000 + 603

	optInterfaceName        = 2
	optInterfaceDescription = 3
	optInterfaceResolution  = 9
	optInterfaceOffset      = 14

	optStatisticsStart    = 2
	optStatisticsEnd      = 3
	optStatisticsReceived = 4
	optStatisticsDropped  = 5
)

// endMarker is the value of an option in the section header of every capture that a Writer makes.
// The Reader knows by it that a file without statistics blocks at its end is not complete: pcapng
// itself has no end. The option is of a code for local use, which programs that rewrite captures
// leave out. They leave out the statistics too.
const endMarker = "ikc-conform: ends with an Interface Statistics Block for each interface"

// defaultApplication is the name of the recording program when Meta has none.
const defaultApplication = "ikc-conform"

// maxOption is the longest value of an option, in octets.
const maxOption = 1<<16 - 1

// The functions below build blocks in little-endian order.

func beginBlock(b []byte, blockType uint32) (buf []byte, start int) {
	start = len(b)
	b = binary.LittleEndian.AppendUint32(b, blockType)
	return append(b, 0, 0, 0, 0), start
}

func endBlock(b []byte, start int) []byte {
	size := uint32(len(b) - start + 4)
	binary.LittleEndian.PutUint32(b[start+4:], size)
	return binary.LittleEndian.AppendUint32(b, size)
}

func appendPadding(b []byte, n int) []byte {
	for ; n%4 != 0; n++ {
		b = append(b, 0)
	}
	return b
}

func appendOption[T string | []byte](b []byte, code uint16, value T) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	return appendPadding(b, len(value))
}

// appendText leaves empty texts out, cuts long ones, and replaces what is not UTF-8, as the format
// wants it.
func appendText(b []byte, code uint16, text string) []byte {
	if text == "" {
		return b
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxOption {
		text = strings.ToValidUTF8(text[:maxOption], "")
	}
	return appendOption(b, code, text)
}

func appendTimestamp(b []byte, nanoseconds int64) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(uint64(nanoseconds)>>32))
	return binary.LittleEndian.AppendUint32(b, uint32(nanoseconds))
}

func appendEndOfOptions(b []byte) []byte { return append(b, 0, 0, 0, 0) }

func appendSection(b []byte, meta Meta) []byte {
	b, start := beginBlock(b, blockSection)
	b = binary.LittleEndian.AppendUint32(b, byteOrderMagic)
	b = binary.LittleEndian.AppendUint16(b, 1)          // major version
	b = binary.LittleEndian.AppendUint16(b, 0)          // minor version
	b = binary.LittleEndian.AppendUint64(b, ^uint64(0)) // section length: not given, we do not seek
	for _, comment := range meta.Comments {
		b = appendText(b, optComment, comment)
	}
	b = appendText(b, optSectionHardware, meta.Hardware)
	b = appendText(b, optSectionOS, meta.OS)
	b = appendText(b, optSectionApplication, meta.Application)
	b = appendText(b, optSectionEndMarker, endMarker)
	return endBlock(appendEndOfOptions(b), start)
}

func appendInterface(b []byte, iface Interface) []byte {
	b, start := beginBlock(b, blockInterface)
	b = binary.LittleEndian.AppendUint16(b, uint16(linkEthernet))
	b = append(b, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, 0) // snapshot length: none
	b = appendText(b, optInterfaceName, iface.Name)
	b = appendText(b, optInterfaceDescription, iface.Description)
	b = appendOption(b, optInterfaceResolution, []byte{9}) // 10^-9 s
	return endBlock(appendEndOfOptions(b), start)
}

func appendPacket(b []byte, iface int, nanoseconds int64, frame []byte, missing int, comments []string) []byte {
	captured := frame[:len(frame)-missing]
	b, start := beginBlock(b, blockEnhanced)
	b = binary.LittleEndian.AppendUint32(b, uint32(iface))
	b = appendTimestamp(b, nanoseconds)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(captured))) // captured
	b = binary.LittleEndian.AppendUint32(b, uint32(len(frame)))    // on the wire
	b = append(b, captured...)
	b = appendPadding(b, len(captured))
	end := len(b)
	for _, comment := range comments {
		b = appendText(b, optComment, comment)
	}
	if len(b) > end {
		b = appendEndOfOptions(b)
	}
	return endBlock(b, start)
}

func appendStatistics(b []byte, iface int, start, end int64, packets uint64) []byte {
	b, block := beginBlock(b, blockStatistics)
	b = binary.LittleEndian.AppendUint32(b, uint32(iface))
	b = appendTimestamp(b, end)
	b = appendOption(b, optStatisticsStart, appendTimestamp(nil, start))
	b = appendOption(b, optStatisticsEnd, appendTimestamp(nil, end))
	b = appendOption(b, optStatisticsReceived, binary.LittleEndian.AppendUint64(nil, packets))
	b = appendOption(b, optStatisticsDropped, binary.LittleEndian.AppendUint64(nil, 0))
	return endBlock(appendEndOfOptions(b), block)
}
