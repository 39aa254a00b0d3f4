package release

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// PeersOf are the peers of captures that have one connection each.
func PeersOf(t *testing.T, paths ...string) *Peers {
	t.Helper()
	return PeersWith(t, func(*dialogue.Connection) {}, paths...)
}

// PeersWith is PeersOf with something done to each connection first.
func PeersWith(t *testing.T, first func(*dialogue.Connection), paths ...string) *Peers {
	t.Helper()
	ps := new(Peers)
	for i, path := range paths {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var seen Print
		err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
			p.Conn.Index = i
			first(p.Connection)
			if seen.Part(p); p.Last {
				ps.Add(p.Connection, &seen)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ps.Conclude()
	return ps
}
