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
