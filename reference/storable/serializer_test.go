package storable

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// A connection uses the memory of an image again: a Serializer whose Decoder has Alias set must not
// keep parts of it, unless told that it may. Of a hash, only the Values are kept.
func TestSerializerKeepsNothing(t *testing.T) {
	alias, err := ThawOptions{Alias: true}.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	for name, params := range map[string]*perl.Value{
		"frozen": perl.ArrayRef(perl.NewBytes("text that stays")), "an object": perl.NewRef(perl.NewArray(perl.NewBytes("text")).Bless("Class")),
		"30 octets": perl.NewBytes(strings.Repeat("x", 30)), "90 octets": perl.NewBytes(strings.Repeat("x", 90)),
		"200 octets": perl.NewBytes(strings.Repeat("x", 200)), "300 octets": perl.NewBytes(strings.Repeat("x", 300)),
	} {
		hash := perl.HashRef(perl.P("event", perl.NewBytes("poe://K/s/x")), perl.P("params", params))
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
				if !aliased {
					h.Own()
				}
				clear(image)
				if kept := perl.Equal(v, hash); kept == (aliased && shares) {
					t.Errorf("%s, aliased %v: the value is unchanged: %v", name, aliased, kept)
				}
				if kept := perl.Equal(h.Value(new(perl.Slab)), hash); kept == (aliased && shares) {
					t.Errorf("%s, aliased %v: the hash is unchanged: %v", name, aliased, kept)
				}
			}
		}
	}
}
