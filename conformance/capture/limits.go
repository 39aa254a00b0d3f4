package capture

// Limits bounds what reassembly keeps in memory. The zero value means the defaults.
// Exceeding a limit never ends the reading: it shows as a [Gap], or as [Closed] with [Forgotten].
type Limits struct {
	// PendingOctets is how many early octets one direction of a connection may hold back while it waits
	// for a gap to be filled. Default 4 MiB.
	PendingOctets int

	// PendingPackets is how many packets with data one direction may bring while it waits for a gap
	// to be filled. Default 1000.
	PendingPackets int

	// TotalOctets is how many octets all connections together may hold back. Default 256 MiB.
	TotalOctets int

	// Connections is how many connections are followed at the same time, closed ones included until they
	// make room. Closed ones go first, then the one that has been silent for longest. Default 65536.
	Connections int
}

// The defaults of Limits.
const (
	DefaultPendingOctets  = 4 << 20
	DefaultPendingPackets = 1000
	DefaultTotalOctets    = 256 << 20
	DefaultConnections    = 1 << 16
)

func (l Limits) withDefaults() Limits {
	if l.PendingOctets <= 0 {
		l.PendingOctets = DefaultPendingOctets
	}
	if l.PendingPackets <= 0 {
		l.PendingPackets = DefaultPendingPackets
	}
	if l.TotalOctets <= 0 {
		l.TotalOctets = DefaultTotalOctets
	}
	if l.Connections <= 0 {
		l.Connections = DefaultConnections
	}
	return l
}
