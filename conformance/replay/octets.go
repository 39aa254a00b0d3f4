package replay

import (
	"bytes"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Most of what comes back is, octet by octet, what came back then. So params are compared as octets
// first, and made Values of only where those differ.

// rename puts another name into the strings of params, if it is in their image.
func rename(params *perl.Value, image []byte, from, to string) {
	if params == nil || from == "" || from == to || !bytes.Contains(image, []byte(from)) {
		return
	}
	walk.Rename(params, from, to)
}

// firstOctets is where in two images what is at a place of their params differs first, nil if that
// is not known: only Storable's images have places.
func firstOctets(was, is []byte, path string) *compare.Octets {
	below := func(image []byte) (out []compare.Detail) {
		const root = "message"
		for _, d := range compare.Image(image, root, nil) {
			if at, ok := strings.CutPrefix(d.Path, root+"{'params'}"); ok && at == path {
				out = append(out, d)
			}
		}
		return out
	}
	a, b := below(was), below(is)
	for i := range min(len(a), len(b)) {
		if a[i].Text != b[i].Text {
			return &compare.Octets{Was: a[i].Offset, Is: b[i].Offset}
		}
	}
	return nil
}
