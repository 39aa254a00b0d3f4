package main

import (
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// A long capture is read in a steady state in which little is kept and much thrown away: collecting
// it less often than usual saves a third of the time. checkMemory is where it becomes as often as
// it takes.
const (
	checkGCPercent = 300
	checkMemory    = 512 << 20
)

func tuneForCheck() {
	debug.SetGCPercent(checkGCPercent)
	debug.SetMemoryLimit(checkMemory)
}

// progressInterval is how often progress is shown.
const progressInterval = 200 * time.Millisecond

// readProgress shows how far a file has been read, if there is somebody to see it: out is a
// terminal and the file takes longer than a moment. It returns nil otherwise. done clears the line.
func readProgress(out io.Writer, name string, paths ...string) (tell func(octets int64), done func()) {
	terminal, ok := visible.Raw(out).(*os.File)
	if !ok {
		return nil, func() {}
	}
	if info, err := terminal.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil, func() {}
	}
	size := sizeOf(paths)
	if size == 0 {
		return nil, func() {}
	}
	return readProgressOf(terminal, visible.Text(name), size, time.Now)
}

func readProgressOf(out io.Writer, path string, size int64, now func() time.Time) (tell func(octets int64), done func()) {
	began := now()
	last, shown := began, false
	tell = func(octets int64) {
		at := now()
		if at.Sub(last) < progressInterval {
			return
		}
		last, shown = at, true
		percent := 100.0
		if size > 0 {
			percent = min(100*float64(octets)/float64(size), 100)
		}
		fmt.Fprintf(out, "\r%s: %3.0f %%, %.0f MB/s\x1b[K", path, percent, float64(octets)/1e6/at.Sub(began).Seconds())
	}
	return tell, func() {
		if shown {
			fmt.Fprint(out, "\r\x1b[K")
		}
	}
}
