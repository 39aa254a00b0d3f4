package main

import (
	"bytes"
	"encoding/binary"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// The messages of the load have their keys in one order: event, rsvp, params. So their parts are
// found without reading a single value.

// key is a key as it stands behind its value.
func key(name string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(name))), name...)
}

var keyEvent, keyRSVP, keyParams = key("event"), key("rsvp"), key("params")

// splice finds the values of rsvp and params in the image of a call: of the load at once, of others
// pair by pair.
func splice(image []byte) (rsvp, params []byte, ok bool) {
	start := min(len(image), 256)
	i := bytes.Index(image[:start], keyEvent) + len(keyEvent)
	j := bytes.Index(image[i:start], keyRSVP)
	if j < 0 || !bytes.HasSuffix(image, keyParams) {
		return pairs(image)
	}
	return image[i : i+j], image[i+j+len(keyRSVP) : len(image)-len(keyParams)], true
}

// pairs finds the values of rsvp and params in an image, which is that of a hash.
func pairs(image []byte) (rsvp, params []byte, ok bool) {
	const head, count = 3, 4 // magic and version, that it is a hash, and how many pairs it has
	for at := head + count; at < len(image); {
		end := skip(image, at)
		if end < 0 || end+4 > len(image) {
			return nil, nil, false
		}
		n := int(binary.BigEndian.Uint32(image[end:]))
		if end+4+n > len(image) {
			return nil, nil, false
		}
		switch value := image[at:end]; string(image[end+4 : end+4+n]) {
		case "rsvp":
			rsvp = value
		case "params":
			params = value
		}
		at = end + 4 + n
	}
	return rsvp, params, rsvp != nil && params != nil
}

// skip is where a value ends that begins somewhere, -1 if that is not known: what the kernel sends
// as a client is made of these.
func skip(image []byte, at int) int {
	if at+5 > len(image) {
		return -1
	}
	switch image[at] {
	case 5, 14, 15, 16: // undef, yes, no
		return at + 1
	case 8: // a small integer
		return at + 2
	case 9: // an integer
		return at + 5
	case 10, 23: // a short string
		return at + 2 + int(image[at+1])
	case 1, 24: // a long one
		return at + 5 + int(binary.BigEndian.Uint32(image[at+1:]))
	case 4: // a reference
		return skip(image, at+1)
	case 3: // a hash
		n, end := int(binary.BigEndian.Uint32(image[at+1:])), at+5
		for range n {
			if end = skip(image, end); end < 0 || end+4 > len(image) {
				return -1
			}
			end += 4 + int(binary.BigEndian.Uint32(image[end:]))
		}
		return end
	}
	return -1
}

// prefix is how an image of a hash of two pairs begins.
var prefix = func() []byte {
	image, err := storable.Serializer{}.Freeze(perl.NewRef(perl.NewHash(perl.P("event", perl.NewBytes("x")), perl.P("params", perl.NewBytes("y")))))
	if err != nil {
		panic(err)
	}
	return image[:bytes.Index(image, append([]byte{10, 1, 'x'}, keyEvent...))]
}()

// appendAnswer makes the image of an answer.
func appendAnswer(out, rsvp, params []byte) []byte {
	out = append(append(append(out, prefix...), rsvp...), keyEvent...)
	return append(append(out, params...), keyParams...)
}
