package message

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Codec is what a wire.Serializer may be as well, for speed: it writes and reads the hash of a
// message without Values for what is plain in it. What it does is what Freeze and Thaw do.
type Codec interface {
	// AppendMessage appends the image of h, of at most maxImage octets, to dst, but for what it
	// puts into h.Lent. On an error it returns dst as it was.
	AppendMessage(dst []byte, h *Hash, maxImage int) ([]byte, error)
	// AppendWhole appends a value to the part of an image that begins at start in dst: what
	// AppendMessage writes where before variables stand before the value, and besides at most as
	// many octets as an envelope has. It returns false, and dst as it was, if AppendMessage is to be
	// asked.
	AppendWhole(dst []byte, start int, v *perl.Value, before uint32, maxImage int) ([]byte, bool)
	// ThawMessage fills h, the value of the key whole being a Value there, which may be frozen, and
	// returns nil; or it returns what Thaw does. The strings of h are parts of image; Values are
	// too with aliased, which says that image is never changed again. It heeds h.MaxAlloc, and sets
	// h.Held and h.Thawed, and h.Whole to where the value of whole stands.
	ThawMessage(image []byte, h *Hash, whole string, aliased bool) (*perl.Value, error)
	// ThawWhole reads the value that stands at a place of an image which, but for that, is as one
	// that ThawMessage has filled a Hash from. It returns the Value that ThawMessage has there, and
	// sets h.Held and h.Thawed as that does; or nil if it is to be asked.
	ThawWhole(image []byte, at Place, h *Hash, aliased bool) *perl.Value
}

// MostEnvelope is how many octets there are at most of an envelope that is kept: an image without
// the value of one key.
const MostEnvelope = 512

// Bounded is a wire.Serializer, not a Codec, that takes bounds for one image on top of its own.
type Bounded interface {
	// ThawBounded is Thaw, taking at most maxAlloc octets of Go's heap, 0 for the serializer's own
	// bound alone. held is what it took, the image included, also if there is an error.
	ThawBounded(image []byte, maxAlloc int64) (v *perl.Value, held int64, err error)
	// FreezeBounded is Freeze of an image of at most maxImage octets.
	FreezeBounded(v *perl.Value, maxImage int) ([]byte, error)
}

// EnvelopeThawer is a wire.Serializer that can tell what is in a message without making Values of
// its params.
type EnvelopeThawer interface {
	// ThawEnvelope fills h with what Thaw finds in an image that is never changed again, but for
	// the value of the key whole, of which there is an item only, and sets h.Whole to where it
	// stands. kinds are those of all Values in the image. ok is false if the image must be thawed.
	ThawEnvelope(image []byte, h *Hash, whole string) (kinds Kinds, ok bool)
	// PassWhole passes over the value that stands at a place of an image which, but for that, is as
	// one that ThawEnvelope has filled a Hash from. kinds are those of the Values in it. ok is false
	// if ThawEnvelope is to be asked.
	PassWhole(image []byte, at Place) (kinds Kinds, ok bool)
}
