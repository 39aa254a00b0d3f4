package wire

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/internal/message"
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
	// Text is the string that stands in the message, if Value is nil. If both are empty it is a
	// hash made of Specifier.
	Text string
	// Value is how it stood in the message, or how it shall stand there. A kernel has it for what
	// is unusual only.
	Value *perl.Value
	// Err says why Value is no specifier; Specifier is then empty.
	Err error
}

// At returns an address that goes out as a hash.
func At(s specifier.Specifier) Address { return Address{Specifier: s} }

// AtString returns an address that goes out as a string, as ClientLite sends them.
func AtString(s string) Address {
	spec, err := specifier.Parse(s)
	a := Address{Specifier: spec, Text: s, Err: err}
	if s == "" {
		a.Value = perl.NewBytes("")
	}
	return a
}

// Present tells whether the message has the address at all.
func (a *Address) Present() bool {
	return a.Value != nil || len(a.Text)|len(a.Kernel)|len(a.Session)|len(a.State)|len(a.Arg) != 0
}

// AsText is the string that stands in the message; ok is false if there is a hash or nothing.
func (a *Address) AsText() (s string, ok bool) {
	if a.Value == nil {
		return a.Text, a.Text != ""
	}
	k := a.Value.Kind()
	return a.Value.Str(), k == perl.Bytes || k == perl.Text
}

// MessageError says why an image is not a message.
type MessageError struct {
	Key      string // the key of the hash concerned, "" if it is the whole
	Expected string
	Got      string
}

func (e *MessageError) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("wire: message: expected %s, got %s", e.Expected, e.Got)
	}
	return fmt.Sprintf("wire: message: key %s: expected %s, got %s", e.Key, e.Expected, e.Got)
}

// ParseMessage reads a thawed image. Only what is no hash at all is an error, a *MessageError; an
// event, from or rsvp that is no specifier is told by the Address.
func ParseMessage(v *perl.Value) (*Message, error) {
	m := new(Message)
	if err := m.parse(v); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Message) parse(v *perl.Value) error {
	*m = Message{}
	h := v.Target()
	if v.Kind() != perl.Ref || h.Kind() != perl.Hash {
		got := v.Kind().String()
		if v.Kind() == perl.Ref {
			got = "reference to " + h.Kind().String()
		}
		return &MessageError{"", "a reference to a hash", got}
	}
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
	return nil
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
func (m *Message) ToValue() *perl.Value {
	var h message.Hash
	m.fill(&h)
	return h.Value(new(perl.Slab))
}

// fill makes h the hash of the message.
func (m *Message) fill(h *message.Hash) {
	h.Reset()
	m.Event.add(h, "event")
	if m.Params != nil {
		h.Add("params").Value = m.Params
	}
	m.From.add(h, "from")
	m.RSVP.add(h, "rsvp")
	if m.WantArray {
		h.Add("wantarray").Str = "1"
	}
	if m.IsError {
		h.Add("is_error").Value = perl.NewInt(1)
	}
	for i := range m.Other {
		h.Add("").Pair = m.Other[i]
	}
}

// ToValue returns the address as it stands in a message.
func (a Address) ToValue() *perl.Value {
	if a.Value != nil {
		return a.Value
	}
	if a.Text != "" {
		return perl.NewBytes(a.Text)
	}
	var parts [mostParts]message.Part
	h := perl.NewHash()
	for _, p := range parts[:a.parts(&parts)] {
		h.AppendPair(perl.P(p.Key, perl.NewBytes(p.Str)))
	}
	return perl.NewRef(h)
}

// add appends the address to h, if there is one.
func (a *Address) add(h *message.Hash, key string) {
	if !a.Present() {
		return
	}
	item := h.Add(key)
	switch {
	case a.Value != nil:
		item.Value = a.Value
	case a.Text != "":
		item.Str = a.Text
	default:
		all := h.Parts(mostParts)
		item.Parts = all[:a.parts((*[mostParts]message.Part)(all))]
	}
}

// parts puts the pairs of the hash that stands for the specifier into parts, which are empty, and
// returns how many there are.
func (a *Address) parts(parts *[mostParts]message.Part) (n int) {
	if a.Kernel != "" {
		parts[0].Key, parts[0].Str = "kernel", a.Kernel
		n = 1
	}
	parts[n].Key, parts[n].Str = "session", a.Session
	n++
	if a.State != "" {
		parts[n].Key, parts[n].Str = "state", a.State
		n++
	}
	if a.Arg != "" {
		parts[n].Key, parts[n].Str = "args", a.Arg
		n++
	}
	return n
}

// mostParts is how many parts the hash of an address has at most.
const mostParts = 4

// IsCall tells whether the sender wants the return value.
func (m *Message) IsCall() bool { return m.RSVP.Present() }

// Proxied returns the state and arguments of a message to IKC:proxy; ok is false if it is for
// another state, or its params are not [state, [args...]].
func (m *Message) Proxied() (state string, args []*perl.Value, ok bool) {
	p := m.Params.Target()
	if m.Event.State != StateProxy || m.Params.Kind() != perl.Ref || p.Kind() != perl.Array || len(p.Elems()) != 2 {
		return "", nil, false
	}
	state, isString := p.Elems()[0].AsString()
	list := p.Elems()[1]
	if !isString || list.Kind() != perl.Ref || list.Target().Kind() != perl.Array {
		return "", nil, false
	}
	return state, list.Target().Elems(), true
}
