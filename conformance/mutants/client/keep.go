package client

import (
	"net"
)

// kept is the connection of a ClientLite that goes on with it when it should have made a new one.
// The new one is closed unused; what its negotiation would say is what that of the old one did.
type kept struct {
	net.Conn        // the old connection
	replay   []byte // of the server's lines
	framed   bool
}

func (k *kept) Write(p []byte) (int, error) {
	if !k.framed && (len(p) == 0 || p[0] < '0' || p[0] > '9') {
		return len(p), nil // a line of the negotiation
	}
	k.framed = true
	return k.Conn.Write(p)
}

func (k *kept) Read(p []byte) (int, error) {
	if len(k.replay) > 0 {
		n := copy(p, k.replay)
		k.replay = k.replay[n:]
		return n, nil
	}
	return k.Conn.Read(p)
}

// Close leaves the connection to the next.
func (k *kept) Close() error { return nil }

// keepOld returns the old connection of a defect in place of a new one, if there is one.
func (d *Behaviour) keepOld(conn net.Conn) net.Conn {
	old := d.old.Load()
	if old == nil {
		return nil
	}
	_ = conn.Close()
	return &kept{Conn: old.Conn, replay: old.heard}
}
