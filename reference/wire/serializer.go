package wire

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Serializer turns the hash of a message into an image and back. Implementations are safe for
// concurrent use, bound what an image can make them allocate, and execute nothing.
type Serializer interface {
	// Name is the Perl package name used in negotiation, such as "Storable".
	Name() string
	// Freeze serializes what the reference v points at.
	Freeze(v *perl.Value) ([]byte, error)
	// Thaw returns a reference to what the image holds. It keeps no part of image.
	Thaw(image []byte) (*perl.Value, error)
}

// Shallower is what a Serializer may be as well, for speed: it writes and reads the hash of a message without Values for what is
// plain in it. What it does is what Freeze and Thaw do.
type Shallower interface {
	// AppendShallow appends the image of h to dst. On an error it returns dst as it was.
	AppendShallow(dst []byte, h *perl.Shallow) ([]byte, error)
	// ThawShallow fills h, the value of the key whole being a Value there, which may be frozen, and returns nil; or it returns what
	// Thaw does. With aliased, image is never changed again, and the strings of h are parts of it.
	ThawShallow(image []byte, h *perl.Shallow, whole string, aliased bool) (*perl.Value, error)
}
