package dumper_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// TestDifferential compares Go and Perl's Data::Dumper and eval on random structures.
func TestDifferential(t *testing.T) {
	x := perltest.Texts{Package: dumper.Package, Module: "Data::Dumper", Freeze: dumper.Freeze, Thaw: dumper.Thaw, Images: storable.Thaw}
	x.Differential(t, "../storable/testdata/texts.pl")
}
