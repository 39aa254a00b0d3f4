package judge

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// Finding is one violation, and where it is. What cannot be seen is escaped in its texts.
type Finding struct {
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	// Connection counts from 0 as in the capture; Packet from 1.
	Connection int   `json:"connection"`
	Packet     int64 `json:"packet,omitempty"`
	// Side sent what is wrong, or failed to. Frame counts its frames from 1; it is 0 if what is wrong
	// is not a frame. Offset is the octet in its stream.
	Side   string `json:"side"`
	Frame  int    `json:"frame,omitempty"`
	Offset int64  `json:"offset"`
	// Exchange shows what it is about.
	Exchange []dialogue.Step `json:"exchange,omitempty"`
}

// Where is the place of a finding for people.
func (f Finding) Where() string {
	s := fmt.Sprintf("connection %d, %s", f.Connection, f.Side)
	if f.Frame > 0 {
		s += fmt.Sprintf(", frame %d", f.Frame)
	}
	s += fmt.Sprintf(", octet %d", f.Offset)
	if f.Packet > 0 {
		s += fmt.Sprintf(", packet %d", f.Packet)
	}
	return s
}
