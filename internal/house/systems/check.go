package main

import (
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// check returns what is wrong, on a system, with the packages below a directory.
func check(dir, system string) (wrong []string) {
	all, err := packages.Load(&packages.Config{Mode: packages.LoadAllSyntax | packages.NeedModule, Tests: true, Dir: dir,
		Env: append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)}, "./...")
	if err != nil {
		return []string{err.Error()}
	}
	packages.Visit(all, nil, func(p *packages.Package) {
		for _, err := range p.Errors {
			wrong = append(wrong, err.Error())
		}
	})
	for _, p := range all {
		if p.ForTest == "" && !strings.HasSuffix(p.ID, ".test") && slices.ContainsFunc(p.GoFiles, isForElsewhere) {
			wrong = append(wrong, vet(p.Dir, p.GoFiles)...)
		}
	}
	return wrong
}

// isForElsewhere tells whether a file is not for this system.
func isForElsewhere(path string) bool {
	dir, name := filepath.Split(path)
	here, err := build.Default.MatchFile(dir, name)
	return err == nil && !here
}

// vet has go vet look at files that are those of a package on another system. It does so here,
// where what they import is compiled already: what only another system has must not be in them.
func vet(dir string, files []string) []string {
	cmd := exec.Command("go", append([]string{"vet"}, files...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return []string{fmt.Sprintf("go vet in %s: %v\n%s", dir, err, out)}
	}
	return nil
}
