package cell

import (
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Serializer is what the two sides of a cell serialize with.
type Serializer string

// The serializers of a cell, by the Perl package that they are negotiated by.
const (
	Storable   Serializer = "Storable"
	FreezeThaw Serializer = "FreezeThaw"
	Freezer    Serializer = "POE::Component::IKC::Freezer"
)

// Serializers are all of them.
func Serializers() []Serializer { return []Serializer{Storable, FreezeThaw, Freezer} }

func (s Serializer) Wire() wire.Serializer {
	switch s {
	case FreezeThaw:
		return freezethaw.Serializer{}
	case Freezer:
		return dumper.Serializer{}
	}
	return storable.Serializer{}
}

// Offer is what a client is told to offer: nothing in particular for Storable, which comes first
// with all that know it.
func (s Serializer) Offer() []string {
	if s == Storable || s == "" {
		return nil
	}
	return []string{string(s)}
}
