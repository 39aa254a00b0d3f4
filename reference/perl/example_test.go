package perl_test

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

func ExampleMarshal() {
	v, err := perl.Marshal(map[string]any{"name": "Pulse", "ports": []int{603, 903}})
	fmt.Println(perl.Format(v, perl.FormatOptions{}), err)
	// Output: {name => 'Pulse', ports => [603, 903]} <nil>
}

func ExampleUnmarshal() {
	v := perl.HashRef(perl.P("name", perl.NewBytes("Pulse")), perl.P("port", perl.NewBytes("603")))
	var kernel struct {
		Name string `perl:"name"`
		Port int    `perl:"port"` // a string of digits is a number, as in Perl
	}
	err := perl.Unmarshal(v, &kernel)
	fmt.Println(kernel.Name, kernel.Port, err)
	// Output: Pulse 603 <nil>
}
