package freezethaw_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// TestDifferential compares Go and Perl's FreezeThaw on random structures.
func TestDifferential(t *testing.T) {
	x := perltest.Texts{Package: "FreezeThaw", Module: "FreezeThaw", Freeze: freezethaw.Freeze, Thaw: freezethaw.Thaw, Images: storable.Thaw}
	x.Differential(t, "../storable/testdata/texts.pl")
}
