package freezethaw_test

import (
	"fmt"
	"log"

	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func Example() {
	v, err := perl.Marshal(map[string]any{"list": []any{1, "two"}})
	if err != nil {
		log.Fatal(err)
	}
	text, err := freezethaw.Freeze(v)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(text))

	v, err = freezethaw.Thaw(text)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(perl.Format(v, perl.FormatOptions{}))
	// Output:
	// FrT;@1|%2|$4|list@2|$1|1$3|two
	// {list => ['1', 'two']}
}
