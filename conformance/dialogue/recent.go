package dialogue

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// recent are messages without their params that were read last. Programs send the same few again
// and again, so that many frames share one.
type recent struct {
	list [4]*wire.Message // the last that was asked for is the first
	like [4]int           // of each, Envelope.Like when it was asked for last
}

// keptName is the length of the longest name of a message that is kept, in octets.
const keptName = 256

// share gives a message that is the same as one that an EnvelopeReader has read. shared tells that
// it holds nothing of the image; nobody may change it.
func (r *recent) share(m *wire.Message, like int) (same *wire.Message, shared bool) {
	for i, have := range r.list {
		if have != nil && (like > 0 && r.like[i] == like || sameEnvelope(have, m)) {
			r.list[0], r.list[i] = have, r.list[0]
			r.like[0], r.like[i] = like, r.like[0]
			return have, true
		}
	}
	own := new(wire.Message)
	*own = *m
	last := r.list[0]
	if last == nil {
		last = own
	}
	if !keep(&own.Event, &last.Event) || !keep(&own.From, &last.From) || !keep(&own.RSVP, &last.RSVP) {
		return own, false
	}
	copy(r.list[1:], r.list[:])
	copy(r.like[1:], r.like[:])
	r.list[0], r.like[0] = own, like
	return own, true
}

// own is a name of a message, a copy if it would keep the image.
func (m *Message) own(name string) string {
	if m.Frame.shared {
		return name
	}
	return strings.Clone(name)
}

// sameEnvelope compares all but params.
func sameEnvelope(a, b *wire.Message) bool {
	return a.IsError == b.IsError && a.WantArray == b.WantArray &&
		sameAddress(&a.Event, &b.Event) && sameAddress(&a.RSVP, &b.RSVP) && sameAddress(&a.From, &b.From)
}

// sameAddress begins with what differs most often: Go would compare the fields in their order.
func sameAddress(a, b *wire.Address) bool {
	return a.State == b.State && a.Session == b.Session && a.Kernel == b.Kernel && a.Text == b.Text && a.Arg == b.Arg &&
		a.Value == b.Value && a.Err == b.Err
}

// keep copies the names of an address that an EnvelopeReader leaves in the image: those that are
// not as in the last one. It returns false if one is too long.
func keep(a, last *wire.Address) bool {
	if len(a.Text) > keptName || len(a.Kernel) > keptName || len(a.Session) > keptName || len(a.State) > keptName {
		return false
	}
	switch {
	case a.Text != "": // is a copy, with what is made of it
	case a.State == last.State && a != last:
		a.State = last.State
	default:
		a.State = strings.Clone(a.State)
	}
	return true
}
