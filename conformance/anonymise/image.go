package anonymise

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// image replaces what is in an image, in place. understood is how many of its octets were, all of
// them if err is nil; those behind are as they were. Errors quote nothing of it.
func (m *mapper) image(image []byte) (understood int, err error) {
	switch dialogue.GuessSerializer(image) {
	case freezethaw.Serializer{}.Name():
		return m.freezeThaw(image)
	case dumper.Serializer{}.Name():
		return m.dumped(image)
	}
	return m.storable(image)
}

// storable replaces the places of a Storable image.
func (m *mapper) storable(image []byte) (understood int, err error) {
	places, err := storable.Places(image)
	for _, p := range places {
		octets := image[p.Offset : p.Offset+p.Size]
		if failed := m.place(p, octets); failed != nil {
			return p.Offset, fmt.Errorf("octet %d of the image: %w", p.Offset, failed)
		}
		understood = p.Offset + p.Size
	}
	var at *storable.Error
	switch {
	case err == nil:
		return len(image), nil
	case errors.As(err, &at): // it quotes the image
		return understood, fmt.Errorf("octet %d of the image: expected %s", at.Offset, at.Expected)
	}
	return understood, errors.New("it is larger than is read")
}

func (m *mapper) place(p storable.Place, octets []byte) error {
	var order binary.ByteOrder = binary.LittleEndian
	if p.BigEndian {
		order = binary.BigEndian
	}
	switch p.Kind {
	case storable.PlaceOctets:
		m.octets(octets)
	case storable.PlaceLiteral: // a version, such as v1.22.333
	case storable.PlaceCharacters:
		if !m.characters(octets) {
			return fmt.Errorf("expected characters in UTF-8, got octets that are none")
		}
	case storable.PlacePattern:
		m.pattern(octets)
	case storable.PlaceByte:
		octets[0] = byte(m.integer(int64(octets[0])-128) + 128)
	case storable.PlaceNetint:
		binary.BigEndian.PutUint32(octets, uint32(m.integer(int64(int32(binary.BigEndian.Uint32(octets))))))
	case storable.PlaceInteger:
		if len(octets) == 4 {
			order.PutUint32(octets, uint32(m.integer(int64(int32(order.Uint32(octets))))))
		} else {
			order.PutUint64(octets, uint64(m.integer(int64(order.Uint64(octets)))))
		}
	case storable.PlaceDouble:
		if len(octets) != 8 {
			return fmt.Errorf("a long double of %d octets cannot be replaced", len(octets))
		}
		order.PutUint64(octets, math.Float64bits(m.double(math.Float64frombits(order.Uint64(octets)))))
	}
	return nil
}

// octets replaces a string of octets in place.
func (m *mapper) octets(b []byte) {
	s := make([]uint64, len(b))
	for i, c := range b {
		s[i] = uint64(c)
	}
	m.text(s)
	for i, c := range s {
		b[i] = byte(c)
	}
}

// characters replaces a string in UTF-8, as Perl holds it, in place; false if it is none.
func (m *mapper) characters(b []byte) bool {
	if !perl.IsCharacters(string(b)) {
		return false
	}
	s := charactersOf(string(b), true)
	m.text(s)
	out := b[:0]
	for _, c := range s {
		out = perl.AppendCharacter(out, c)
	}
	return true
}

// pattern replaces the pattern of a regexp by letters: what a pattern means hangs on each of its
// characters. Equal patterns become equal ones.
func (m *mapper) pattern(b []byte) {
	s := m.key.stream("pattern", b)
	for i := range b {
		b[i] = 'a' + byte(s.Uint64()%26)
	}
}
