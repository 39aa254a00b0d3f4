// Package harness puts targets through scenarios, records what they say on the wire, and has the
// recording judged.
//
// A [Target] is tried cell by cell: as server and as client, in each dialect. The traffic of a cell goes
// through a relay that writes a capture; the verdicts come from that capture and nothing else.
package harness

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Role is what the target is in a cell.
type Role string

// The roles of a target.
const (
	AsServer     Role = "server"
	AsClient     Role = "client"
	AsClientLite Role = "clientlite"
)

// Side is the side of the connections that a target in this role is judged on.
func (r Role) Side() wire.Role {
	if r == AsServer {
		return wire.Server
	}
	return wire.Client
}

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

// Cell is one combination that a target is tried in.
type Cell struct {
	Role    Role
	Dialect Dialect
}

// String names the cell.
func (c Cell) String() string { return fmt.Sprintf("%s, %s", c.Role, c.Dialect) }

// Cells are all combinations.
func Cells() []Cell {
	var cells []Cell
	for _, role := range []Role{AsServer, AsClient, AsClientLite} {
		for _, d := range []Dialect{IKC0, IKC, Fallback} {
			cells = append(cells, Cell{role, d})
		}
	}
	return cells
}
