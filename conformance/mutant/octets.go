package mutant

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

func framed(head func(n int) string) func([]byte) []byte {
	return func(image []byte) []byte { return append([]byte(head(len(image))), image...) }
}

func octetDefects() []*Defect {
	const kernel, ikc0 = "client", "IKC0"
	return []*Defect{
		{Name: "length too short", Text: "The length of a frame is one too small.", Kills: []string{"FR-001"}, Role: kernel, Dialect: ikc0, frame: framed(func(n int) string { return strconv.Itoa(n-1) + "\x00" })},
		{Name: "length counts characters", Text: "The length of a frame counts UTF-8 characters as one.", Kills: []string{"FR-001"}, Role: kernel, Dialect: ikc0,
			frame: func(image []byte) []byte {
				return append(append(strconv.AppendInt(nil, int64(utf8.RuneCount(image)), 10), 0), image...)
			}},
		{Name: "line end behind a frame", Text: "Each frame is followed by CRLF.", Kills: []string{"FR-001"}, Role: kernel, Dialect: ikc0,
			frame: func(image []byte) []byte { return append(wire.AppendFrame(nil, image), '\r', '\n') }},
		{Name: "frames of a ClientLite are binary", Text: "The length of a ClientLite's frame is four octets.", Kills: []string{"FR-001"}, Role: "clientlite", Dialect: ikc0,
			frame: framed(func(n int) string { return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) })},
		{Name: "leading zero", Text: "The length of a frame begins with a zero.", Kills: []string{"FR-002"}, Role: kernel, Dialect: ikc0, frame: framed(func(n int) string { return "0" + strconv.Itoa(n) + "\x00" })},
		{Name: "frame too large", Text: "A frame announces more than 100 MiB.", Kills: []string{"FR-003"}, Role: kernel, Dialect: ikc0, frame: framed(func(int) string { return "104857601\x00" })},
		{Name: "trailing octet", Text: "An octet follows the value in the image.", Kills: []string{"SER-001"}, Role: kernel, Dialect: ikc0, image: func(b []byte) []byte { return append(b, 0) }},
		{Name: "image cut short", Text: "The last octet of an image is missing.", Kills: []string{"SER-001"}, Role: kernel, Dialect: ikc0, image: func(b []byte) []byte { return b[:len(b)-1] }},
		{Name: "image is an array", Text: "An image holds an array of keys and values.", Kills: []string{"SER-002"}, Role: kernel, Dialect: ikc0,
			value: func(v *perl.Value) *perl.Value {
				a := perl.NewArray()
				for _, p := range v.Target().Pairs() {
					a.Append(perl.NewBytes(p.Key), p.Value)
				}
				return perl.NewRef(a)
			}},
		{Name: "native byte order", Text: "Images are in the byte order of the machine.", Kills: []string{"SER-003"}, Role: kernel, Dialect: ikc0, freeze: storable.FreezeOptions{Layout: storable.AMD64}},
		{Name: "boolean tags", Text: "wantarray is a boolean with a tag of its own.", Kills: []string{"SER-004"}, Role: "clientlite", Dialect: ikc0, freeze: storable.FreezeOptions{Booleans: true},
			value: func(v *perl.Value) *perl.Value { v.Target().Set("wantarray", perl.NewBool(false)); return v }},
		{Name: "booleans in calls", Text: "wantarray of a call is a boolean with a tag of its own, as Perl 5.38 has them.", Kills: []string{"SER-004"}, Role: kernel, Dialect: ikc0, freeze: storable.FreezeOptions{Booleans: true},
			value: func(v *perl.Value) *perl.Value {
				if v.Target().Get("rsvp") != nil {
					v.Target().Set("wantarray", perl.NewBool(false))
				}
				return v
			}},
		{Name: "octets that are no UTF-8", Text: "A string is marked as UTF-8 and is not.", Kills: []string{"SER-005"}, Role: kernel, Dialect: ikc0,
			value: func(v *perl.Value) *perl.Value { v.Target().Set("params", perl.NewText("\xff\xfe")); return v }},
		{Name: "version of tomorrow", Text: "Images are of a minor version that does not exist.", Kills: []string{"SER-006"}, Role: kernel, Dialect: ikc0,
			image: func(b []byte) []byte { b[1] = 99; return b }},
		{Name: "FreezeThaw without its beginning", Text: "A FreezeThaw image does not begin with FrT;.", Kills: []string{"SER-007"}, Role: kernel, Dialect: ikc0, Serializer: "FreezeThaw",
			image: func(b []byte) []byte { return append([]byte("frt"), b[3:]...) }},
		{Name: "Freezer with another variable", Text: "A Freezer image assigns to a variable of its own.", Kills: []string{"SER-008"}, Role: kernel, Dialect: ikc0, Serializer: "POE::Component::IKC::Freezer",
			image: func(b []byte) []byte {
				return bytes.Replace(b, []byte("$POE::Component::IKC::Freezer::VAR1"), []byte("$VAR1"), 1)
			}},
	}
}
