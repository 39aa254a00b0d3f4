package diagnosis

import (
	"fmt"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Notice is what was noticed of one connection, of one kind and about one thing.
type Notice struct {
	Kind *Kind
	// About is what notices are counted together by, such as a session and a state; it may be empty.
	About string
	// Text says what was noticed first, Count how many times: of calls, how many.
	Text  string
	Count int
	// Where that is: the side that sent it, or failed to; Frame is 0 for what is no frame, and At is
	// zero for what is not in a packet.
	From  wire.Role
	Frame int
	At    capture.Stamp
	// Since is the time since the connection opened.
	Since time.Duration
}

// line is the notice for people, on a line.
func (n *Notice) line() string {
	s := n.Text
	if n.Count > 1 {
		s += fmt.Sprintf("; and %d more", n.Count-1)
	}
	return s
}

// lasting writes a duration for people.
func lasting(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}

// frameNumber names a frame.
func frameNumber(f *dialogue.Frame) string {
	if f.AtLeast {
		return fmt.Sprintf("#%d+", f.Number)
	}
	return fmt.Sprintf("#%d", f.Number)
}
