// Package perlpeer carries the Perl programs that put the real POE::Component::IKC under the
// control of the driver protocol (conformance/DRIVER.md), so that a single Go binary can run them.
package perlpeer

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/perl-ikc/ikc-conform/internal/tempdir"
)

// Files holds driver.pl, lite.pl and the modules that they use, under lib.
//
//go:embed driver.pl lite.pl lib
var Files embed.FS

// Main is the program to run, relative to the directory that Extract returns.
const Main = "driver.pl"

// Extract writes the programs to a new temporary directory and returns its path. The caller calls
// remove when the last of them has ended.
func Extract() (dir string, remove func() error, err error) {
	dir, remove, err = tempdir.New("ikc-conform-perlpeer-")
	if err != nil {
		return "", nil, fmt.Errorf("perlpeer: %w", err)
	}
	defer func() {
		if err != nil {
			_ = remove()
		}
	}()
	err = fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		text, err := Files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err != nil {
		return "", nil, fmt.Errorf("perlpeer: extract to %s: %w", dir, err)
	}
	return dir, remove, nil
}
