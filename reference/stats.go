package ikc

import "sync/atomic"

// Stats are counts of what a kernel has done since it was made.
type Stats struct {
	Connections      int    // now
	Channels         uint64 // connections begun, in either role
	HandshakesFailed uint64
	FramesIn         uint64
	FramesOut        uint64 // queued
	OctetsIn         uint64 // behind the negotiation
	OctetsOut        uint64
	Requests         uint64 // events of peers, and of the kernel itself, to states here
	Answers          uint64 // sent for calls
	Errors           uint64 // requests that failed
	Faults           uint64 // connections ended by what the peer sent
	Posts            uint64 // sent
	Calls            uint64 // sent and waited for
}

type counters struct {
	channels, handshakesFailed, framesIn, framesOut, octetsIn, octetsOut,
	requests, answers, errors, faults, posts, calls atomic.Uint64
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
		Requests: s.requests.Load(), Answers: s.answers.Load(), Errors: s.errors.Load(), Faults: s.faults.Load(),
		Posts: s.posts.Load(), Calls: s.calls.Load(),
	}
}
