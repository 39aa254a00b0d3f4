// Package harness puts targets through scenarios, records what they say on the wire, and has the
// recording judged.
//
// A [Target] is tried cell by cell: as server and as client, in each dialect, with each serializer asked for. The traffic of a cell goes
// through a relay that writes a capture; the verdicts come from that capture and nothing else.
package harness

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
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

// Serializer is what the two sides of a cell serialize with.
type Serializer string

// The serializers of a cell, by the Perl package that they are negotiated by.
const (
	Storable   Serializer = "Storable"
	FreezeThaw Serializer = "FreezeThaw"
	Freezer    Serializer = "POE::Component::IKC::Freezer"
)

// Serializers are all of them.
func Serializers() []Serializer { return []Serializer{Storable, FreezeThaw, Freezer} }

func (s Serializer) wire() wire.Serializer {
	switch s {
	case FreezeThaw:
		return freezethaw.Serializer{}
	case Freezer:
		return dumper.Serializer{}
	}
	return storable.Serializer{}
}

// offer is what a client is told to offer: nothing in particular for Storable, which comes first with all that know it.
func (s Serializer) offer() []string {
	if s == Storable || s == "" {
		return nil
	}
	return []string{string(s)}
}

// Cell is one combination that a target is tried in.
type Cell struct {
	Role    Role
	Dialect Dialect
	// Serializer is Storable if it is empty.
	Serializer Serializer
}

// String names the cell: "server, IKC0", with the serializer behind if it is not Storable.
func (c Cell) String() string {
	s := fmt.Sprintf("%s, %s", c.Role, c.Dialect)
	if c.Serializer != "" && c.Serializer != Storable {
		s += ", " + string(c.Serializer)
	}
	return s
}

// file is the name of the cell in those of files.
func (c Cell) file() string {
	s := string(c.Role) + "-" + string(c.Dialect)
	switch c.Serializer {
	case FreezeThaw:
		s += "-freezethaw"
	case Freezer:
		s += "-freezer"
	}
	return s
}

// Cells are all combinations with the serializers given, with Storable if there are none.
func Cells(serializers ...Serializer) []Cell {
	if len(serializers) == 0 {
		serializers = []Serializer{Storable}
	}
	var cells []Cell
	for _, s := range serializers {
		for _, role := range []Role{AsServer, AsClient, AsClientLite} {
			for _, d := range []Dialect{IKC0, IKC, Fallback} {
				cells = append(cells, Cell{role, d, s})
			}
		}
	}
	return cells
}
