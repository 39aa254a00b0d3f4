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

// Appender is a Serializer that can write into a buffer that is there.
type Appender interface {
	// Append is Freeze that appends the image to dst. On an error it returns dst as it was.
	Append(dst []byte, v *perl.Value) ([]byte, error)
}

// Aliaser is a Serializer that can thaw without copying.
type Aliaser interface {
	// ThawAliased is Thaw of an image that is never changed again: the strings of the result are parts of it.
	ThawAliased(image []byte) (*perl.Value, error)
}
