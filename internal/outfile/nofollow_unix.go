//go:build unix

package outfile

import "syscall"

// noFollow has opening fail at a symbolic link, and not wait at a FIFO.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK
