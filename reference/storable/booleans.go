package storable

import (
	"bytes"
	"io"
)

// HasBooleanTags tells whether an image has one of the tags SX_BOOLEAN_TRUE and SX_BOOLEAN_FALSE,
// which Perl before 5.38 cannot read. Perl's own true and false, SX_SV_YES and SX_SV_NO, are no
// such tags, though they come out as a Bool too: every Perl reads them. Of an image that cannot be
// read to its end, what comes before counts. The limits are those of Thaw.
func HasBooleanTags(image []byte) bool {
	if bytes.IndexByte(image, byte(tagTrue)) < 0 && bytes.IndexByte(image, byte(tagFalse)) < 0 {
		return false
	}
	h, err := readHeader(aliasOf(image))
	if err != nil || h.Major < majorWithMinor {
		return false
	}
	d := dumper{decoder: decoder{cursor: cursor{s: aliasOf(image)}}, w: io.Discard}
	d.root(defaultDecoder, h, defaultDecoder.opt.MaxAlloc)
	return d.booleans
}
