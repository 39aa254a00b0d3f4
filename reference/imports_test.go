package ikc_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestNoUnsafe: with the build tag ikc_nounsafe, no package below this folder, nor any of this
// module that they need, imports unsafe, not even in its tests.
func TestNoUnsafe(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-tags", "ikc_nounsafe",
		"-f", `{{.ImportPath}} {{join .Imports " "}} {{join .TestImports " "}} {{join .XTestImports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	ours := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if !strings.Contains(f[0], ".") { // of Go itself
			continue
		}
		ours++
		if slices.Contains(f[1:], "unsafe") {
			t.Errorf("%s imports unsafe with the tag ikc_nounsafe", f[0])
		}
	}
	if ours < 10 {
		t.Errorf("go list has only %d packages that are not Go's", ours)
	}
}
