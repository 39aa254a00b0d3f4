package refdriver_test

import (
	"fmt"
	"io"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if what := os.Getenv(serveOnly); what != "" {
		if err := serveOwn(what); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if what := os.Getenv(asOriginal); what != "" {
		if err := playOriginal(what, os.Args[1:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s in Go: %v\n", what, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// serveOnly is the variable that makes this program a server of the benchmarks, so that one can be
// a process of its own: "kernel", or "raw" for the echo.
const serveOnly = "IKC_BENCH_SERVER"

// serveOwn prints the address of such a server, and serves until its input ends.
func serveOwn(what string) error {
	heap = make([]byte, serviceHeap)
	var address string
	var err error
	if what == "raw" {
		_, address, err = rawEcho()
	} else {
		_, address, err = benchKernel()
	}
	if err != nil {
		return err
	}
	fmt.Println(address)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
