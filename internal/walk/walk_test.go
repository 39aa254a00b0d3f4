package walk

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func TestWalk(t *testing.T) {
	shared := perl.ArrayRef(perl.NewInt(1))
	loop := perl.NewHash()
	loop.Set("self", perl.NewRef(loop))
	deep := perl.NewUndef()
	for range 200_000 {
		deep = perl.NewRef(deep)
	}
	for _, test := range []struct {
		name           string
		v              *perl.Value
		shares, cyclic bool
	}{
		{"nil", nil, false, false},
		{"scalar", perl.NewInt(1), false, false},
		{"tree", perl.ArrayRef(perl.ArrayRef(), perl.ArrayRef()), false, false},
		{"shared", perl.ArrayRef(shared, perl.NewRef(shared.Target())), true, false},
		{"loop", perl.NewRef(loop), false, true},
		{"deep", deep, false, false},
	} {
		if got := Shares(test.v); got != test.shares {
			t.Errorf("%s: shares: expected %v, got %v", test.name, test.shares, got)
		}
		if got := Cyclic(test.v); got != test.cyclic {
			t.Errorf("%s: cyclic: expected %v, got %v", test.name, test.cyclic, got)
		}
	}
}
