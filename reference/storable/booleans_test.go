package storable

import "testing"

// TestHasBooleanTags: tags count, and neither octets that look like them nor Perl's own true.
func TestHasBooleanTags(t *testing.T) {
	for image, want := range map[string]bool{
		"\x05\x0b\x02\x00\x00\x00\x01\x22":                             true,  // [!!1] of Perl 5.38
		"\x05\x0b\x02\x00\x00\x00\x01\x23":                             true,  // [!!0]
		"\x05\x0b\x03\x00\x00\x00\x01\x04\x23\x00\x00\x00\x01a":        true,  // {a => \!!0}
		"\x04\x0b\x0812345678\x04\x08\x08\x08\x02\x01\x00\x00\x00\x22": true,  // native
		"\x05\x0b\x02\x00\x00\x00\x01\x04\x0f":                         false, // [\!!1] of Perl 5.36
		"\x05\x0b\x02\x00\x00\x00\x02\x0a\x02\x22\x23\x10":             false, // a string of these octets, and false
		"\x05\x0b\x02\x00\x00\x00\x02\x22":                             true,  // cut behind the tag
		"\x05\x0b\x02\x00\x00\x00\x02\x0a":                             false,
		"\x22\x23":                                                     false,
		"":                                                             false,
	} {
		if got := HasBooleanTags([]byte(image)); got != want {
			t.Errorf("%q: expected %v, got %v", image, want, got)
		}
	}
}
