package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// watchPeak notes what a process takes at most of memory, in KiB, until it has ended. The rusage of
// a child is of no use for that: it begins with what the process that started it takes.
func (s *started) watchPeak() {
	for {
		if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid)); err == nil {
			if _, rest, ok := strings.Cut(string(status), "VmHWM:"); ok {
				var kib int64
				if _, err := fmt.Sscan(rest, &kib); err == nil {
					s.peak.Store(max(s.peak.Load(), kib))
				}
			}
		}
		select {
		case <-s.ended:
			return
		case <-time.After(2 * time.Millisecond):
		}
	}
}
