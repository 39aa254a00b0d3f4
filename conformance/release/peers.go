package release

import (
	"regexp"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Peers are the kernels of a capture. What a kernel says in one connection tells of it in the
// others, if it has an id as POE makes them: host, time, process and a counter. Any other side of a
// connection is a peer of its own.
type Peers struct {
	sides [2]side
}

type side struct {
	peers  []*Peer
	byID   map[string]*Peer
	of     []int32 // by connection: 1 and the index of its peer, or 0
	beyond bool    // there are more than are kept
}

const (
	// maxPeers bounds the peers that are kept of a side, and maxIndexed for how many connections it is
	// known which peer has them.
	maxPeers   = 1 << 14
	maxIndexed = 1 << 17
)

// poeID is what POE::Kernel makes as the id of a process. Source: POE::Kernel ID.
var poeID = regexp.MustCompile(`^.{1,255}-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$`)

// Add takes over what a connection shows that has ended.
func (ps *Peers) Add(c *dialogue.Connection, p *Print) {
	if !c.IsIKC {
		return
	}
	for role := range p.sides {
		ps.sides[role].add(c, wire.Role(role), &p.sides[role])
	}
}

func (s *side) add(c *dialogue.Connection, role wire.Role, t *tracks) {
	if c.Doubtful {
		t = new(tracks) // what was captured may not be what was said
	}
	id := c.Negotiation.Peers[role].ID
	isPOE := poeID.MatchString(id)
	peer := s.byID[id]
	if !isPOE || peer == nil {
		if len(s.peers) == maxPeers {
			s.beyond = true
			return
		}
		peer = new(Peer)
		s.peers = append(s.peers, peer)
		if isPOE {
			if s.byID == nil {
				s.byID = map[string]*Peer{}
			}
			s.byID[id] = peer
		}
		peer.index = int32(len(s.peers))
	}
	peer.add(c.Conn.Index, t)
	if n := c.Conn.Index; n < maxIndexed {
		if n >= len(s.of) {
			s.of = append(s.of, make([]int32, n+1-len(s.of))...)
		}
		s.of[n] = peer.index
	}
}

// Conclude finds out what fits each peer.
func (ps *Peers) Conclude() {
	for role := range ps.sides {
		for _, p := range ps.sides[role].peers {
			p.conclude()
		}
	}
}

// All are the peers of a side in the order in which their first connections ended. whole is false
// if there are more than are kept.
func (ps *Peers) All(role wire.Role) (list []*Peer, whole bool) {
	return ps.sides[role].peers, !ps.sides[role].beyond
}

// Of is the peer of a side in a connection, nil if that is not known.
func (ps *Peers) Of(role wire.Role, connection int) *Peer {
	s := &ps.sides[role]
	if connection < 0 || connection >= len(s.of) || s.of[connection] == 0 {
		return nil
	}
	return s.peers[s.of[connection]-1]
}

// Connection is what one connection alone shows of its sides, by wire.Role.
func (p *Print) Connection(c *dialogue.Connection) [2]*Peer {
	var out [2]*Peer
	for role := range out {
		out[role] = new(Peer)
		if !c.Doubtful {
			out[role].add(c.Conn.Index, &p.sides[role])
		}
		out[role].conclude()
	}
	return out
}
