package dumper_test

import (
	"flag"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

var structures = flag.Int("structures", 20_000, "structures of the differential test")

// TestDifferential compares Go and the machine's Data::Dumper and eval on random structures.
func TestDifferential(t *testing.T) {
	x := perltest.Texts{Package: dumper.Package, Freeze: dumper.Freeze, Thaw: dumper.Thaw, Images: storable.Thaw}
	x.Differential(t, "../storable/testdata/texts.pl", *structures)
}
