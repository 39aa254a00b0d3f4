package storable

import (
	"io"
	"iter"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Images thaws images that stand one behind the other, as a program has them that calls Perl's
// store_fd several times for one file: each as [Decoder.Thaw] does, with limits for each. What
// comes before an error is given; then nil and the error, whose offset counts from the start of
// all, and no more. Of images before Storable 0.7 it is not known where they end, which is an error
// as well. images must not change meanwhile.
func (dec *Decoder) Images(images []byte) iter.Seq2[*perl.Value, error] {
	return func(yield func(*perl.Value, error) bool) {
		for at := 0; at < len(images); {
			n, err := dec.length(images[at:])
			var v *perl.Value
			if err == nil {
				v, err = dec.Thaw(images[at : at+n])
			}
			if err != nil {
				yield(nil, behind(err, at))
				return
			}
			if !yield(v, nil) {
				return
			}
			at += n
		}
	}
}

// length is how many octets the image takes that stands first.
func (dec *Decoder) length(images []byte) (int, error) {
	h, err := readHeader(aliasOf(images))
	if err != nil {
		return 0, err
	}
	if h.Major < majorWithMinor {
		return 0, &Error{ErrHeader, 0, "an image of version 2", h.String()}
	}
	d := dumper{decoder: decoder{cursor: cursor{s: aliasOf(images)}}, w: io.Discard, see: func(Place) {}}
	d.root(dec, h, dec.opt.MaxAlloc+int64(len(images))) // what stands behind does not count
	return d.pos, d.err
}

// behind moves the place of an error.
func behind(err error, octets int) error {
	switch e := err.(type) {
	case *Error:
		e.Offset += octets
	case *LimitError:
		e.Offset += octets
	}
	return err
}
