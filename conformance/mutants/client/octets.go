package client

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/mutants/octets"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

func octetDefects() []*Behaviour {
	const kernel, ikc0 = "client", "IKC0"
	defects := []*Behaviour{
		{Name: "length counts characters", Text: "The length of a frame counts UTF-8 characters as one.", Kills: []string{"FR-001"}, Role: kernel, Dialect: ikc0,
			frame: func(image []byte) []byte {
				return append(append(strconv.AppendInt(nil, int64(utf8.RuneCount(image)), 10), 0), image...)
			}},
		{Name: "frames of a ClientLite are binary", Text: "The length of a ClientLite's frame is four octets.", Kills: []string{"FR-001"}, Role: "clientlite", Dialect: ikc0,
			frame: octets.Headed(octets.Binary)},
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
	for _, d := range octets.Behaviours() {
		defects = append(defects, &Behaviour{Name: d.Name, Text: d.Text, Kills: d.Kills,
			Role: kernel, Dialect: ikc0, freeze: d.Freeze, value: d.Value, image: d.Image, frame: d.Frame})
	}
	return defects
}
