package cell

import (
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

// Roles are all of them.
func Roles() []Role { return []Role{AsServer, AsClient, AsClientLite} }

// Side is the side of the connections that a target in this role is judged on.
func (r Role) Side() wire.Role {
	if r == AsServer {
		return wire.Server
	}
	return wire.Client
}
