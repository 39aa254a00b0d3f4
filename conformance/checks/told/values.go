package told

import (
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// sameArgs tells whether two lists of arguments are equal.
func sameArgs(a, b []*perl.Value) bool {
	return slices.EqualFunc(a, b, func(x, y *perl.Value) bool { return sameValue(x, y) })
}

// sameValue tells whether two values are equal, where one that is missing is undef.
func sameValue(x, y *perl.Value) bool {
	if x == nil || y == nil {
		return x.Kind() == perl.Undef && y.Kind() == perl.Undef
	}
	return perl.Equal(x, y)
}

// showArgs writes a list of arguments for a finding.
func showArgs(args []*perl.Value) string {
	out := make([]string, len(args))
	for i, v := range args {
		out[i] = judge.ShowValue(v)
	}
	return "(" + strings.Join(out, ", ") + ")"
}

// text is an argument as a string, "" if it is missing or no string.
func text(args []*perl.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	s, _ := args[i].AsString()
	return s
}
