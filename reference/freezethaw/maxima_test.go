package freezethaw_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
)

// TestDeepest: data as deep as MaxDepth may be is read and written.
func TestDeepest(t *testing.T) {
	const most = 100_000
	c, err := freezethaw.Options{MaxDepth: most}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	perltest.Deepest(t, c, most, freezethaw.ErrLimit)
}

// TestMaxima: each option may be as large as documented and no larger, all of them at once.
func TestMaxima(t *testing.T) {
	const deepest, largest = 100_000, 1<<31 - 1
	c, err := freezethaw.Options{MaxDepth: deepest, MaxElements: largest, MaxString: largest, MaxAlloc: largest, MaxText: largest}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	perltest.Everyday(t, c)
	if _, err := (freezethaw.Options{MaxDepth: deepest + 1}).Codec(); err == nil {
		t.Error("a MaxDepth beyond the most: got no error")
	}
}
