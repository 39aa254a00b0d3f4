package ikc

import "sync/atomic"

// Stats are counts of what a kernel has done since it was made. They only grow, except for
// Connections, Detached and Held.
type Stats struct {
	Connections      int    // there are now, those that negotiate included
	Channels         uint64 // connections begun, in either role
	HandshakesFailed uint64 // negotiations that did not end in a connection
	FramesIn         uint64 // received, and understood
	FramesOut        uint64 // queued
	OctetsIn         uint64 // of frames, received behind the negotiation
	OctetsOut        uint64 // of frames, written
	Requests         uint64 // events of peers, and of the kernel itself, to states here
	Answers          uint64 // sent for calls
	Errors           uint64 // requests that failed
	Detached         int    // requests that wait for Detached.Answer now
	Dropped          uint64 // detached requests that nobody answered; they count among Errors, if there was somebody to be told
	Faults           uint64 // connections ended by what the peer sent
	Posts            uint64 // sent
	Calls            uint64 // sent and waited for
	Held             int64  // octets that peers make the kernel hold now, as Config.MaxMemory counts them
}

type counters struct {
	channels, handshakesFailed, framesIn, framesOut, octetsIn, octetsOut,
	requests, answers, errors, dropped, faults, posts atomic.Uint64
}

// Stats returns the counts. It is cheap enough to be polled.
func (k *Kernel) Stats() Stats {
	s := &k.stats
	k.mu.Lock()
	n := len(k.open)
	k.mu.Unlock()
	return Stats{
		Connections: n, Channels: s.channels.Load(), HandshakesFailed: s.handshakesFailed.Load(),
		FramesIn: s.framesIn.Load(), FramesOut: s.framesOut.Load(), OctetsIn: s.octetsIn.Load(), OctetsOut: s.octetsOut.Load(),
		Requests: s.requests.Load(), Answers: s.answers.Load(), Errors: s.errors.Load(),
		Detached: k.detached.count(), Dropped: s.dropped.Load(), Faults: s.faults.Load(),
		Posts: s.posts.Load(), Calls: k.calls.count(), Held: k.ledger.held(),
	}
}
