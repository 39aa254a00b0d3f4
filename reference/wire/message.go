package wire

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// Message is what a frame carries: a hash with these keys.
//
// Source: Responder send_msg, call, request, _error_response; ClientLite _try_send.
type Message struct {
	// Event is where to: the key event.
	Event Address
	// Params is ARG0 of the state, nil if the key is absent; for the state IKC:proxy it is
	// [state, [args...]].
	Params *perl.Value
	// From is who sent it, if that session published something.
	From Address
	// RSVP is where the return value is to go. One that is set makes the message a call.
	RSVP Address
	// WantArray asks for the state's return values as a list.
	WantArray bool
	// IsError marks an error report: it is never answered with another.
	IsError bool
	// Other holds the pairs of the hash with keys that are not known here.
	Other []perl.Pair
}

// Address is a specifier as a message holds it: a string, or a hash of kernel, session and state.
type Address struct {
	specifier.Specifier
	// Value is how it stood in the message, or how it shall stand there; nil: a hash made of Specifier.
	Value *perl.Value
	// Err says why Value is no specifier; Specifier is then empty.
	Err error
}

// At returns an address that goes out as a hash.
func At(s specifier.Specifier) Address { return Address{Specifier: s} }

// AtString returns an address that goes out as a string, as ClientLite sends them.
func AtString(s string) Address {
	spec, err := specifier.Parse(s)
	return Address{Specifier: spec, Value: perl.NewBytes(s), Err: err}
}

// Present tells whether the message has the address at all.
func (a Address) Present() bool { return a.Value != nil || !a.IsZero() }

// MessageError says why an image is not a message.
type MessageError struct {
	Key  string // the key of the hash concerned, "" if it is the whole
	Want string
	Got  string
}

func (e *MessageError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("message: expected %s, got %s", e.Want, e.Got)
	}
	return fmt.Sprintf("message: key %s: expected %s, got %s", e.Key, e.Want, e.Got)
}

// ParseMessage reads a thawed image. Only what is no hash at all is an error, a *MessageError; an
// event, from or rsvp that is no specifier is told by the Address.
func ParseMessage(v *perl.Value) (*Message, error) {
	h := v.Target()
	if v.Kind() != perl.Ref || h.Kind() != perl.Hash {
		got := v.Kind().String()
		if v.Kind() == perl.Ref {
			got = "reference to " + h.Kind().String()
		}
		return nil, &MessageError{"", "a reference to a hash", got}
	}
	m := new(Message)
	for _, p := range h.Pairs() {
		switch p.Key {
		case "event":
			m.Event = ParseAddress(p.Key, p.Value)
		case "params":
			m.Params = p.Value
		case "from":
			m.From = ParseAddress(p.Key, p.Value)
		case "rsvp":
			if p.Value.True() {
				m.RSVP = ParseAddress(p.Key, p.Value)
			}
		case "wantarray":
			m.WantArray = p.Value.True()
		case "is_error":
			m.IsError = p.Value.True()
		default:
			m.Other = append(m.Other, p)
		}
	}
	return m, nil
}

// ParseAddress reads the value of a key that holds a specifier; key is for messages only.
func ParseAddress(key string, v *perl.Value) Address {
	a := Address{Value: v}
	h := v.Target()
	switch {
	case v.Kind() == perl.Ref && h.Kind() == perl.Hash:
		for _, part := range []struct {
			name string
			to   *string
		}{{"kernel", &a.Kernel}, {"session", &a.Session}, {"state", &a.State}, {"args", &a.Arg}} {
			if s, _ := h.Get(part.name).AsString(); s != "0" {
				*part.to = s
			}
		}
	case v.Kind() == perl.Bytes || v.Kind() == perl.Text:
		a.Specifier, a.Err = specifier.Parse(v.Str())
	case v.Kind() == perl.Undef:
		a.Value = nil
	default:
		a.Err = &MessageError{key, "a specifier: a string or a hash", v.Kind().String()}
	}
	return a
}

// ToValue returns the hash that an image is frozen from.
func (m *Message) ToValue() *perl.Value { return m.toValue(new(perl.Slab)) }

func (m *Message) toValue(slab *perl.Slab) *perl.Value {
	n := len(m.Other)
	for _, there := range []bool{m.Event.Present(), m.Params != nil, m.From.Present(), m.RSVP.Present(), m.WantArray, m.IsError} {
		if there {
			n++
		}
	}
	h, pairs := slab.Hash(n)
	n = 0
	add := func(key string, v *perl.Value) {
		pairs[n].Key, pairs[n].Value = key, v
		n++
	}
	if m.Event.Present() {
		add("event", m.Event.toValue(slab))
	}
	if m.Params != nil {
		add("params", m.Params)
	}
	if m.From.Present() {
		add("from", m.From.toValue(slab))
	}
	if m.RSVP.Present() {
		add("rsvp", m.RSVP.toValue(slab))
	}
	if m.WantArray {
		add("wantarray", slab.Bytes("1"))
	}
	if m.IsError {
		add("is_error", slab.Int(1))
	}
	copy(pairs[n:], m.Other)
	return slab.Ref(h)
}

// ToValue returns the address as it stands in a message.
func (a Address) ToValue() *perl.Value { return a.toValue(new(perl.Slab)) }

func (a *Address) toValue(slab *perl.Slab) *perl.Value {
	if a.Value != nil {
		return a.Value
	}
	parts := [...]struct{ name, value string }{{"kernel", a.Kernel}, {"session", a.Session}, {"state", a.State}, {"args", a.Arg}}
	n := 0
	for i := range parts {
		if parts[i].value != "" || i == 1 {
			n++
		}
	}
	h, pairs := slab.Hash(n)
	n = 0
	for i := range parts {
		if parts[i].value != "" || i == 1 {
			pairs[n].Key, pairs[n].Value = parts[i].name, slab.Bytes(parts[i].value)
			n++
		}
	}
	return slab.Ref(h)
}

// IsCall tells whether the sender wants the return value.
func (m *Message) IsCall() bool { return m.RSVP.Present() }

// Proxied returns the state and arguments of a message to IKC:proxy; ok is false if it is none, or
// its params are not [state, [args...]].
func (m *Message) Proxied() (state string, args []*perl.Value, ok bool) {
	p := m.Params.Target()
	if m.Event.State != specifier.ProxyState || m.Params.Kind() != perl.Ref || p.Kind() != perl.Array || len(p.Elems()) != 2 {
		return "", nil, false
	}
	state, isString := p.Elems()[0].AsString()
	list := p.Elems()[1]
	if !isString || list.Kind() != perl.Ref || list.Target().Kind() != perl.Array {
		return "", nil, false
	}
	return state, list.Target().Elems(), true
}
