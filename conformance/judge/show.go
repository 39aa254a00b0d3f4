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
