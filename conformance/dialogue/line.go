package dialogue

import (
	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Line is a line of negotiation.
type Line struct {
	From   wire.Role
	At     capture.Stamp
	Offset int64  // of its first octet in the stream of its direction
	Text   string // without the end
	End    string // "\r\n", "\n" or "\r"
	Torn   bool   // what comes behind it is missing, so that an LF may be

	setup *setup // nil if it was not read
}

// setup is what a line is as a SETUP.
type setup struct {
	wire.Setup
	err error
}

// read reads a line that is meant as a SETUP, for all that ask for it.
func (l *Line) read() {
	if l.setup == nil && wire.IsSetup(l.Text) {
		s, err := wire.ParseSetup(l.Text)
		l.setup = &setup{s, err}
	}
}

// cost is how many octets of memory it takes besides the line.
func (s *setup) cost() int {
	if s == nil {
		return 0
	}
	return nameCost * (len(s.Kernel) + len(s.Serializers))
}

// nameCost is what a name in a list takes besides its octets.
const nameCost = 16

// Setup is wire.ParseSetup of the line.
func (l *Line) Setup() (wire.Setup, error) {
	if l.setup == nil {
		return wire.ParseSetup(l.Text)
	}
	return l.setup.Setup, l.setup.err
}

// Sender implements Item.
func (l *Line) Sender() wire.Role { return l.From }

// Stamp implements Item.
func (l *Line) Stamp() capture.Stamp { return l.At }
