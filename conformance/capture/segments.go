package capture

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"net/netip"
	"time"
)

// Segment is a TCP segment of a capture, as it stands: nothing is put into its order, what was sent
// again comes again. What carried it, such as a tunnel or fragments of IP, is gone.
type Segment struct {
	At        Stamp
	Interface Interface
	Comment   string // the comments on the packet, joined by newlines

	Src, Dst           netip.AddrPort
	Seq, Ack           uint32
	Window             uint16 // as it stands, without a scale
	SYN, FIN, RST, ACK bool
	Payload            []byte // what was captured of the octets; valid until the next segment is read
	Missing            int    // how many octets behind them were not captured
}

// Ends are the two addresses as a Conn has them: IPv4 that is mapped into IPv6 is IPv4.
func (s *Segment) Ends() (src, dst netip.AddrPort) { return plainAddr(s.Src), plainAddr(s.Dst) }

// Segments reads the rest of the capture and gives its TCP segments, in the order of the file.
// Other packets are passed over. If the file is damaged, the last pair is nil and the error.
func (r *Reader) Segments() iter.Seq2[*Segment, error] {
	return func(yield func(*Segment, error) bool) {
		var d decoder
		for {
			p, err := r.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
			var s segment
			if d.decode(p.LinkType, p.Data, p.Length, &s) != isTCP {
				continue
			}
			src, dst := s.addrs()
			if !s.srcIsA {
				src, dst = dst, src
			}
			if !yield(&Segment{At: Stamp{p.Number, p.Time}, Interface: p.Interface, Comment: p.Comment, Src: src, Dst: dst,
				Seq: s.seq, Ack: s.ack, Window: s.window, SYN: s.syn, FIN: s.fin, RST: s.rst, ACK: s.hasAck,
				Payload: s.payload, Missing: s.missing}, nil) {
				return
			}
		}
	}
}

// maxPayload bounds the octets of a segment that is written as one packet: a packet of IP has no
// room for many more.
const maxPayload = 65000

// Segment writes a packet with a segment, on an interface of the capture and at the time of the
// segment, also if that is before the one of the packet before. What is too large for one packet of
// IP is written in several, if nothing of it is missing.
func (w *Writer) Segment(iface int, s *Segment, comments ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	switch {
	case iface < 0 || iface >= len(w.interfaces):
		return fmt.Errorf("capture: expected an interface from 0 to %d, got %d", len(w.interfaces)-1, iface)
	case !s.Src.IsValid() || !s.Dst.IsValid() || s.Src.Addr().Is4() != s.Dst.Addr().Is4():
		return fmt.Errorf("capture: expected two addresses of one kind, got %v and %v", s.Src, s.Dst)
	case s.Missing > 0 && len(s.Payload)+s.Missing > maxPayload:
		return fmt.Errorf("capture: packet %d: expected at most %d octets, of which some were not captured, got %d",
			s.At.Packet, maxPayload, len(s.Payload)+s.Missing)
	}
	spec := segmentSpec{src: s.Src, dst: s.Dst, seq: s.Seq, ack: s.Ack, syn: s.SYN, rst: s.RST, hasAck: s.ACK,
		window: &s.Window, payload: s.Payload}
	if s.Missing > 0 {
		spec.payload = append(append([]byte{}, s.Payload...), make([]byte, s.Missing)...)
	}
	for {
		rest := []byte(nil)
		if s.Missing == 0 && len(spec.payload) > maxPayload {
			spec.payload, rest = spec.payload[:maxPayload], spec.payload[maxPayload:]
		}
		spec.fin = s.FIN && rest == nil
		spec.psh = rest == nil && len(spec.payload) > 0
		if err := w.packetAt(iface, w.plainStamp(s.At.Time), &spec, s.Missing, comments); err != nil || rest == nil {
			return err
		}
		spec.seq += maxPayload
		spec.payload, comments = rest, nil
	}
}

// plainStamp is the time stamp of a packet that may be earlier than those before.
func (w *Writer) plainStamp(at time.Time) int64 {
	ns := max(at.UnixNano(), 0)
	if at.IsZero() {
		ns = w.last
	}
	if w.first == 0 || ns < w.first {
		w.first = ns
	}
	w.last = max(w.last, ns)
	return ns
}
