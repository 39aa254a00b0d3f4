package dialogue

import (
	"bytes"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// sketch is what is known of a frame whose image nobody has asked for yet: most values are never
// looked at.
type sketch struct {
	envelope wire.Envelope
	by       aliasing // nil if the value was made at once, or cannot be
}

// received is a frame with the message in it, in one piece of memory.
type received struct {
	Frame
	message Message
}

// says makes the Message of the frame.
func (r *received) says(m *wire.Message) {
	r.message = Message{Message: m, Frame: &r.Frame, To: m.Event.Specifier, rare: &noRare}
	r.Frame.Message = &r.message
}

// Thawed tells whether the image can be thawed.
func (f *Frame) Thawed() bool { return f.by != nil || f.value.Load() != nil }

// Value is the thawed image, nil if Err says why it cannot be thawed. It may be asked for by
// several goroutines.
func (f *Frame) Value() *perl.Value {
	if v := f.value.Load(); v != nil || f.by == nil {
		return v
	}
	if len(f.Image) > largeImage {
		return large.value(f)
	}
	if v, err := f.by.ThawAliased(f.Image); err == nil { // which the sketch has found out
		f.value.CompareAndSwap(nil, v)
	}
	return f.value.Load()
}

// Kinds are the kinds of Value in the image; ok is false if they are to be looked for.
func (f *Frame) Kinds() (kinds message.Kinds, ok bool) {
	if f.by == nil {
		return 0, false
	}
	return f.envelope.Kinds, true
}

// Mentions tells whether a string in the image may have these octets in it. If not, it is not worth
// asking for the Value.
func (f *Frame) Mentions(octets string) bool {
	return f.by == nil || bytes.Contains(f.Image, []byte(octets))
}

// Sent is what stands in the message under a key that is its own, nil if there is nothing.
func (m *Message) Sent(key string) *perl.Value { return m.Frame.Value().Target().Get(key) }

// Params is ARG0 of the state, nil if the key is absent; for the state IKC:proxy it is [state,
// [args...]].
func (m *Message) Params() *perl.Value {
	if m.Message.Params == nil && m.HasParams() {
		return m.Sent("params")
	}
	return m.Message.Params
}

// HasParams tells whether the key params is there.
func (m *Message) HasParams() bool {
	return m.Message.Params != nil || m.Frame.by != nil && m.Frame.envelope.Params
}

// Args are ARG0 of the state and on.
func (m *Message) Args() []*perl.Value {
	args := m.args
	if !m.proxied {
		args = []*perl.Value{m.Params()}
	}
	if m.To.Arg != "" {
		args = append(args[:len(args):len(args)], perl.NewBytes(m.To.Arg))
	}
	return args
}

// Proxied is Proxied of the wire's message.
func (m *Message) Proxied() (state string, args []*perl.Value, ok bool) {
	if m.Event.State != specifier.ProxyState {
		return "", nil, false
	}
	own := *m.Message
	own.Params = m.Params()
	return own.Proxied()
}
