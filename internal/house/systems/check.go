package main

import (
	"fmt"
	"go/ast"
	"go/types"
	"runtime"
)

// most is how many errors of a system are told.
const most = 50

// check type-checks the packages below a directory, and their tests, as they are on a system, and
// has go vet look at the files that are not for this one. It returns what is wrong.
func check(dir, system string, read *sources) []string {
	all, err := list(dir, system)
	if err != nil {
		return []string{err.Error()}
	}
	c := &checker{packages: map[string]*types.Package{"unsafe": types.Unsafe}, read: read}
	for _, p := range all {
		if c.check(p); len(c.wrong) >= most {
			return append(c.wrong, "and so on")
		}
	}
	return append(c.wrong, vet(all)...)
}

// checker has what was checked of one system.
type checker struct {
	packages map[string]*types.Package // by their import paths, as 'go list' calls them
	read     *sources
	wrong    []string
}

// check checks a package; all that it imports has been.
func (c *checker) check(p *pkg) {
	var files []*ast.File
	for _, path := range p.paths() {
		f, err := c.read.file(path, p.ours())
		if err != nil {
			c.wrong = append(c.wrong, err.Error())
			continue
		}
		files = append(files, f)
	}
	config := types.Config{
		Importer:         importer(func(path string) (*types.Package, error) { return c.imported(p, path) }),
		IgnoreFuncBodies: !p.ours() || p.again(),
		Sizes:            types.SizesFor("gc", runtime.GOARCH),
		Error:            func(err error) { c.wrong = append(c.wrong, err.Error()) },
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		config.GoVersion = "go" + p.Module.GoVersion
	}
	c.packages[p.ImportPath], _ = config.Check(p.name(), c.read.set, files, nil) // Error was told of its errors
}

// imported is what a package means by a path.
func (c *checker) imported(p *pkg, path string) (*types.Package, error) {
	if to, ok := p.ImportMap[path]; ok {
		path = to
	}
	if found := c.packages[path]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("%s was not checked before", path)
}

// importer is a function as a types.Importer.
type importer func(path string) (*types.Package, error)

func (f importer) Import(path string) (*types.Package, error) { return f(path) }
