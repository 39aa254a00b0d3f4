package ikc_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// hostile is a peer that wants the server to hold what it can, or to be taken for another.
func (s *swarm) hostile() error {
	s.bad.Add(1)
	kinds := []func() error{s.claims, s.leavesUnfinished, s.storms, s.impersonates, s.accuses, s.queues}
	return kinds[rand.IntN(len(kinds))]()
}

// as negotiates under these names.
func (s *swarm) as(names ...string) (*net.TCPConn, error) {
	return s.negotiated(strings.Join(names, ","))
}

// writes writes frames until the server has enough of them, and reads what comes for a moment.
func writes(conn *net.TCPConn, frames ...[]byte) error {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(300 * time.Millisecond))
	for _, frame := range frames {
		if _, err := conn.Write(frame); err != nil {
			return nil // it lost its connection, or is not read any more
		}
	}
	_ = conn.CloseWrite()
	_, _ = io.Copy(io.Discard, conn)
	return nil
}

// nestedClaims is an image in which each array says that it has as many elements as octets are
// left, and has one.
func nestedClaims(octets int) []byte {
	image := []byte("\x05\x0b") // network order
	for left := octets; left >= 5; left -= 5 {
		image = append(image, 0x02) // an array
		image = binary.BigEndian.AppendUint32(image, uint32(left-5))
	}
	return image
}

// claims sends images whose counts say more than they hold.
func (s *swarm) claims() error {
	conn, err := s.as("Claims")
	if err != nil {
		return err
	}
	return writes(conn, wire.AppendFrame(nil, nestedClaims(1000+rand.IntN(60_000))))
}

// leavesUnfinished begins frames and does not end them.
func (s *swarm) leavesUnfinished() error {
	conn, err := s.as("Unfinished")
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	octets := rand.IntN(900_000)
	_, _ = fmt.Fprintf(conn, "%d\x00", 1_000_000)
	_, _ = conn.Write(make([]byte, octets))
	time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond)
	return nil
}

// storms has names that make many events for monitors.
func (s *swarm) storms() error {
	names := []string{fmt.Sprint("Storm", rand.IntN(1000))}
	for i := range 1500 {
		names = append(names, fmt.Sprint("n", i))
	}
	conn, err := s.as(names...)
	if err != nil {
		return err
	}
	var frames [][]byte
	for range 50 {
		frames = append(frames, callFrame("absent", names[0], "x", nil))
	}
	return writes(conn, frames...)
}

// impersonates takes the names of others, and answers what it was not asked.
func (s *swarm) impersonates() error {
	names := []string{fmt.Sprint("Nobody", rand.IntN(1000)), s.server.ID(), "Server"}
	for id := range s.server.Kernels() {
		names = append(names, id)
	}
	rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	conn, err := s.as(names...)
	if err != nil {
		return err
	}
	var frames [][]byte
	most := int(s.server.Stats().Calls) + 3
	for range 50 {
		to := specifier.Specifier{Kernel: "Server", Session: "IKCCall", State: fmt.Sprint("response", max(1, most-rand.IntN(30)))}
		m := &wire.Message{Event: wire.At(to), Params: perl.NewBytes("forged")}
		if rand.IntN(2) == 0 {
			m = &wire.Message{Event: wire.AtString("poe://Server/me/deaf"), Params: perl.NewBytes("forged"), RSVP: wire.At(to)}
		}
		frames = append(frames, frame(m))
	}
	return writes(conn, frames...)
}

// frame freezes a message.
func frame(m *wire.Message) []byte {
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		panic(err) // no value here can fail
	}
	return wire.AppendFrame(nil, image)
}

// accuses reports errors of requests that others have been sent, at length.
func (s *swarm) accuses() error {
	conn, err := s.as("Accuser")
	if err != nil {
		return err
	}
	var frames [][]byte
	for id := range s.server.Kernels() {
		text := "no. Request poe://" + id + "/me/echo" + strings.Repeat("!", rand.IntN(20_000))
		frames = append(frames, frame(&wire.Message{IsError: true, Event: wire.AtString("poe://Server/IKC/remote_error"),
			Params: perl.ArrayRef(perl.NewBytes(text), perl.NewBytes(id), perl.NewBytes("check"))}))
	}
	return writes(conn, frames...)
}

// queues sends more than can be carried out at once, of a kind that takes much more than its
// octets.
func (s *swarm) queues() error {
	conn, err := s.as("Queues")
	if err != nil {
		return err
	}
	list := perl.NewArray()
	for range 5000 {
		list.Append(perl.NewUndef())
	}
	list.Append(perl.NewRef(perl.NewArray().Bless("Some::Class")))
	one := callFrame("deaf", "Queues", "x", perl.NewRef(list))
	frames := make([][]byte, 100)
	for i := range frames {
		frames[i] = one
	}
	return writes(conn, frames...)
}
