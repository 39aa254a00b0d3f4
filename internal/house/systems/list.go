package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// pkg is what 'go list' says of a package, or of one with its tests.
type pkg struct {
	ImportPath string // "path [path.test]" of one with its tests
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string
	ForTest    string
	Module     *struct {
		Main      bool
		GoVersion string
	}
}

// list lists the packages below a directory, with their tests and all that they import, as they are
// on a system: what is imported before what imports it.
func list(dir, system string) ([]*pkg, error) {
	cmd := exec.Command("go", "list", "-deps", "-test", "-json=ImportPath,Dir,GoFiles,ImportMap,ForTest,Module", "./...")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, errs.Bytes())
	}
	var all []*pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		p := new(pkg)
		err := d.Decode(p)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if p.ImportPath != "unsafe" && !strings.HasSuffix(p.ImportPath, ".test") { // which are made up
			all = append(all, p)
		}
	}
}

// name is the import path, without the test that it is for.
func (p *pkg) name() string {
	name, _, _ := strings.Cut(p.ImportPath, " ")
	return name
}

// ours tells whether it is of this module.
func (p *pkg) ours() bool { return p.Module != nil && p.Module.Main }

// again tells whether it is a package that a test of another one has compiled once more.
func (p *pkg) again() bool {
	return p.ForTest != "" && strings.TrimSuffix(p.name(), "_test") != p.ForTest
}

func (p *pkg) paths() (paths []string) {
	for _, name := range p.GoFiles {
		paths = append(paths, filepath.Join(p.Dir, name))
	}
	return paths
}
