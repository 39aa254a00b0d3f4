package storable_test

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

func Example() {
	image, err := storable.Freeze(perl.ArrayRef(perl.NewBytes("x"), perl.NewInt(-7)))
	fmt.Printf("%q %v\n", image, err)
	v, err := storable.Thaw(image)
	fmt.Println(perl.Format(v, perl.FormatOptions{}), err)
	// Output:
	// "\x05\v\x02\x00\x00\x00\x02\n\x01x\by" <nil>
	// ['x', -7] <nil>
}
