package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// flushSize is how many octets a Writer collects before it writes them out. It always writes whole
// blocks, so that a capture whose program died can be read up to there.
const flushSize = 64 << 10

// maxInterfaces bounds the interfaces of a capture.
const maxInterfaces = 1 << 16

// Writer writes a pcapng file of synthesised TCP conversations: Ethernet frames with IPv4 or IPv6,
// correct checksums, and time stamps in nanoseconds.
//
// Time stamps are those given, except that each packet is at least a nanosecond later than the one
// before: the order of the file is the order of the calls, and tools that sort by time keep it.
//
// All methods, and those of its Recorders, may be called from several goroutines. The first error
// of the underlying io.Writer is kept and returned by every later call.
type Writer struct {
	mu     sync.Mutex
	out    io.Writer
	file   io.Closer // nil unless the Writer opened it
	most   int64     // octets that the capture may have; 0 for no bound
	size   int64     // octets of its packets so far
	isFull bool      // something was not recorded because of most
	buf    []byte
	err    error
	closed bool

	interfaces []writerInterface
	live       map[connKey]*Recorder
	opened     uint64
	first      int64 // time stamp of the first packet, nanoseconds since 1970
	last       int64 // and of the last one
	frames     frameBuilder
	isn        func(conn uint64, from Direction) uint32
}

type writerInterface struct {
	Interface
	packets uint64
}

// NewWriter writes the section header of a capture to w and returns a Writer for the rest. It does
// not close w. If meta has no Application, "ikc-conform" is noted.
func NewWriter(w io.Writer, meta Meta) (*Writer, error) {
	if meta.Application == "" {
		meta.Application = defaultApplication
	}
	cw := &Writer{out: w, live: map[connKey]*Recorder{}, isn: initialSequence}
	cw.buf = appendSection(nil, meta)
	if err := cw.flush(); err != nil {
		return nil, err
	}
	return cw, nil
}

// Create makes a capture file at path, for its owner only, since a capture has all parameters of
// its conversations. Close closes it. A pcapng file that is there already is overwritten. So are no
// other files, and symbolic links are not followed: see package outfile for the errors.
func Create(path string, meta Meta) (*Writer, error) {
	return create(path, meta, func(head []byte) bool { return len(head) == 0 || bytes.HasPrefix(head, sectionMagic) })
}

// CreateNew is Create, but for what is there already: may says whether that is overwritten, a
// capture or not.
func CreateNew(path string, meta Meta, may outfile.May) (*Writer, error) {
	return create(path, meta, may)
}

// sectionMagic is what every pcapng file begins with.
var sectionMagic = binary.LittleEndian.AppendUint32(nil, blockSection)

func create(path string, meta Meta, may outfile.May) (*Writer, error) {
	f, err := outfile.Create(path, may)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	w, err := NewWriter(f, meta)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w.file = f
	return w, nil
}

// Limit bounds the capture, in octets. Beyond it, connections and data are not recorded any more,
// and Open and Data return ErrFull. The ends of connections still are, so that the capture can be
// read. Call it before the first connection; without it there is no bound.
func (w *Writer) Limit(octets int64) { w.most = octets }

// Full tells whether something was not recorded because of Limit.
func (w *Writer) Full() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.isFull
}

// room returns ErrFull if there is none for so many octets of data.
func (w *Writer) room(octets int) error {
	if w.most == 0 || !w.isFull && w.size+int64(octets) <= w.most {
		return nil
	}
	w.isFull = true // also for less: nothing is left out in the middle
	return fmt.Errorf("%w: it may have %d octets", ErrFull, w.most)
}

// Interface returns the index of the interface called name, and adds it to the capture if there is
// none yet; only then does the description matter.
func (w *Writer) Interface(name, description string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.addInterface(name, description)
}

func (w *Writer) addInterface(name, description string) (int, error) {
	if err := w.usable(); err != nil {
		return 0, err
	}
	for _, iface := range w.interfaces {
		if iface.Name == name {
			return iface.Index, nil
		}
	}
	if len(w.interfaces) == maxInterfaces {
		return 0, fmt.Errorf("capture: expected at most %d interfaces, got one more: %q", maxInterfaces, name)
	}
	iface := Interface{Index: len(w.interfaces), Name: name, Description: description}
	w.interfaces = append(w.interfaces, writerInterface{Interface: iface})
	w.buf = appendInterface(w.buf, iface)
	return iface.Index, nil
}

// Flush writes out what has been collected.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	return w.flush()
}

// Close completes the capture: without it, a Reader reports the file as cut short. Conversations
// that are still open stay so in the capture. Close closes the file if Create opened it. Later
// calls of it return nil.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	err := w.err
	if err == nil {
		if len(w.interfaces) == 0 {
			// A capture needs one for its end to be marked.
			_, err = w.addInterface("none", "nothing was recorded")
		}
		for _, iface := range w.interfaces {
			w.buf = appendStatistics(w.buf, iface.Index, w.first, w.last, iface.packets)
		}
		err = errors.Join(err, w.flush())
	}
	w.closed = true
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	return err
}

func (w *Writer) usable() error {
	if w.err != nil {
		return w.err
	}
	if w.closed {
		return ErrClosed
	}
	return nil
}

func (w *Writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	if _, err := w.out.Write(w.buf); err != nil {
		w.err = fmt.Errorf("capture: write: %w", err)
		return w.err
	}
	w.buf = w.buf[:0]
	return nil
}

// stamp gives the time stamp of the next packet. The zero time means now.
func (w *Writer) stamp(at time.Time) int64 {
	if at.IsZero() {
		at = time.Now()
	}
	ns := max(at.UnixNano(), w.last+1)
	if w.last == 0 {
		w.first = ns
	}
	w.last = ns
	return ns
}

// packet adds one packet to the capture.
func (w *Writer) packet(iface int, at time.Time, s *segmentSpec, comments []string) error {
	return w.packetAt(iface, w.stamp(at), s, 0, comments)
}

// packetAt adds one packet with a time stamp, of whose octets some at the end were not captured.
func (w *Writer) packetAt(iface int, stamp int64, s *segmentSpec, missing int, comments []string) error {
	frame, err := w.frames.build(s)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	before := len(w.buf)
	w.buf = appendPacket(w.buf, iface, stamp, frame, missing, comments)
	w.size += int64(len(w.buf) - before)
	w.interfaces[iface].packets++
	if len(w.buf) >= flushSize {
		return w.flush()
	}
	return nil
}

// connKey names a connection by its two ends, the lower first.
type connKey struct{ a, b netip.AddrPort }

func newConnKey(x, y netip.AddrPort) connKey {
	if x.Compare(y) > 0 {
		x, y = y, x
	}
	return connKey{x, y}
}
