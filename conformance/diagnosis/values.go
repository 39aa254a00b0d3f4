package diagnosis

import (
	"bytes"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var freezeThaw = freezethaw.Serializer{}.Name()

// maxCounted bounds the images that are looked at once more.
const maxCounted = 1 << 20

// countsCharacters tells whether an image that is no FreezeThaw text is one if each character of
// its UTF-8 is counted once.
func countsCharacters(image []byte) bool {
	if len(image) > maxCounted || !utf8.Valid(image) {
		return false
	}
	narrow := make([]byte, 0, len(image))
	for _, r := range string(image) {
		if r >= utf8.RuneSelf {
			r = '?'
		}
		narrow = append(narrow, byte(r))
	}
	if len(narrow) == len(image) {
		return false
	}
	_, err := freezethaw.Thaw(narrow)
	return err == nil
}

// booleanTags are SX_BOOLEAN_TRUE and SX_BOOLEAN_FALSE: an image without these octets holds none.
const booleanTags = "\x22\x23"

// holdsBooleans tells whether the image of a frame holds booleans.
func holdsBooleans(f *dialogue.Frame) bool {
	kinds, ok := f.Kinds()
	if !ok && bytes.ContainsAny(f.Image, booleanTags) {
		kinds = walk.Kinds(f.Value())
	}
	return kinds.Has(perl.Bool)
}
