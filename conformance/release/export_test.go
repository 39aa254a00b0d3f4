package release

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// PeersOf reads a capture.
func PeersOf(t *testing.T, path string) *Peers {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ps := new(Peers)
	prints := map[*capture.Conn]*Print{}
	err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
		if prints[p.Conn] == nil {
			prints[p.Conn] = new(Print)
		}
		prints[p.Conn].Part(p)
		if p.Last {
			ps.Add(p.Connection, prints[p.Conn])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ps.Conclude()
	return ps
}
