package main

import (
	"fmt"
	"go/build"
	"os/exec"
	"slices"
)

// vet has go vet look at the packages that have files which are not for this system, with those
// instead of the ones that are. It does so here, where what they import is compiled already: what
// only another system has must not be in them. It returns what is wrong.
func vet(all []*pkg) (wrong []string) {
	for _, p := range all {
		if !p.ours() || p.ForTest != "" || !slices.ContainsFunc(p.GoFiles, p.elsewhere) {
			continue
		}
		cmd := exec.Command("go", append([]string{"vet"}, p.GoFiles...)...)
		cmd.Dir = p.Dir
		if out, err := cmd.CombinedOutput(); err != nil {
			wrong = append(wrong, fmt.Sprintf("go vet %s: %v\n%s", p.ImportPath, err, out))
		}
	}
	return wrong
}

// elsewhere tells whether a file of a package is not for this system.
func (p *pkg) elsewhere(name string) bool {
	here, err := build.Default.MatchFile(p.Dir, name)
	return err == nil && !here
}
