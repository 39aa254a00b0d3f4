package house

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// sources calls look with every Go file of the module.
func sources(t *testing.T, look func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && name != ".." && (strings.HasPrefix(name, ".") || name == "testdata") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil {
			look(strings.TrimPrefix(filepath.ToSlash(path), "../../"), text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestBuiltinsAreNotShadowed: no variable, parameter, constant, function or type is called as something that Go
// itself declares. Fields and methods may be.
func TestBuiltinsAreNotShadowed(t *testing.T) {
	sources(t, func(path string, text []byte) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		declare := func(names ...*ast.Ident) {
			for _, n := range names {
				if n != nil && n.Name != "_" && types.Universe.Lookup(n.Name) != nil {
					t.Errorf("%s: %s is declared by Go itself: expected another name", fset.Position(n.Pos()), n.Name)
				}
			}
		}
		fields := func(lists ...*ast.FieldList) {
			for _, l := range lists {
				if l != nil {
					for _, f := range l.List {
						declare(f.Names...)
					}
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil {
					declare(n.Name)
				}
				fields(n.Recv)
			case *ast.FuncType:
				fields(n.TypeParams, n.Params, n.Results)
			case *ast.TypeSpec:
				declare(n.Name)
			case *ast.ValueSpec:
				declare(n.Names...)
			case *ast.AssignStmt:
				if n.Tok == token.DEFINE {
					for _, e := range n.Lhs {
						if id, ok := e.(*ast.Ident); ok {
							declare(id)
						}
					}
				}
			case *ast.RangeStmt:
				if n.Tok == token.DEFINE {
					for _, e := range []ast.Expr{n.Key, n.Value} {
						if id, ok := e.(*ast.Ident); ok {
							declare(id)
						}
					}
				}
			}
			return true
		})
	})
}

// Widths of lines, in columns; a tab counts as one.
const (
	// commentWidth is that of a comment. A word that is longer, such as an address, may stand alone.
	commentWidth = 100
	// codeWidth is that of code, without what stands in strings and in comments behind it.
	codeWidth = 140
)

// TestWidths: lines can be read without scrolling.
func TestWidths(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if generated(text) {
			return
		}
		lines := bytes.Split(text, []byte("\n"))
		strings := inStrings(path, text)
		for i, line := range lines {
			comment, isComment := bytes.CutPrefix(bytes.TrimLeft(line, "\t"), []byte("// "))
			width := utf8.RuneCount(line)
			switch {
			case isComment && width > commentWidth && bytes.ContainsRune(bytes.TrimLeft(comment, " "), ' '):
				t.Errorf("%s:%d: a comment of %d columns, expected at most %d", path, i+1, width, commentWidth)
			case !isComment && width-strings[i+1] > codeWidth:
				t.Errorf("%s:%d: code of %d columns besides its strings, expected at most %d", path, i+1, width-strings[i+1], codeWidth)
			}
		}
	})
}

func generated(text []byte) bool { return bytes.Contains(text, []byte("DO NOT EDIT")) }

// inStrings counts the columns of each line, from 1, that are in literals of strings and in comments.
func inStrings(path string, text []byte) map[int]int {
	var s scanner.Scanner
	fset := token.NewFileSet()
	file := fset.AddFile(path, fset.Base(), len(text))
	s.Init(file, text, nil, scanner.ScanComments)
	n := map[int]int{}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return n
		}
		if tok == token.STRING || tok == token.COMMENT {
			for i, part := range strings.Split(lit, "\n") {
				n[file.Line(pos)+i] += utf8.RuneCountInString(part)
			}
		}
	}
}

// namesOfIKC are spelled once, in package wire: whoever needs one takes it from there.
var namesOfIKC = map[string]string{
	"IKCLite": "wire.SessionIKCLite", "do_you_have": "wire.StateHave", "remote_error": "wire.StateRemoteError",
}

// TestNamesOfIKC: outside of package wire no name of IKC is spelled out. Tests may, and so may the examples.
func TestNamesOfIKC(t *testing.T) {
	sources(t, func(path string, text []byte) {
		if strings.HasPrefix(path, "reference/wire/") || strings.HasPrefix(path, "examples/") || strings.HasSuffix(path, "_test.go") {
			return
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if better := namesOfIKC[strings.Trim(lit.Value, "\"`")]; better != "" {
					t.Errorf("%s: %s: expected %s", fset.Position(lit.Pos()), lit.Value, better)
				}
			}
			return true
		})
	})
}
