package specifier_test

import (
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
)

func ExampleParse() {
	s, err := specifier.Parse("poe://Pulse/timeserver/connect")
	fmt.Println(s.Kernel, s.Session, s.State, err)
	fmt.Println(specifier.Specifier{Kernel: "*", Session: "timeserver"})
	// Output:
	// Pulse timeserver connect <nil>
	// poe://*/timeserver
}
