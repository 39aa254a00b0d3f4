package wire

import "github.com/perl-ikc/ikc-conform/reference/perl"

// Serializer turns the hash of a message into an image and back. Implementations are safe for
// concurrent use, bound what an image can make them allocate (64 times its size, see
// FrameScanner.Cost), and execute nothing.
type Serializer interface {
	// Name is the Perl package name used in negotiation, such as "Storable".
	Name() string
	// Freeze serializes what the reference v points at.
	Freeze(v *perl.Value) ([]byte, error)
	// Thaw returns a reference to what the image holds. It keeps no part of image.
	Thaw(image []byte) (*perl.Value, error)
}
