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
	event known
	from  known
	rsvp  known
	names *strings.Builder // what names were copied to of late
	last  envelope
	own   *Message // that is filled anew only where it has to be, nil if there is none
	like  bool     // own is the message of last, but for its params
}

// known is the last address of a key.
type known struct {
	text Address             // that was a string
	hash specifier.Specifier // that was a hash
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
	if at, name, ok := in.last.find(image); ok && (in.last.isNamed(name) || in.rename(name)) {
		if params := s.ThawWhole(image, at, &in.hash, aliased); params != nil {
			if m != in.own {
				*m = in.last.m
			} else if !in.like {
				*m, in.like = in.last.m, true
			}
			m.Params = params
			return nil
		}
	}
	in.like = false
	v, err := s.ThawMessage(image, &in.hash, "params", aliased)
	if err != nil {
		return fmt.Errorf("image of %d octets: %w", len(image), err)
	}
	if v != nil {
		return m.parse(v)
	}
	plain := in.message(m)
	if plain {
		in.like = in.last.keep(image, &in.hash, m) && m == in.own
	} else {
		if !aliased {
			in.hash.Own()
		}
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
			ok = in.address(item, &m.Event, &in.event)
		case "params":
			m.Params = item.Value
		case "from":
			ok = in.address(item, &m.From, &in.from)
		case "rsvp":
			if ok = item.Str != "0"; ok { // which is none
				ok = in.address(item, &m.RSVP, &in.rsvp)
			}
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

// keptText is the length of the longest string that is kept for the next message, in octets.
const keptText = 256

// address reads an address. last is the one before.
func (in *incoming) address(item *message.Item, a *Address, last *known) bool {
	if item.Str != "" {
		return in.text(item.Str, a, &last.text)
	}
	for i := range item.Parts {
		p := &item.Parts[i]
		if p.Str == "" || p.Str == "0" {
			return false // parts that a hash made of the specifier would lack
		}
		switch p.Key {
		case "kernel":
			a.Kernel = in.same(&last.hash.Kernel, p.Str)
		case "session":
			a.Session = in.same(&last.hash.Session, p.Str)
		case "state":
			a.State = in.same(&last.hash.State, p.Str)
		default:
			return false
		}
	}
	return a.Session != ""
}

// text reads an address that is a string.
func (in *incoming) text(s string, a, last *Address) bool {
	if s != last.Text {
		if len(s) > keptText {
			return false
		}
		parsed := AtString(in.copy(s))
		if parsed.Err != nil {
			return false
		}
		*last = parsed
	}
	*a = *last
	return true
}

// same returns what s is, a copy or last, which becomes that.
func (in *incoming) same(last *string, s string) string {
	switch {
	case *last == s:
	case len(s) > keptText:
		return strings.Clone(s)
	default:
		*last = in.copy(s)
	}
	return *last
}

// namesAtOnce is how many octets names are copied to together: what one of them holds at most.
const namesAtOnce = 2 * keptText

// copy copies a name of at most keptText octets, to be kept longer than the image. It is part of
// namesAtOnce octets.
func (in *incoming) copy(s string) string {
	if in.names == nil || in.names.Cap()-in.names.Len() < len(s) {
		in.names = new(strings.Builder)
		in.names.Grow(namesAtOnce)
	}
	at := in.names.Len()
	in.names.WriteString(s)
	return in.names.String()[at:]
}

// truth reads a flag.
func truth(item *message.Item) (yes, ok bool) {
	if item.Value != nil {
		return item.Value.True(), true
	}
	return item.Str != "" && item.Str != "0", item.Parts == nil
}
