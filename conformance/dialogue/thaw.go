package dialogue

import (
	"bytes"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Serializers returns every serializer known here.
func Serializers() []wire.Serializer {
	return []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}}
}

// aliasing is a serializer that can do without a copy of the image.
type aliasing interface {
	ThawAliased(image []byte) (*perl.Value, error)
	wire.Sketcher
}

// sketch is what is known of a frame whose image nobody has asked for yet: most values are never looked at.
type sketch struct {
	wire.Sketch
	by aliasing
}

// received is a frame with all that is made of it, in one piece of memory.
type received struct {
	Frame
	message Message
	wire    wire.Message
	sketch  sketch
}

// Thawed tells whether the image can be thawed.
func (f *Frame) Thawed() bool { return f.sketch != nil || f.value.Load() != nil }

// Value is the thawed image, nil if Err says why it cannot be thawed. It may be asked for by several goroutines.
func (f *Frame) Value() *perl.Value {
	if v := f.value.Load(); v != nil || f.sketch == nil {
		return v
	}
	if v, err := f.sketch.by.ThawAliased(f.Image); err == nil { // which the sketch has found out
		f.value.CompareAndSwap(nil, v)
	}
	return f.value.Load()
}

// Kinds are the kinds of Value in the image; ok is false if they are to be looked for.
func (f *Frame) Kinds() (kinds perl.Kinds, ok bool) {
	if f.sketch == nil {
		return 0, false
	}
	return f.sketch.Kinds, true
}

// Mentions tells whether a string in the image may have these octets in it. If not, it is not worth asking for the Value.
func (f *Frame) Mentions(octets string) bool {
	return f.sketch == nil || bytes.Contains(f.Image, []byte(octets))
}

// Sent is what stands in the message under a key that is its own, nil if there is nothing.
func (m *Message) Sent(key string) *perl.Value { return m.Frame.Value().Target().Get(key) }

// Params is ARG0 of the state, nil if the key is absent; for the state IKC:proxy it is [state, [args...]].
func (m *Message) Params() *perl.Value {
	if k := m.Frame.sketch; k == nil || m.Message.Params != nil {
		return m.Message.Params
	} else if !k.Params {
		return nil
	}
	return m.Sent("params")
}

// HasParams tells whether the key params is there.
func (m *Message) HasParams() bool {
	return m.Message.Params != nil || m.Frame.sketch != nil && m.Frame.sketch.Params
}

// Args are ARG0 of the state and on.
func (m *Message) Args() []*perl.Value {
	args := m.proxied
	if args == nil {
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

// thaw reads the image of a frame, and the message in it.
func (s *stream) thaw(r *received) {
	f := &r.Frame
	name := s.Negotiation.Serializer
	if name == "" {
		name = guessSerializer(f.Image)
	}
	for _, z := range s.opts.Serializers {
		if z.Name() != name {
			continue
		}
		a, isAliasing := z.(aliasing)
		if isAliasing { // nobody changes an image
			if k, ok := s.b.sketches.Read(a, f.Image, &r.wire); ok {
				r.sketch, f.sketch = sketch{k, a}, &r.sketch
				r.message = Message{Message: &r.wire, Frame: f}
				f.Message = &r.message
				return
			}
		}
		var v *perl.Value
		var err error
		if isAliasing {
			v, err = a.ThawAliased(f.Image)
		} else {
			v, err = z.Thaw(f.Image)
		}
		if err != nil {
			f.Err = fmt.Errorf("%s image: %w", name, err)
			return
		}
		f.value.Store(v)
		m, err := wire.ParseMessage(v)
		if err != nil {
			f.Err = err
			return
		}
		r.message = Message{Message: m, Frame: f}
		f.Message = &r.message
		return
	}
	f.Err = fmt.Errorf("expected an image of a serializer known here, got one of %q", name)
}

// guessSerializer tells by its first octets what froze an image.
func guessSerializer(image []byte) string {
	switch {
	case bytes.HasPrefix(image, []byte("FrT;")):
		return "FreezeThaw"
	case bytes.HasPrefix(image, []byte("$POE::Component::IKC::Freezer::")):
		return "POE::Component::IKC::Freezer"
	}
	return wire.DefaultSerializer
}
