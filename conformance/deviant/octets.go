package deviant

import (
	"strconv"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// framed writes frames with another head.
func framed(head func(n int) string) func([]byte) []byte {
	return func(image []byte) []byte { return append([]byte(head(len(image))), image...) }
}

func octetDefects() []*Defect {
	return []*Defect{
		{Name: "length too short", Text: "The length of a frame is one too small.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return strconv.Itoa(n-1) + "\x00" })},
		{Name: "length too long", Text: "The length of a frame is one too large.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return strconv.Itoa(n+1) + "\x00" })},
		{Name: "length counts the head", Text: "The length of a frame includes the length itself.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return strconv.Itoa(n+len(strconv.Itoa(n))+1) + "\x00" })},
		{Name: "length in hexadecimal", Text: "The length of a frame is hexadecimal.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return strconv.FormatInt(int64(n), 16) + "\x00" })},
		{Name: "binary length", Text: "The length of a frame is four octets.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}) })},
		{Name: "length ends in a line feed", Text: "A line feed stands where the NUL should.", Kills: []string{"FR-001"}, Silent: true,
			frame: framed(func(n int) string { return strconv.Itoa(n) + "\n" })},
		{Name: "line end behind a frame", Text: "Each frame is followed by CRLF.", Kills: []string{"FR-001"}, Silent: true,
			frame: func(image []byte) []byte { return append(wire.AppendFrame(nil, image), '\r', '\n') }},
		{Name: "leading zero", Text: "The length of a frame begins with a zero.", Kills: []string{"FR-002"},
			frame: framed(func(n int) string { return "0" + strconv.Itoa(n) + "\x00" })},
		{Name: "frame too large", Text: "A frame announces more than 100 MiB.", Kills: []string{"FR-003"}, Silent: true,
			frame: framed(func(int) string { return "104857601\x00" })},
		{Name: "trailing octet", Text: "An octet follows the value in the image.", Kills: []string{"SER-001"}, Silent: true,
			image: func(b []byte) []byte { return append(b, 0) }},
		{Name: "image cut short", Text: "The last octet of an image is missing, and the length says so.", Kills: []string{"SER-001"}, Silent: true,
			image: func(b []byte) []byte { return b[:len(b)-1] }},
		{Name: "another serializer", Text: "Images are not of the serializer that was agreed on.", Kills: []string{"SER-001"}, Silent: true,
			image: func([]byte) []byte { return []byte("FrT;@1|$0") }},
		{Name: "image is an array", Text: "An image holds an array of keys and values.", Kills: []string{"SER-002"}, Silent: true,
			value: func(v *perl.Value) *perl.Value {
				a := perl.NewArray()
				for _, p := range v.Target().Pairs() {
					a.Append(perl.NewBytes(p.Key), p.Value)
				}
				return perl.NewRef(a)
			}},
		{Name: "native byte order", Text: "Images are in the byte order of the machine.", Kills: []string{"SER-003"},
			freeze: storable.FreezeOptions{Layout: storable.AMD64}},
		{Name: "boolean tags", Text: "is_error is a boolean with a tag of its own.", Kills: []string{"SER-004"},
			freeze: storable.FreezeOptions{Booleans: true},
			value: func(v *perl.Value) *perl.Value {
				if v.Target().Get("is_error") != nil {
					v.Target().Set("is_error", perl.NewBool(true))
				}
				return v
			}},
	}
}
