package checks

import (
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestNumbersOfOldPerls: a Perl from 5.8.9 to 5.14 freezes integers outside -128..127 as strings,
// which VAL-001 takes for numbers in images that such a Perl may have written, and in no others.
func TestNumbersOfOldPerls(t *testing.T) {
	b, n := perl.NewBytes, perl.NewInt
	for _, test := range []struct {
		name       string
		minor      int
		sent, back *perl.Value
		fails      bool
	}{
		{"as it was", 8, n(1000), n(1000), false},
		{"a string of an old Perl", 8, n(1000), b("1000"), false},
		{"a string of an older Perl", 7, n(-129), b("-129"), false},
		{"within", 8, perl.ArrayRef(n(5), n(70000)), perl.ArrayRef(n(5), b("70000")), false},
		{"another number", 8, n(1000), b("1001"), true},
		{"a small one", 8, n(127), b("127"), true},
		{"before that", 6, n(1000), b("1000"), true},
		{"a newer Perl", 11, n(1000), b("1000"), true},
	} {
		s := newScript(t, ikc0...)
		from := at("client-1", "app", specifier.ProxyState)
		s.send(capture.FromClient, &wire.Message{Event: at("server-1", contract.SessionAlias, "echo"), Params: test.sent, From: from, RSVP: at("client-1", "app", "got")})
		by, err := storable.FreezeOptions{Minor: test.minor}.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		image, err := storable.Serializer{Encoder: by}.Freeze((&wire.Message{
			Event: at("client-1", "app", "got"), Params: test.back, From: at("server-1", contract.SessionAlias, specifier.ProxyState),
		}).ToValue())
		if err != nil {
			t.Fatal(err)
		}
		s.octets(capture.FromServer, wire.AppendFrame(nil, image))
		if got := slices.ContainsFunc(fails(s.judge(wire.Server)), func(id string) bool { return id == "VAL-001" || id == "VAL-006" }); got != test.fails {
			t.Errorf("%s: expected a failure: %v, got %v", test.name, test.fails, got)
		}
	}
}
