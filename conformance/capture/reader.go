package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"
)

// maxRecord is the largest record of a packet, or other block with a meaning, that is read, in
// octets. The largest packets, those of BIG TCP on a loopback interface, have half a MiB.
const maxRecord = 16 << 20

// Reader reads a capture file: pcapng, or classic pcap with microseconds or nanoseconds, in either
// byte order; also compressed by gzip, zstd or xz. It keeps a bounded amount of it in memory. A
// Reader is for one goroutine.
//
// A pcapng file that was cut between two blocks, or a pcap file cut between two packets, looks
// complete, unless the section says how long it is or the file is one of a [Writer], which marks
// the end.
type Reader struct {
	src    source
	packed *source // the compressed file that src decompresses; nil if it is not
	files  *merged // several files, which are read instead of src; nil if there is one
	file   io.Closer
	format recordFormat
	packet Packet
	err    error // why there are no more packets
}

// recordFormat reads the packets of one file format.
type recordFormat interface {
	// next fills in the next packet. At the end of a complete file it returns io.EOF.
	next(src *source, p *Packet) error
	meta() Meta
}

// Packet is one packet of a capture, undecoded.
type Packet struct {
	Number    int64     // from 1, as in Wireshark
	Time      time.Time // in UTC; zero if the file has none for it
	Interface Interface
	LinkType  int    // as in https://www.tcpdump.org/linktypes.html
	Data      []byte // what was captured; valid until the next packet is read
	Length    int    // octets on the wire, at least len(Data)
	Comment   string // the comments on it, joined by newlines
	Offset    int64  // where in the file its record begins

	dataAt int64 // where in the file Data begins
}

// Open opens the capture file at path, pcapng or classic pcap. The caller must Close it.
// The error is that of the file system, a *TruncatedError or a *FormatError.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	r, err := NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	r.file = f
	return r, nil
}

// NewReader reads a capture from r, which is read in large pieces and never closed. If r is an
// io.ReaderAt and io.Seeker, octets that were sent again are compared with what Events gave out
// long before, else only with what is within 256 KiB of the file (see [Conflict]). The errors are
// those of r, a *TruncatedError or a *FormatError.
func NewReader(r io.Reader) (*Reader, error) {
	cr := &Reader{src: source{r: r}}
	cr.src.rereadable()
	magic, err := cr.src.magic()
	if err != nil {
		return nil, err
	}
	packed := cr.src
	unpacked, err := unpack(&packed, magic)
	if err != nil {
		return nil, err
	}
	if unpacked != nil {
		cr.packed, cr.src = &packed, source{r: unpacked}
		if magic, err = cr.src.magic(); err != nil {
			return nil, err
		}
	}
	switch {
	case magic == blockSection:
		cr.format = &pcapngFormat{}
	case isPcap(magic):
		if cr.format, err = openPcap(&cr.src); err != nil {
			return nil, err
		}
	default:
		return nil, &FormatError{Expected: "a pcapng or pcap file", Got: otherFormat(magic)}
	}
	return cr, nil
}

// magic returns the first four octets of a file.
func (s *source) magic() (uint32, error) {
	b, err := s.peek(4)
	if err != nil {
		return 0, s.cut(err, 0, "the header of a capture file")
	}
	return binary.BigEndian.Uint32(b), nil
}

// otherFormat says what kind of file begins so, and what makes a capture of it that can be read.
func otherFormat(magic uint32) string {
	const convert = ": 'editcap -F pcapng IN OUT' converts it"
	switch magic {
	case pcapModified, pcapModifiedSwapped:
		return "the modified pcap of old Linux systems" + convert
	case snoopMagic:
		return "a snoop file" + convert
	case zstdMagic, xzMagic:
		return "a file that was compressed twice"
	}
	if magic>>16 == gzipMagic {
		return "a file that was compressed twice"
	}
	return fmt.Sprintf("a file that begins with %08x", magic)
}

// Close closes the file, if the reader was made by Open or OpenFiles.
func (r *Reader) Close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Offset returns how many octets of the file were read; of a compressed file, compressed ones.
func (r *Reader) Offset() int64 {
	switch {
	case r.files != nil:
		return r.files.offset()
	case r.packed != nil:
		return r.packed.offset
	}
	return r.src.offset
}

// Awaits tells whoever is asked for octets, of a capture that is still being written, what they are
// for: from octet at of the file on the Reader needs so many, and has some of them. Both are 0 if
// it is at the end of a packet or a block, or if that is not known, as of a compressed file.
func (r *Reader) Awaits() (at, needs, has int64) {
	s := &r.src
	if has = int64(s.hi - s.lo); r.files != nil || r.packed != nil || has == 0 && s.ahead == 0 {
		return s.offset, 0, 0
	}
	return s.offset, s.needs, has
}

// Meta returns the description of the section read last. It is empty before the first packet was
// read, and for classic pcap.
func (r *Reader) Meta() Meta { return r.format.meta() }

// Next returns the next packet, which is valid until the next call. At the end of the capture it
// returns io.EOF; at the end of a damaged one, a *TruncatedError or a *FormatError; then the same
// error for ever.
func (r *Reader) Next() (*Packet, error) {
	if r.err != nil {
		return nil, r.err
	}
	number := r.packet.Number + 1
	r.packet = Packet{}
	if r.err = r.format.next(&r.src, &r.packet); r.err != nil {
		return nil, r.err
	}
	r.packet.Number = number
	return &r.packet, nil
}

// Events reads the rest of the capture and gives what happened to each TCP connection, in the order
// of the capture; where an answer was captured before its question, as the acknowledgements tell,
// the question comes first (see [Limits]). The last event is always an *[End]; after it, if the
// file is damaged, comes one pair of a nil event and the error. Whoever stops earlier can go on
// with another call, but connections are forgotten.
func (r *Reader) Events(limits Limits) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		a := newAssembler(limits.withDefaults(), func(ev Event) bool { return yield(ev, nil) })
		if a.file = &r.src; r.files != nil {
			a.file = r.files
		}
		var d decoder
		for !a.stopped {
			p, err := r.Next()
			if err != nil {
				if errors.Is(err, io.EOF) {
					err = nil
				}
				a.stats.Octets = r.Offset()
				a.stats.Fragments = d.fragments
				a.stats.Others = d.other.list()
				a.end(err)
				if err != nil && !a.stopped {
					yield(nil, err)
				}
				return
			}
			a.packet(p, &d)
		}
	}
}
