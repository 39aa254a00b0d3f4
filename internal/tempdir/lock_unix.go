//go:build unix

package tempdir

import (
	"os"
	"syscall"
)

// hold locks a file as long as it is open, and fails if somebody else does.
func hold(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// openLock opens a file for reading. A symbolic link is not followed, and a FIFO or a device that
// stands in its place does not block.
func openLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}

// own tells whether a file belongs to the user that this process runs as.
func own(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
