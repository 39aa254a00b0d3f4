package perltest

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Serializer is a serializer of an IKC connection.
type Serializer interface {
	Name() string
	Codec
}

// RoundTrip checks the name of a serializer, and that a reference comes back from it.
func RoundTrip(t testing.TB, s Serializer, name string) {
	t.Helper()
	text, err := s.Freeze(perl.ArrayRef(perl.NewBytes("x")))
	if err != nil || s.Name() != name {
		t.Fatalf("expected the serializer %s, got %s, %v", name, s.Name(), err)
	}
	v, err := s.Thaw(text)
	if err != nil || !perl.Equal(v, perl.ArrayRef(perl.NewBytes("x"))) {
		t.Errorf("got %s, %v", perl.Format(v, perl.FormatOptions{}), err)
	}
}
