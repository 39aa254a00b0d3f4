// Package tempdir makes temporary directories that do not outlive their process: what one that was
// killed left behind is removed by the next that makes one.
package tempdir

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// lockName is a file in each directory, locked as long as the process lives.
const lockName = ".lock"

// settling is how long a directory may be without a lock that is held, since it is made before its
// lock is.
const settling = time.Minute

// New makes a directory whose name begins with prefix in the usual place, and removes those of
// processes that are gone. remove takes it away again.
func New(prefix string) (dir string, remove func() error, err error) {
	sweep(prefix)
	if dir, err = os.MkdirTemp("", prefix+"*"); err != nil {
		return "", nil, err
	}
	lock, err := os.Create(filepath.Join(dir, lockName))
	if err == nil {
		err = hold(lock)
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() error { return errors.Join(lock.Close(), os.RemoveAll(dir)) }, nil
}

func sweep(prefix string) {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		lock, err := os.Open(filepath.Join(dir, lockName))
		if err != nil {
			continue // not one of ours
		}
		if info, err := lock.Stat(); err == nil && time.Since(info.ModTime()) > settling && hold(lock) == nil {
			_ = os.RemoveAll(dir)
		}
		lock.Close()
	}
}
