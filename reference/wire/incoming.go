package wire

import (
	"fmt"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

// incoming reads the messages of a connection. It keeps the last addresses, since those of the next
// message are mostly the same.
type incoming struct {
	hash  message.Hash
	event Address
	to    specifier.Specifier // of an event that is a hash
	from  specifier.Specifier
	rsvp  specifier.Specifier
}

// read thaws an image into m; aliased tells that the image is never changed again.
func (in *incoming) read(by Serializer, image []byte, aliased bool, m *Message) error {
	s, ok := by.(message.Codec)
	if !ok {
		v, err := in.thaw(by, image)
		if err != nil {
			return fmt.Errorf("image of %d octets: %w", len(image), err)
		}
		return m.parse(v)
	}
	v, err := s.ThawMessage(image, &in.hash, "params", aliased)
	if err != nil {
		return fmt.Errorf("image of %d octets: %w", len(image), err)
	}
	if v != nil {
		return m.parse(v)
	}
	plain := in.message(m)
	if !plain {
		v = in.hash.Value(new(perl.Slab))
	}
	in.hash.Reset()
	if !plain {
		return m.parse(v)
	}
	return nil
}

// foreignFactor is how many times the image a serializer is taken to need that does not tell.
const foreignFactor = 64

// thaw reads an image into Values, and notes what these take.
func (in *incoming) thaw(by Serializer, image []byte) (v *perl.Value, err error) {
	if s, ok := by.(message.Bounded); ok {
		v, in.hash.Held, err = s.ThawBounded(image, in.hash.MaxAlloc)
	} else {
		in.hash.Held = foreignFactor * int64(len(image))
		v, err = by.Thaw(image)
	}
	in.hash.Thawed = in.hash.Held
	return v, err
}

// message fills m from the hash, or returns false if there is anything in it that Message.parse had
// better see. What it does is what that does, but for Address.Value.
func (in *incoming) message(m *Message) bool {
	*m = Message{}
	for i := range in.hash.Items {
		item := &in.hash.Items[i]
		ok := true
		switch item.Key {
		case "event":
			ok = in.text(item, m)
		case "params":
			m.Params = item.Value
		case "from":
			ok = in.address(item, &m.From, &in.from)
		case "rsvp":
			ok = in.address(item, &m.RSVP, &in.rsvp)
		case "wantarray":
			m.WantArray, ok = truth(item)
		case "is_error":
			m.IsError, ok = truth(item)
		default:
			return false
		}
		if !ok {
			return false
		}
	}
	return true
}

// text reads an event that is a string.
func (in *incoming) text(item *message.Item, m *Message) bool {
	if item.Str == "" {
		return in.address(item, &m.Event, &in.to)
	}
	if item.Str != in.event.Text {
		if len(item.Str) > keptText {
			return false
		}
		a := AtString(strings.Clone(item.Str)) // to be kept longer than the image
		if a.Err != nil {
			return false
		}
		in.event = a
	}
	m.Event = in.event
	return true
}

// keptText is the length of the longest string that is kept for the next message, in octets.
const keptText = 256

// address reads an address that is a hash of names. last is the one before.
func (in *incoming) address(item *message.Item, a *Address, last *specifier.Specifier) bool {
	for i := range item.Parts {
		p := &item.Parts[i]
		if p.Str == "" || p.Str == "0" {
			return false // parts that a hash made of the specifier would lack
		}
		switch p.Key {
		case "kernel":
			a.Kernel = same(&last.Kernel, p.Str)
		case "session":
			a.Session = same(&last.Session, p.Str)
		case "state":
			a.State = p.Str
		default:
			return false
		}
	}
	return a.Session != ""
}

// same returns s, or last if that is the same.
func same(last *string, s string) string {
	if *last != s && len(s) <= keptText {
		*last = strings.Clone(s)
	}
	if *last == s {
		return *last
	}
	return s
}

// truth reads a flag.
func truth(item *message.Item) (yes, ok bool) {
	if item.Value != nil {
		return item.Value.True(), true
	}
	return item.Str != "" && item.Str != "0", item.Parts == nil
}
