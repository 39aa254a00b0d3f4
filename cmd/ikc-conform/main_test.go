package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

func TestMain(m *testing.M) {
	if address := os.Getenv(assaultEnv); address != "" {
		flag.Parse()
		if err := assaultAll(address); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	// What is tested here are processes, which mostly wait.
	if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){
		"ikc-conform": main,
	})
}

// TestScripts runs testdata/script: commands, what they print, and their exit status (status N).
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			wd, err := os.Getwd()
			e.Setenv("CAPTURES", wd+"/../../captures")
			for _, name := range []string{"PERL5LIB", "IKC_RELEASES"} {
				e.Setenv(name, os.Getenv(name))
			}
			return err
		},
		Condition: func(name string) (bool, error) {
			if name != "perl-ikc" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			_, err := driver.FindPerl(context.Background())
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": statusOf, "await": await, "feed": feedStdin, "stdout_is": stdoutIs,
		},
	})
}
