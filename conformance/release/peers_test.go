package release_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/release"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestPeers: connections of a process that has an id are put together, others are not.
func TestPeers(t *testing.T) {
	path := recorded("old-release-0.2305.pcapng")
	ps := release.PeersOf(t, path, path)
	servers, _ := ps.All(wire.Server)
	if len(servers) != 1 || servers[0].Connections != 2 || ps.Of(wire.Server, 0) != servers[0] || ps.Of(wire.Server, 1) != servers[0] {
		t.Errorf("expected one server with two connections, got %d: %v", len(servers), servers[0])
	}
	clients, _ := ps.All(wire.Client)
	if len(clients) != 2 || ps.Of(wire.Client, 0) != clients[0] || ps.Of(wire.Client, 1) != clients[1] {
		t.Errorf("expected two clients, since anybody may be called App, got %d", len(clients))
	}
	if ps.Of(wire.Client, 2) != nil || ps.Of(wire.Client, -1) != nil {
		t.Error("expected nobody in connections that there are not")
	}
}

// TestDoubt: what may not have been said is no evidence, nor what who is who depends on, where that
// is a guess.
func TestDoubt(t *testing.T) {
	path := recorded("old-release-0.2305.pcapng")
	doubtful := release.PeersWith(t, func(c *dialogue.Connection) { c.Doubtful = true }, path)
	if p := only(t, doubtful, wire.Server); p.Known() {
		t.Errorf("octets captured twice with different contents: got %v", p)
	}
	joined := release.PeersWith(t, func(c *dialogue.Connection) { c.Joined = true }, path)
	if p := only(t, joined, wire.Server); p.Releases.String() != "0.09 to 0.2305" {
		t.Errorf("a capture that begins in the middle: got %v", p)
	}
	foreign := release.PeersWith(t, func(c *dialogue.Connection) { c.IsIKC = false }, path)
	if list, _ := foreign.All(wire.Server); len(list) != 0 {
		t.Errorf("something else than IKC: got %v", list)
	}
}
