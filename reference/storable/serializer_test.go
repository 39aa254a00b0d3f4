package storable

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// A connection uses the memory of an image again: a Serializer whose Decoder has Alias set must not
// keep parts of it, unless told that it may.
func TestSerializerKeepsNothing(t *testing.T) {
	alias, err := ThawOptions{Alias: true}.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	hash := perl.HashRef(perl.P("event", perl.NewBytes("poe://K/s/x")), perl.P("params", perl.ArrayRef(perl.NewBytes("text that stays"))))
	for _, s := range []Serializer{{}, {Decoder: alias}} {
		for _, aliased := range []bool{false, true} {
			image, err := Freeze(hash)
			if err != nil {
				t.Fatal(err)
			}
			var v *perl.Value
			if aliased {
				v, err = s.ThawAliased(image)
			} else {
				v, err = s.Thaw(image)
			}
			h := new(message.Hash)
			if _, short := s.ThawMessage(image, h, "params", aliased); err != nil || short != nil {
				t.Fatal(err, short)
			}
			clear(image)
			if kept := perl.Equal(v, hash); kept == (aliased && shares) {
				t.Errorf("aliased %v: the value is unchanged: %v", aliased, kept)
			}
			if kept := perl.Equal(h.Value(new(perl.Slab)), hash); kept == (aliased && shares) {
				t.Errorf("aliased %v: the hash is unchanged: %v", aliased, kept)
			}
		}
	}
}
