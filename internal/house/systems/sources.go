package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"sync"
)

// sources are files that were read, once for all systems. Its methods may be called concurrently.
type sources struct {
	set   *token.FileSet
	mu    sync.Mutex
	files map[string]func() (*ast.File, error)
}

func newSources() *sources {
	return &sources{set: token.NewFileSet(), files: map[string]func() (*ast.File, error){}}
}

// file is a file, with the bodies of its functions or with empty ones.
func (s *sources) file(path string, bodies bool) (*ast.File, error) {
	s.mu.Lock()
	read := s.files[path]
	if read == nil {
		read = sync.OnceValues(func() (*ast.File, error) { return s.parse(path, bodies) })
		s.files[path] = read
	}
	s.mu.Unlock()
	return read()
}

func (s *sources) parse(path string, bodies bool) (*ast.File, error) {
	f, err := parser.ParseFile(s.set, path, nil, parser.SkipObjectResolution)
	if err != nil || bodies {
		return f, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			fn.Body.List = nil // a body there must be, of init and the like
		}
	}
	return f, nil
}
