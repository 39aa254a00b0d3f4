package server

import (
	"strconv"

	"github.com/perl-ikc/ikc-conform/conformance/mutants/octets"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

func octetDefects() []*Behaviour {
	defects := []*Behaviour{
		{Name: "length too long", Text: "The length of a frame is one too large.", Kills: []string{"FR-001"}, Silent: true,
			frame: octets.Headed(func(n int) string { return strconv.Itoa(n+1) + "\x00" })},
		{Name: "length counts the head", Text: "The length of a frame includes the length itself.", Kills: []string{"FR-001"}, Silent: true,
			frame: octets.Headed(func(n int) string { return strconv.Itoa(n+len(strconv.Itoa(n))+1) + "\x00" })},
		{Name: "length in hexadecimal", Text: "The length of a frame is hexadecimal.", Kills: []string{"FR-001"}, Silent: true,
			frame: octets.Headed(func(n int) string { return strconv.FormatInt(int64(n), 16) + "\x00" })},
		{Name: "binary length", Text: "The length of a frame is four octets.", Kills: []string{"FR-001"}, Silent: true,
			frame: octets.Headed(octets.Binary)},
		{Name: "length ends in a line feed", Text: "A line feed stands where the NUL should.", Kills: []string{"FR-001"}, Silent: true,
			frame: octets.Headed(func(n int) string { return strconv.Itoa(n) + "\n" })},
		{Name: "another serializer", Text: "Images are not of the serializer that was agreed on.", Kills: []string{"SER-001"}, Silent: true,
			image: func([]byte) []byte { return []byte("FrT;@1|$0") }},
		{Name: "boolean tags", Text: "is_error is a boolean with a tag of its own.", Kills: []string{"SER-004"},
			freeze: storable.FreezeOptions{Booleans: true},
			value: func(v *perl.Value) *perl.Value {
				if v.Target().Get("is_error") != nil {
					v.Target().Set("is_error", perl.NewBool(true))
				}
				return v
			}},
	}
	for _, d := range octets.Behaviours() {
		defects = append(defects, &Behaviour{Name: d.Name, Text: d.Text, Kills: d.Kills,
			Silent: d.Unreadable, freeze: d.Freeze, value: d.Value, image: d.Image, frame: d.Frame})
	}
	return defects
}
