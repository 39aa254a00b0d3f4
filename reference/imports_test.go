package ikc_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestJudgeWithoutKernel: what judges a kernel, and the client that needs none, do not link this one.
func TestJudgeWithoutKernel(t *testing.T) {
	const module = "github.com/perl-ikc/ikc-conform"
	for _, p := range []string{"/conformance", "/conformance/dialogue", "/reference/clientlite"} {
		out, err := exec.Command("go", "list", "-deps", module+p).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", module+p, err)
		}
		if slices.Contains(strings.Fields(string(out)), module+"/reference") {
			t.Errorf("%s%s imports, somehow, %s/reference", module, p, module)
		}
	}
}

// TestNoUnsafe: with the build tag ikc_nounsafe, no package below this folder imports unsafe, not even
// in its tests.
func TestNoUnsafe(t *testing.T) {
	out, err := exec.Command("go", "list", "-tags", "ikc_nounsafe",
		"-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(packages) < 8 {
		t.Fatalf("go list has only %d packages", len(packages))
	}
	for _, line := range packages {
		if f := strings.Fields(line); slices.Contains(f[1:], "unsafe") {
			t.Errorf("%s imports unsafe with the tag ikc_nounsafe", f[0])
		}
	}
}
