package wire

import (
	"bytes"

	"github.com/perl-ikc/ikc-conform/internal/message"
)

// envelope is a message without its params, and the octets of its image around these: mostly the
// next message has the same, but for one name. That of an rsvp has a number in it, which is another
// for each call, and so has the event of the answer.
type envelope struct {
	octets []byte        // all of them
	at     message.Place // of the params, in octets before they were taken out
	m      Message
	name   name
}

// name is the one string of an envelope that may be another in the next.
type name struct {
	from, to int  // where it stands in the octets of the envelope; to is 0 if there is none
	rsvp     bool // it is that of the rsvp, else of the event
	state    bool // it is the state of it, else all of it
}

// keep keeps the envelope of an image that was read into m, if it is not too long.
func (e *envelope) keep(image []byte, h *message.Hash, m *Message) bool {
	at := h.Whole
	if e.at = at; at.To == 0 || len(image)-(at.To-at.From) > message.MostEnvelope {
		e.at = message.Place{}
		return false
	}
	e.octets = append(append(e.octets[:0], image[:at.From]...), image[at.To:]...)
	e.m = *m
	e.m.Params = nil
	e.name = name{}
	for i := range h.Items {
		if item := &h.Items[i]; item.Key == "rsvp" && m.RSVP.Present() || item.Key == "event" && !m.RSVP.Present() {
			e.name = nameIn(item, at)
		}
	}
	return true
}

// nameIn finds the name of an address in an image whose params are at a place.
func nameIn(item *message.Item, params message.Place) (n name) {
	n.rsvp = item.Key == "rsvp"
	at, length := item.At, len(item.Str)
	for _, p := range item.Parts {
		if p.Key == "state" {
			at, length, n.state = p.At, len(p.Str), true
		}
	}
	if at == 0 || length == 0 {
		return name{}
	}
	if at > params.From {
		at -= params.To - params.From
	}
	n.from, n.to = at, at+length
	return n
}

// find returns where the params stand in an image with this envelope, and the name that it has,
// which must be as long as that of the envelope. ok is true if it has.
func (e *envelope) find(image []byte) (at message.Place, name []byte, ok bool) {
	n := e.at.From
	if e.at.To == 0 || len(image) <= len(e.octets) {
		return at, nil, false
	}
	at = message.Place{From: n, To: len(image) - (len(e.octets) - n), Rest: e.at.Rest}
	head, tail := image[:at.From], image[at.To:]
	switch from, to := e.name.from, e.name.to; {
	case to <= n:
		name, ok = head[from:to], same(head, e.octets[:n], from, to) && bytes.Equal(tail, e.octets[n:])
	default:
		name, ok = tail[from-n:to-n], bytes.Equal(head, e.octets[:n]) && same(tail, e.octets[n:], from-n, to-n)
	}
	return at, name, ok
}

// same tells whether a and b, which are as long, are the same but for what is from one place to
// another.
func same(a, b []byte, from, to int) bool {
	return bytes.Equal(a[:from], b[:from]) && bytes.Equal(a[to:], b[to:])
}

// isNamed tells whether the envelope has that name.
func (e *envelope) isNamed(name []byte) bool {
	return bytes.Equal(name, e.octets[e.name.from:e.name.to])
}

// rename gives the last envelope another name. It returns false, and changes nothing, if the
// message had better be read as a whole.
func (in *incoming) rename(name []byte) bool {
	e := &in.last
	a, last := &e.m.Event, &in.event
	if e.name.rsvp {
		a, last = &e.m.RSVP, &in.rsvp
	}
	if len(name) == 1 && name[0] == '0' { // which is none
		return false
	}
	if e.name.state {
		a.State = in.same(&last.hash.State, stringOf(name))
	} else if !in.text(stringOf(name), a, &last.text) {
		return false
	}
	copy(e.octets[e.name.from:], name)
	switch {
	case !in.like:
	case e.name.rsvp && e.name.state:
		in.own.RSVP.State = a.State
	case e.name.rsvp:
		in.own.RSVP = *a
	case e.name.state:
		in.own.Event.State = a.State
	default:
		in.own.Event = *a
	}
	return true
}

// freezeLike writes a message that is like the last but for its params and one name. It returns
// false, and changes nothing, if it is not.
func (o *Outgoing) freezeLike(s Serializer, m *Message) bool {
	by, ok := s.(message.Codec)
	if !ok || o.by != by || o.Lend != nil || m.Params == nil || !m.isPlain() || !o.last.isOf(m) {
		return false
	}
	e := &o.last
	p, n := e.at.From, e.name
	if n.to == 0 || n.from > p {
		o.buf = append(o.buf, e.octets[:p]...)
	} else {
		o.buf = append(e.appendName(append(o.buf, e.octets[:n.from-1]...), m), e.octets[n.to:p]...)
	}
	if o.buf, ok = by.AppendWhole(o.buf, frameHead, m.Params, e.at.Before, o.most()); !ok {
		o.buf = o.buf[:frameHead]
		return false
	}
	if n.to == 0 || n.from < p {
		o.buf = append(o.buf, e.octets[p:]...)
	} else {
		o.buf = append(e.appendName(append(o.buf, e.octets[p:n.from-1]...), m), e.octets[n.to:]...)
	}
	return true
}

// nameOf is the string that stands for the name of the envelope in a message.
func (e *envelope) nameOf(m *Message) string {
	a := &m.Event
	if e.name.rsvp {
		a = &m.RSVP
	}
	if e.name.state {
		return a.State
	}
	return a.Text
}

// appendName appends the name that a message has, behind the octet of its length.
func (e *envelope) appendName(dst []byte, m *Message) []byte {
	s := e.nameOf(m)
	return append(append(dst, byte(len(s))), s...)
}

// longestName is how many octets a name has at most that is written with one octet for its length.
const longestName = 255

// isOf tells whether a message differs from that of the envelope in nothing but params and name.
// Both are plain.
func (e *envelope) isOf(m *Message) bool {
	was := e.name.to - e.name.from
	if n := len(e.nameOf(m)); was > 0 && (n == 0 || n > longestName || len(e.octets)-was+n > message.MostEnvelope) {
		return false
	}
	rsvp := e.name.to > 0 && e.name.rsvp
	event := e.name.to > 0 && !e.name.rsvp
	return m.WantArray == e.m.WantArray && m.IsError == e.m.IsError &&
		e.sameAddress(&m.Event, &e.m.Event, event) && e.sameAddress(&m.From, &e.m.From, false) &&
		e.sameAddress(&m.RSVP, &e.m.RSVP, rsvp)
}

// sameAddress tells whether two addresses are written in the same way, but for the name if they are
// named.
func (e *envelope) sameAddress(a, b *Address, named bool) bool {
	switch {
	case (a.Text == "") != (b.Text == ""):
		return false
	case a.Text != "":
		return named && !e.name.state || a.Text == b.Text
	}
	return a.Kernel == b.Kernel && a.Session == b.Session && a.Arg == b.Arg && (named && e.name.state || a.State == b.State)
}

// isPlain tells whether there is nothing in a message but addresses that are strings or specifiers,
// params and flags.
func (m *Message) isPlain() bool {
	return m.Event.Value == nil && m.From.Value == nil && m.RSVP.Value == nil && len(m.Other) == 0
}
