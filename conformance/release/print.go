package release

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Print is what the two sides of a connection show of themselves. The zero value has seen nothing.
type Print struct {
	sides [2]tracks
}

// tracks are the facts that one side has shown, each with the place where it did so first.
type tracks struct {
	seen    uint64 // bits by fact
	where   []place
	lines   int  // that it has said
	reports int  // error reports that were looked at
	calls   int  // calls of a ClientLite that were looked at
	minor   byte // of the last Storable image, 0 before the first
	// searches are how many images were searched for booleans.
	searches int
	setup    string // the last SETUP that it said
	hello    bool   // it has said HELLO
	number   bool   // the last line that it said is HELLO with a number
}

// place is where a fact was seen first.
type place struct {
	fact   fact
	frame  int32
	packet int64
}

// maxReports is how many error reports of a side are looked at, and maxCalls how many calls of a
// ClientLite: more say nothing new.
const maxReports, maxCalls = 64, 64

// Part looks at a part of a connection.
func (p *Print) Part(part *dialogue.Part) {
	if !part.IsIKC {
		return
	}
	for _, item := range part.Items {
		switch item := item.(type) {
		case *dialogue.Line:
			if !part.Joined { // else who is the client is a guess
				p.line(item)
			}
		case *dialogue.Frame:
			p.frame(part.Connection, item)
		}
	}
}

// see notes that a side shows a fact, if it is the first time.
func (t *tracks) see(f fact, at dialogue.Item) {
	if t.seen>>f&1 == 1 {
		return
	}
	t.seen |= 1 << f
	w := place{fact: f, packet: at.Stamp().Packet}
	if frame, ok := at.(*dialogue.Frame); ok {
		w.frame = int32(frame.Number)
	}
	t.where = append(t.where, w)
}

func (t *tracks) has(f fact) bool { return t.seen>>f&1 == 1 }

// frame looks at a frame: its image, and the message in it.
func (p *Print) frame(c *dialogue.Connection, f *dialogue.Frame) {
	t := &p.sides[f.From]
	storable := len(f.Image) > 2 && (c.Negotiation.Serializer == wire.DefaultSerializer || c.Joined) && f.Image[0]>>1 == 2
	if storable {
		t.image(f)
	}
	m := f.Message
	if m == nil {
		return
	}
	if f.From == wire.Client && m.WithLite() && m.Kind != dialogue.Answer && m.Kind != dialogue.ErrorReport {
		t.lite(f, storable)
	} else if from := &m.From; from.Present() && from.Err == nil && from.State == "" &&
		from.Session != wire.SessionIKCLite && from.Session != wire.SessionIKC {
		t.see(fromNoState, f)
	}
	if m.Kind == dialogue.Post && m.To.Session == wire.SessionIKC && m.To.State == "unregister" && !m.From.Present() {
		t.see(liteUnregister, f)
	}
	if m.Kind == dialogue.Call && m.RSVP.Session == goCallSession && strings.HasPrefix(m.RSVP.State, wire.StateResponse) {
		t.see(goCall, f)
	}
	switch m.Kind {
	case dialogue.ErrorReport:
		if t.reports++; t.reports <= maxReports && m.IsError {
			t.report(f)
		}
	case dialogue.Answer:
		t.answer(f, p.sides[f.From.Other()].has(booleanSent))
	}
}

// goCallSession is where the kernel in Go of this project wants the answers to its calls.
const goCallSession = "IKCCall"
