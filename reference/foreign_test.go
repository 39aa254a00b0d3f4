package ikc_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestNothingForeign: whoever embeds the kernel or the client links nothing but them and Go's own
// packages, though the module has more requirements, for the harness. So reference/ needs no go.mod
// of its own.
func TestNothingForeign(t *testing.T) {
	const module = "github.com/perl-ikc/ikc-conform"
	const here = module + "/reference"
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", here, here+"/clientlite", here+"/freezethaw", here+"/dumper").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	packages := strings.Fields(string(out))
	if len(packages) < 8 {
		t.Errorf("expected the kernel, the client and what they are made of, got %q", packages)
	}
	for _, p := range packages {
		if p != here && !strings.HasPrefix(p, here+"/") && !strings.HasPrefix(p, module+"/internal/") {
			t.Errorf("the kernel or the client links %s, which is no part of them", p)
		}
	}
}
