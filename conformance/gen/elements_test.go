package gen

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestElementNames: the fields for elements of arrays have the names that the capture gives, and no
// others.
func TestElementNames(t *testing.T) {
	num, str, array := perl.NewInt, perl.NewBytes, perl.ArrayRef
	add := func(i *Interface, state string, sender string, v *perl.Value) *state {
		s := i.state("svc", state)
		s.posts++
		i.shapes.add(s.raw, v, sender, "other")
		return s
	}
	under := func(key string) *perl.Value { return perl.HashRef(perl.P(key, array(str("a"), num(1)))) }
	for _, test := range []struct {
		name string
		see  func(*Interface)
		want string
	}{
		{"names of who sent it", func(i *Interface) {
			add(i, "x", "Ann", array(str("Ann"), num(1)))
			add(i, "x", "Bob", array(str("Bob"), num(1)))
		}, "Kernel string V1 int64"},
		{"once may be chance", func(i *Interface) { add(i, "x", "Ann", array(str("Ann"), num(1))) }, "V0 string V1 int64"},
		{"not always", func(i *Interface) {
			add(i, "x", "Ann", array(str("Ann"), num(1)))
			add(i, "x", "Bob", array(str("Ann"), num(1)))
			add(i, "x", "Ann", array(str("Ann"), num(1)))
		}, "V0 string V1 int64"},
		{"two of them", func(i *Interface) {
			add(i, "x", "Ann", array(str("Ann"), str("Ann"), num(1)))
			add(i, "x", "Ann", array(str("Ann"), str("Ann"), num(1)))
		}, "Kernel string Kernel2 string V2 int64"},
		{"by post", func(i *Interface) {
			add(i, "x", "Ann", array(num(1), str("poe://Ann/s/x"))).raw.pairs = 1
		}, "Params int64 RSVP string"},
		{"not all by post", func(i *Interface) {
			add(i, "x", "Ann", array(num(1), str("poe://Ann/s/x")))
			add(i, "x", "Ann", array(num(1), str("poe://Ann/s/x"))).raw.pairs = 1
		}, "V0 int64 V1 string"},
		{"words of the key", func(i *Interface) { add(i, "x", "Ann", under("host_port")) }, "Host string Port int64"},
		{"a word too many", func(i *Interface) { add(i, "x", "Ann", under("host_and_port")) }, "V0 string V1 int64"},
		{"a word twice", func(i *Interface) { add(i, "x", "Ann", under("port_port")) }, "V0 string V1 int64"},
		{"a method", func(i *Interface) { add(i, "x", "Ann", under("MarshalPerl x")) }, "MarshalPerl2 string X int64"},
		{"a list of them", func(i *Interface) {
			add(i, "x", "Ann", perl.HashRef(perl.P("host_port", array(array(str("a"), num(1))))))
		}, "V0 string V1 int64"},
	} {
		i := newInterface()
		test.see(i)
		files, err := i.Files(Writing{Package: "p"})
		if err != nil {
			t.Fatal(err)
		}
		var fields []string
		inside := false
		for line := range strings.Lines(string(files[0].Text)) {
			switch {
			case strings.HasPrefix(line, "}"):
				inside = false
			case inside && !strings.Contains(line, "`"):
				words := strings.Fields(line)
				fields = append(fields, words[0], words[1])
			case strings.HasPrefix(line, "type "):
				inside = true
			}
		}
		if got := strings.Join(fields, " "); got != test.want {
			t.Errorf("%s: expected %q, got %q", test.name, test.want, got)
		}
		if !strings.Contains(strings.ReplaceAll(string(files[0].Text), "\n// ", " "), elementRules) {
			t.Errorf("%s: the package does not say how fields are named", test.name)
		}
	}
}
