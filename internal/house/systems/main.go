// Command systems type-checks all packages of this module and their tests as they are on other
// systems, and has go vet look at the files that are not for this one. It reads what they import
// from source, without the bodies of functions, so that nothing is compiled: that takes a tenth of
// what go vet takes for another system.
//
//	go run ./internal/house/systems darwin windows
package main

import (
	"fmt"
	"os"
	"sync"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "systems: expected names of systems, such as darwin and windows")
		os.Exit(2)
	}
	read := newSources()
	said := make([][]string, len(os.Args)-1)
	var all sync.WaitGroup
	for i, system := range os.Args[1:] {
		all.Go(func() { said[i] = check(".", system, read) })
	}
	all.Wait()
	status := 0
	for i, system := range os.Args[1:] {
		for _, s := range said[i] {
			fmt.Fprintf(os.Stderr, "%s: %s\n", system, s)
			status = 1
		}
	}
	os.Exit(status)
}
