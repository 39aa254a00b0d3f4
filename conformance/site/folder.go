package site

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// Manifest is the file of a site that lists its files, a path on each line behind a first line that
// only such a list has. It says that a folder may be written anew.
const Manifest = "files.txt"

// manifestHead is that first line: a list that somebody else made is not believed.
const manifestHead = "# written by 'ikc-conform site', which may replace and remove these files"

// maxManifest bounds a list that is read, in octets.
const maxManifest = 1 << 20

// ErrForeign says that there is a file in the folder that is of no site.
var ErrForeign = errors.New("expected an empty folder, or one with a site and nothing else")

// Write writes the site to a folder, which is made if it is not there. One that has a site gets
// the new one, and loses what is of the old only. Anything else in the folder is ErrForeign, and
// then nothing is written. When ctx ends, Write does so, with its error; the folder may be written
// again.
func (s *Site) Write(ctx context.Context, dir string) error {
	had, err := s.look(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	names := s.Files()
	list := func(names ...string) error { // so that what an end in the middle leaves can be written again
		slices.Sort(names)
		return put(dir, Manifest, []byte(manifestHead+"\n"+strings.Join(slices.Compact(names), "\n")+"\n"))
	}
	if err := list(slices.Concat(names, had)...); err != nil {
		return err
	}
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := put(dir, name, s.files[name]); err != nil {
			return err
		}
	}
	for _, name := range had {
		if s.files[name] != nil || name == Manifest {
			continue
		}
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return list(names...)
}

// look lists the files of the site that is in a folder. Files that its list does not have are
// ErrForeign.
func (s *Site) look(dir string) (had []string, err error) {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s: %w, it is a file", dir, ErrForeign)
	}
	var listed []string
	err = fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", dir, err)
		case d.IsDir():
			return nil
		}
		if listed == nil {
			if listed, err = readManifest(dir); err != nil {
				return err
			}
		}
		if !d.Type().IsRegular() || name != Manifest && !slices.Contains(listed, name) {
			return fmt.Errorf("%s: %w", filepath.Join(dir, filepath.FromSlash(name)), ErrForeign)
		}
		had = append(had, name)
		return nil
	})
	return had, err
}

// readManifest reads the list of a site. A folder without one has none.
func readManifest(dir string) ([]string, error) {
	path := filepath.Join(dir, Manifest)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return []string{}, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxManifest {
		return nil, fmt.Errorf("%s: %w", path, ErrForeign)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, ok := strings.CutPrefix(string(b), manifestHead+"\n")
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, ErrForeign)
	}
	return strings.Split(strings.TrimSpace(list), "\n"), nil
}

// put writes a file of a folder, for all to read.
func put(dir, name string, text []byte) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return outfile.Write(path, 0o644, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}
