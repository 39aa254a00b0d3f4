package freezethaw_test

import (
	"flag"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

var structures = flag.Int("structures", 20_000, "structures of the differential test")

// TestDifferential compares Go and the machine's FreezeThaw on random structures.
func TestDifferential(t *testing.T) {
	x := perltest.Texts{Package: "FreezeThaw", Freeze: freezethaw.Freeze, Thaw: freezethaw.Thaw, Images: storable.Thaw}
	x.Differential(t, "../storable/testdata/texts.pl", *structures)
}
