package judge

import (
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// ShortSpecifier tells whether a request is addressed by a specifier that does without "poe:".
func ShortSpecifier(x *dialogue.Exchange) bool {
	s, ok := x.Request.Event.AsText()
	return ok && !strings.HasPrefix(s, "poe:")
}

// ShowValue writes a value on one line for a finding.
func ShowValue(v *perl.Value) string {
	if v == nil {
		return "nothing"
	}
	return perl.Format(v, perl.FormatOptions{MaxWidth: 200})
}

// ShowBoth writes two values that differ, each on one line; and, if that is deep in them or not to
// be seen, where they first differ and how.
func ShowBoth(expected, actual *perl.Value) (string, string) {
	want, got := ShowValue(expected), ShowValue(actual)
	const short = 60 // columns, in which a difference is seen
	if want != got && len(want) <= short && len(got) <= short {
		return want, got
	}
	if expected != nil && actual != nil {
		if where := perl.Diff(expected, actual); where != "" {
			got += "; the first difference is at " + where
		}
	}
	return want, got
}
