package wire_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestAbout reads the messages of all releases, with and without their sender.
func TestAbout(t *testing.T) {
	const spec = "poe://K/S/x"
	for _, tt := range []struct {
		message     string
		about, some bool // spec, any request
	}{
		{"gone.  Request poe://K/S/x", true, true},
		{"gone.  Request poe://K/S/x sent by poe://L/T", true, true},
		{"gone [poe://K/S/x]", true, true},
		{"gone [poe://K/S/x] sent by poe://L/T", true, true},
		{"gone.  Request poe://K/S/xy", false, true},
		{"gone [poe://K/S/y]", false, true},
		{"poe://K/S/x is gone", false, false},
	} {
		e := &wire.RemoteError{Message: tt.message}
		if about, some := e.About(spec), e.About(""); about != tt.about || some != tt.some {
			t.Errorf("%q: got %v about %s and %v about any request, expected %v and %v", tt.message, about, spec, some, tt.about, tt.some)
		}
	}
}

func TestParseRemoteError(t *testing.T) {
	b := perl.NewBytes
	for _, tt := range []struct {
		params *perl.Value
		want   wire.RemoteError
	}{
		{perl.ArrayRef(b("m"), b("K"), b("check")), wire.RemoteError{Message: "m", Kernel: "K", Operation: "check"}},
		{perl.ArrayRef(b("m"), perl.NewUndef(), b("check"), b("more")), wire.RemoteError{Message: "m", Operation: "check"}},
		{perl.ArrayRef(b("m")), wire.RemoteError{Message: "m"}},
		{b("m"), wire.RemoteError{Message: "m"}},
		{nil, wire.RemoteError{}},
	} {
		if got := *wire.ParseRemoteError(tt.params); got != tt.want {
			t.Errorf("%s: got %+v, expected %+v", perl.Format(tt.params, perl.FormatOptions{}), got, tt.want)
		}
	}
}
