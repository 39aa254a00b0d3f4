// Package tempdir makes temporary directories that do not outlive their process: what one that was
// killed left behind is removed by the next that makes one.
//
// The directory of temporary files is everybody's. So nothing that another user put there is opened
// or removed, whatever it is called, and nothing is opened that could block.
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

// New makes a directory whose name begins with prefix in the usual place, for this user only, and
// removes those of processes that are gone. remove takes it away again.
func New(prefix string) (dir string, remove func() error, err error) {
	sweep(prefix)
	if dir, err = os.MkdirTemp("", prefix+"*"); err != nil {
		return "", nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = hold(lock)
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, func() error { return errors.Join(lock.Close(), os.RemoveAll(dir)) }, nil
}

// Keep makes a directory of New one that stays: nobody removes it when this process has ended.
func Keep(dir string) error { return os.Remove(filepath.Join(dir, lockName)) }

func sweep(prefix string) {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	for _, dir := range dirs {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() || !own(info) {
			continue
		}
		lock, err := openLock(filepath.Join(dir, lockName))
		if err != nil {
			continue // not one of ours
		}
		info, err := lock.Stat()
		if err == nil && info.Mode().IsRegular() && own(info) && time.Since(info.ModTime()) > settling && hold(lock) == nil {
			_ = os.RemoveAll(dir)
		}
		lock.Close()
	}
}
