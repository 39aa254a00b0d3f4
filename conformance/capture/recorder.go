package capture

import (
	"fmt"
	"net/netip"
	"time"
)

const (
	// segmentSize is how many octets a synthesised segment carries at most.
	segmentSize = 16 << 10

	// ackEvery is after how many segments of one piece of data the receiver acknowledges.
	ackEvery = 8
)

// Recorder writes one TCP conversation to a capture. Its methods take the time at which the thing
// happened (zero means now) and comments, which are attached to the first packet written; one that
// is too long for the format (65535 octets) is cut. They may be called from several goroutines.
type Recorder struct {
	w              *Writer
	iface          int
	client, server netip.AddrPort
	half           [2]recorderHalf
}

type recorderHalf struct {
	next   uint32 // sequence number of the next octet
	id     uint16 // IPv4 identification of the next packet
	closed bool
}

// Open writes the handshake of a new connection on an interface of the capture and returns the
// Recorder of its conversation.
//
// IPv4 addresses mapped into IPv6 are recorded as IPv4; if only one side has an IPv4 address, it is
// mapped. Zones are left out, as packets have none. If the capture has an open connection between
// the same two ends, the client is recorded with the next free port number, and a comment says so.
func (w *Writer) Open(iface int, client, server netip.AddrPort, at time.Time, comments ...string) (*Recorder, error) {
	if !client.IsValid() || !server.IsValid() {
		return nil, fmt.Errorf("capture: expected two addresses with ports, got client %v, server %v", client, server)
	}
	client, server = plainAddr(client), plainAddr(server)
	if client.Addr().Is4() != server.Addr().Is4() {
		client, server = mappedAddr(client), mappedAddr(server)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return nil, err
	}
	if iface < 0 || iface >= len(w.interfaces) {
		return nil, fmt.Errorf("capture: expected an interface from 0 to %d, got %d", len(w.interfaces)-1, iface)
	}
	if err := w.room(0); err != nil {
		return nil, err
	}
	recorded, err := w.freeClient(client, server)
	if err != nil {
		return nil, err
	}
	if recorded != client {
		comments = append(comments[:len(comments):len(comments)],
			fmt.Sprintf("the client's port was %d, which another connection of this capture has", client.Port()))
	}
	r := &Recorder{w: w, iface: iface, client: recorded, server: server}
	r.half[FromClient].next = w.isn(w.opened, FromClient)
	r.half[FromServer].next = w.isn(w.opened, FromServer)
	w.opened++
	w.live[newConnKey(recorded, server)] = r

	if err := r.send(FromClient, at, segmentSpec{syn: true}, comments); err != nil {
		return nil, err
	}
	r.half[FromClient].next++
	if err := r.send(FromServer, at, segmentSpec{syn: true, hasAck: true}, nil); err != nil {
		return nil, err
	}
	r.half[FromServer].next++
	if err := r.ack(FromClient, at); err != nil {
		return nil, err
	}
	return r, nil
}

func (w *Writer) freeClient(client, server netip.AddrPort) (netip.AddrPort, error) {
	for i := range 1 << 16 {
		try := netip.AddrPortFrom(client.Addr(), client.Port()+uint16(i))
		if try.Port() == 0 && i > 0 || try == server {
			continue
		}
		if _, taken := w.live[newConnKey(try, server)]; !taken {
			return try, nil
		}
	}
	return client, fmt.Errorf("capture: expected a free port of %v towards %v, got 65536 open connections",
		client.Addr(), server)
}

// Client and Server give the addresses under which the two sides are recorded.
func (r *Recorder) Client() netip.AddrPort { return r.client }

// Server gives the address under which the server is recorded.
func (r *Recorder) Server() netip.AddrPort { return r.server }

// Data records that one side sent octets, in as many segments as it takes, and that the other
// acknowledged them. It returns ErrOver if that side, or the connection, has been closed.
func (r *Recorder) Data(from Direction, octets []byte, at time.Time, comments ...string) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if err := r.usable(from); err != nil {
		return err
	}
	if err := r.w.room(len(octets)); err != nil {
		return err
	}
	for n := 1; len(octets) > 0; n++ {
		size := min(len(octets), segmentSize)
		last := size == len(octets)
		err := r.send(from, at, segmentSpec{hasAck: true, psh: last, payload: octets[:size]}, comments)
		if err != nil {
			return err
		}
		r.half[from].next += uint32(size)
		octets, comments = octets[size:], nil
		if last || n%ackEvery == 0 {
			if err := r.ack(from.Reverse(), at); err != nil {
				return err
			}
		}
	}
	return nil
}

// Comment records an acknowledgement of one side, which says nothing, for its comments: what is to
// be told where nothing was sent. It returns ErrOver if the connection is over.
func (r *Recorder) Comment(from Direction, at time.Time, comments ...string) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.half[from].closed && r.half[from.Reverse()].closed {
		return fmt.Errorf("%w: expected no more comments on %v -> %v", ErrOver, r.client, r.server)
	}
	if err := r.w.usable(); err != nil {
		return err
	}
	if err := r.w.room(0); err != nil {
		return err
	}
	return r.send(from, at, segmentSpec{hasAck: true}, comments)
}

// CloseWrite records that one side has no more to send. When both have said so, the conversation is
// over. Saying it again changes nothing.
func (r *Recorder) CloseWrite(from Direction, at time.Time, comments ...string) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.half[from].closed {
		return nil
	}
	if err := r.usable(from); err != nil {
		return err
	}
	if err := r.send(from, at, segmentSpec{hasAck: true, fin: true}, comments); err != nil {
		return err
	}
	r.half[from].next++
	r.half[from].closed = true
	if r.half[from.Reverse()].closed {
		r.forget()
	}
	return r.ack(from.Reverse(), at)
}

// Reset records that one side aborted the connection, which ends the conversation. It changes
// nothing if the conversation is over.
func (r *Recorder) Reset(from Direction, at time.Time, comments ...string) error {
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	if r.half[FromClient].closed && r.half[FromServer].closed {
		return nil
	}
	if err := r.w.usable(); err != nil {
		return err
	}
	r.half[FromClient].closed, r.half[FromServer].closed = true, true
	r.forget()
	return r.send(from, at, segmentSpec{hasAck: true, rst: true}, comments)
}

func (r *Recorder) usable(from Direction) error {
	if err := r.w.usable(); err != nil {
		return err
	}
	if r.half[from].closed {
		return fmt.Errorf("%w: expected nothing more from the %v of %v -> %v", ErrOver, from, r.client, r.server)
	}
	return nil
}

func (r *Recorder) forget() { delete(r.w.live, newConnKey(r.client, r.server)) }

func (r *Recorder) ack(from Direction, at time.Time) error {
	return r.send(from, at, segmentSpec{hasAck: true}, nil)
}

// send fills in who sends, where in the stream, and what has been received, and writes the packet.
func (r *Recorder) send(from Direction, at time.Time, s segmentSpec, comments []string) error {
	half := &r.half[from]
	s.src, s.dst = r.client, r.server
	if from == FromServer {
		s.src, s.dst, s.fromServer = r.server, r.client, true
	}
	s.seq, s.id = half.next, half.id
	if s.hasAck {
		s.ack = r.half[from.Reverse()].next
	}
	half.id++
	return r.w.packet(r.iface, at, &s, comments)
}

func plainAddr(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

func mappedAddr(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
}

// initialSequence gives each side of each connection of a capture its own place to start, the same
// in every run (the mixing function of SplitMix64).
func initialSequence(conn uint64, from Direction) uint32 {
	z := (2*conn + uint64(from) + 1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return uint32(z ^ z>>31)
}
