package capture

import "time"

// Limits bounds what reassembly keeps in memory. The zero value means the defaults.
// Exceeding a limit never ends the reading: it shows as a [Gap], or as [Closed] with [Forgotten];
// beyond RecentOctets, what is sent again is not compared.
type Limits struct {
	// PendingOctets is how many early octets one direction of a connection may hold back while it
	// waits for a gap to be filled. Default 4 MiB.
	PendingOctets int

	// PendingPackets is how many packets with data one direction may bring while it waits for a gap
	// to be filled. Default 1000.
	PendingPackets int

	// HeldPackets, HeldOctets and HeldTime bound how long data (or the end) of one side of a
	// connection waits for octets of the other side that it acknowledges and that come later in the
	// capture, so that an answer does not come before its question. When a bound is exceeded, the data
	// is given out, and nothing waits for that other side any more until more of it is seen and
	// nothing acknowledged is missing: a capture of one side only waits once.
	//
	// HeldPackets counts the packets of the connection. Default 64; if negative, nothing waits.
	HeldPackets int

	// HeldOctets counts what one connection holds back, with an overhead of some 300 octets a packet.
	// Default 4 MiB.
	HeldOctets int

	// HeldTime is by the clock of the capture; it is checked when a packet of any connection comes.
	// Default 1 s.
	HeldTime time.Duration

	// TotalOctets is how many octets all connections together may hold back. Default 256 MiB.
	TotalOctets int

	// RecentOctets is how many octets of memory are taken to know of all connections where in the file
	// the last segments are, 24 for each and up to 32 segments of a direction, to compare what is sent
	// again (see [Conflict]). Default 32 MiB; if negative, nothing is compared.
	RecentOctets int

	// Connections is how many connections are followed at the same time, closed ones included until
	// they make room. Closed ones go first, then the one that has been silent for longest. Default
	// 65536.
	Connections int
}

// The defaults of Limits.
const (
	DefaultPendingOctets  = 4 << 20
	DefaultPendingPackets = 1000
	DefaultHeldPackets    = 64
	DefaultHeldOctets     = 4 << 20
	DefaultHeldTime       = time.Second
	DefaultTotalOctets    = 256 << 20
	DefaultRecentOctets   = 32 << 20
	DefaultConnections    = 1 << 16
)

func (l Limits) withDefaults() Limits {
	if l.PendingOctets <= 0 {
		l.PendingOctets = DefaultPendingOctets
	}
	if l.PendingPackets <= 0 {
		l.PendingPackets = DefaultPendingPackets
	}
	if l.HeldPackets == 0 {
		l.HeldPackets = DefaultHeldPackets
	}
	if l.HeldOctets <= 0 {
		l.HeldOctets = DefaultHeldOctets
	}
	if l.HeldTime <= 0 {
		l.HeldTime = DefaultHeldTime
	}
	if l.TotalOctets <= 0 {
		l.TotalOctets = DefaultTotalOctets
	}
	if l.RecentOctets == 0 {
		l.RecentOctets = DefaultRecentOctets
	}
	if l.Connections <= 0 {
		l.Connections = DefaultConnections
	}
	return l
}
