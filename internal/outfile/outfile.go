// Package outfile makes the files that people ask commands to write. What is written may hold the
// parameters of somebody's calls, and it may be written to a directory that others write to as
// well. So a new file is for its owner only, a symbolic link is never followed to what it names,
// and what is there already is overwritten only if the caller says that it may be.
//
// What is no regular file, such as a FIFO or a device, is written to as it is. So is everything
// below /dev, where links stand for what a process has open.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

var (
	// ErrExists says that there is a file that may not be overwritten.
	ErrExists = errors.New("it exists, and is not overwritten")
	// ErrLink says that there is a symbolic link, which is not followed.
	ErrLink = errors.New("it is a symbolic link, which is not followed; expected a file, or a name that is free")
)

// private is the mode of a new file: its owner's only.
const private fs.FileMode = 0o600

// headSize is how many octets a May is shown.
const headSize = 64

// May tells of the first octets of a regular file, at most 64, whether it may be overwritten. A nil
// May says no.
type May func(head []byte) bool

// Any says that any regular file may be overwritten.
func Any([]byte) bool { return true }

// Create opens a file for writing, empty, and for its owner only: also if it was there before.
// Errors match ErrExists, ErrLink, or are those of package os.
func Create(path string, may May) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, private)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	switch what, err := look(path); {
	case err != nil:
		return nil, err
	case what == nil:
		return os.OpenFile(path, os.O_WRONLY, 0)
	case may == nil:
		return nil, fail(path, ErrExists)
	}
	// It can have been replaced since it was looked at: so nothing here follows a link, or blocks.
	f, err = os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if err != nil {
		return nil, err
	}
	if err := empty(f, may); err != nil {
		return nil, errors.Join(fail(path, err), f.Close())
	}
	return f, nil
}

// Put has a file hold octets, as Create makes it. If they cannot all be written there is no file.
func Put(path string, may May, octets []byte) error {
	f, err := Create(path, may)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	regular := err == nil && info.Mode().IsRegular()
	_, err = f.Write(octets)
	if err = errors.Join(err, f.Close()); err != nil && regular {
		_ = os.Remove(path)
	}
	return err
}

// empty empties a file that may be overwritten, and makes it its owner's only.
func empty(f *os.File, may May) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, headSize)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !info.Mode().IsRegular() || !may(head[:n]) {
		return ErrExists
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return errors.Join(f.Truncate(0), f.Chmod(private))
}

// temporary is the pattern of what a file is called until all of it is written. That has nothing of
// its own name, which may be as long as the file system takes.
const temporary = ".ikc-conform.*"

// Write has a file written as a whole: what was there before stays until all of it is, and if
// anything goes wrong. A new file has the mode perm, one that is replaced keeps its mode. Errors
// match ErrLink, or are those of write and of package os.
func Write(path string, perm fs.FileMode, write func(io.Writer) error) (err error) {
	what, err := look(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case what == nil:
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	default:
		perm = what.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), temporary)
	if err != nil {
		var at *fs.PathError
		if errors.As(err, &at) {
			err = &fs.PathError{Op: "open", Path: path, Err: at.Err} // as if it were written in place
		}
		return err
	}
	err = errors.Join(write(f), f.Chmod(perm), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// look says what is at path: a regular file, or nil for what is to be written to as it is.
func look(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return info, nil
	case strings.HasPrefix(filepath.Clean(path), "/dev/"):
	case info.Mode()&os.ModeSymlink != 0:
		return nil, fail(path, ErrLink)
	}
	return nil, nil
}

func fail(path string, err error) error { return fmt.Errorf("%s: %w", path, err) }
