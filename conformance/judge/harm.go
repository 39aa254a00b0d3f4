package judge

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Harm is what a connection may do to others.
type Harm uint8

const (
	noHarm     Harm = iota
	HalfOpened      // the client left in the middle of the negotiation
	BadImage        // the client sent an image that is no message
	BadFrame        // the client sent octets that are no frame
)

// harmful is a connection that may have done harm.
type harmful struct {
	index  int
	packet int64 // by which it was opened
}

// harms tells what a connection may have done to those after it.
func harms(c *dialogue.Connection, badImageSent bool) Harm {
	if c.Unreached {
		return noHarm
	}
	if c.Broken[wire.Client] != nil {
		return BadFrame
	}
	if badImageSent {
		return BadImage
	}
	client, server := c.Ends[wire.Client], c.Ends[wire.Server]
	left := client != nil && client.How == capture.FIN && (server == nil || client.At.Packet <= server.At.Packet)
	if left && !c.Negotiation.Complete && len(dialogue.LinesOf(c.Negotiation, wire.Client)) > 0 {
		return HalfOpened
	}
	return noHarm
}

// AfterHarm judges whether a server still takes connections after one that was harmful in a way:
// the next that begins a negotiation must get to the end of it.
func AfterHarm(kind Harm) Predicate {
	return OnConnection(func(t *Trial) {
		n, c := t.Conn.Negotiation, t.Conn
		lines := dialogue.LinesOf(n, wire.Client)
		if before := *t.after; before != nil && len(lines) > 0 && c.Opened.Packet > before.packet && (t.harm == noHarm || n.Complete) {
			if _, good := t.GoodSetup(lines[0]); good || lines[0].Text == "HELLO" {
				t.OnAll()
				t.HoldFunc(n.Complete, lines[len(lines)-1], func() (string, string) {
					return "a negotiation to its end", fmt.Sprintf("none, after connection %d", before.index)
				})
				*t.after = nil
			}
		}
		if t.harm == kind && (kind != HalfOpened || c.Whole()) {
			*t.after = &harmful{c.Conn.Index, c.Opened.Packet}
		}
	})
}
