package judge_test

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Two values that differ are not shown alike: where the difference is not seen, it is told.
func TestShowBoth(t *testing.T) {
	list := func(last int64) *perl.Value {
		a := perl.ArrayRef()
		for range 200 {
			a.Target().Append(perl.NewInt(7))
		}
		a.Target().Append(perl.HashRef(perl.P("key", perl.NewInt(last))))
		return a
	}
	if want, got := judge.ShowBoth(perl.NewInt(1), perl.NewInt(2)); want != "1" || got != "2" {
		t.Errorf("short values: expected as they are, got %s, %s", want, got)
	}
	want, got := judge.ShowBoth(list(1), list(2))
	if !strings.HasPrefix(got, want+"; the first difference is at $VAR1->[200]{key}: integer 1, other has integer 2") {
		t.Errorf("long values: got %s", got)
	}
	if want, got := judge.ShowBoth(perl.NewInt(1), nil); want != "1" || got != "nothing" {
		t.Errorf("no value: got %s, %s", want, got)
	}
	// Alike as text, but not as Perl data.
	if _, got := judge.ShowBoth(perl.NewBytes("1.5"), perl.NewDouble(1.5)); got == judge.ShowValue(perl.NewBytes("1.5")) {
		t.Errorf("got %s", got)
	}
}
