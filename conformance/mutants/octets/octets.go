package octets

import (
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Behaviour is one thing that is wrong with frames or images. One of Freeze, Value, Image and Frame
// says what.
type Behaviour struct {
	// Name is a few words; Text says what is wrong in a sentence.
	Name, Text string
	// Kills are the checks that must fail.
	Kills []string
	// Unreadable says that the other side cannot read what it got, so that the defect shows by its
	// silence.
	Unreadable bool

	Freeze storable.FreezeOptions        // of images
	Value  func(*perl.Value) *perl.Value // replaces the hash that is frozen
	Image  func([]byte) []byte           // replaces an image, for its frame
	Frame  func(image []byte) []byte     // makes the frame of an image
}

// Defects lists all there are.
func Behaviours() []Behaviour {
	return []Behaviour{
		{Name: "length too short", Text: "The length of a frame is one too small.", Kills: []string{"FR-001"}, Unreadable: true,
			Frame: Headed(func(n int) string { return strconv.Itoa(n-1) + "\x00" })},
		{Name: "line end behind a frame", Text: "Each frame is followed by CRLF.", Kills: []string{"FR-001"}, Unreadable: true,
			Frame: func(image []byte) []byte { return append(wire.AppendFrame(nil, image), '\r', '\n') }},
		{Name: "leading zero", Text: "The length of a frame begins with a zero.", Kills: []string{"FR-002"},
			Frame: Headed(func(n int) string { return "0" + strconv.Itoa(n) + "\x00" })},
		{Name: "plus sign", Text: "The length of a frame has a plus sign.", Kills: []string{"FR-001"}, Unreadable: true,
			Frame: Headed(func(n int) string { return "+" + strconv.Itoa(n) + "\x00" })},
		{Name: "blank before the length", Text: "The length of a frame is padded with a blank.", Kills: []string{"FR-001"}, Unreadable: true,
			Frame: Headed(func(n int) string { return " " + strconv.Itoa(n) + "\x00" })},
		{Name: "frame too large", Text: "A frame announces more than 100 MiB.", Kills: []string{"FR-003"}, Unreadable: true,
			Frame: Headed(func(int) string { return "104857601\x00" })},
		{Name: "trailing octet", Text: "An octet follows the value in the image.", Kills: []string{"SER-001"}, Unreadable: true,
			Image: func(b []byte) []byte { return append(b, 0) }},
		{Name: "image cut short", Text: "The last octet of an image is missing, and the length says so.", Kills: []string{"SER-001"}, Unreadable: true,
			Image: func(b []byte) []byte { return b[:len(b)-1] }},
		{Name: "image is an array", Text: "An image holds an array of keys and values.", Kills: []string{"SER-002"}, Unreadable: true,
			Value: func(v *perl.Value) *perl.Value {
				a := perl.NewArray()
				for _, p := range v.Target().Pairs() {
					a.Append(perl.NewBytes(p.Key), p.Value)
				}
				return perl.NewRef(a)
			}},
		{Name: "native byte order", Text: "Images are in the byte order of the machine.", Kills: []string{"SER-003"},
			Freeze: storable.FreezeOptions{Layout: storable.AMD64}},
	}
}

// Headed makes frames with another head, for the size of an image.
func Headed(head func(n int) string) func(image []byte) []byte {
	return func(image []byte) []byte { return append([]byte(head(len(image))), image...) }
}

// Binary is a head of four octets.
func Binary(n int) string { return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) }
