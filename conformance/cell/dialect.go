package cell

import (
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Dialect is how the two sides of a cell negotiate.
type Dialect string

// The dialects of a cell.
const (
	// IKC0 on both sides.
	IKC0 Dialect = "IKC0"
	// IKC: the client opens with HELLO.
	IKC Dialect = "IKC"
	// Fallback: the client opens with SETUP, the server speaks only IKC.
	Fallback Dialect = "fallback"
)

// Client is what the client is told to speak.
func (d Dialect) Client() wire.Dialect {
	if d == IKC {
		return wire.IKC
	}
	return wire.IKC0
}

// Server is what the server is told to speak. In the cell IKC it is the better dialect, so that the
// server has to fall back.
func (d Dialect) Server() wire.Dialect {
	if d == Fallback {
		return wire.IKC
	}
	return wire.IKC0
}
