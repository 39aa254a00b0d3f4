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
}

// Sender implements Item.
func (l *Line) Sender() wire.Role { return l.From }

// Stamp implements Item.
func (l *Line) Stamp() capture.Stamp { return l.At }
