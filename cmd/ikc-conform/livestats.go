package main

import (
	"bufio"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// home puts what comes next in place of what a terminal shows.
const home = "\x1b[H\x1b[J"

// liveStats shows counts of a capture that grows: every so often if something came, and at the end.
func (i *inspecting) liveStats(r *capture.Reader, out *bufio.Writer) error {
	stats := dialogue.NewLiveStats(i.opts.Filter)
	var mu sync.Mutex // of stats, out and those below
	var last time.Time
	var fresh bool
	var writing error
	show := func() {
		mu.Lock()
		defer mu.Unlock()
		if !fresh || writing != nil {
			return
		}
		fresh = false
		switch {
		case i.asJSON:
			writing = stats.WriteJSON(out)
		default:
			if i.terminal {
				_, _ = out.WriteString(home)
			}
			fmt.Fprintf(out, "as of %s\n", last.UTC().Format("2006-01-02 15:04:05.000000 UTC"))
			writing = errors.Join(stats.Write(out), out.WriteByte('\n'))
		}
		writing = errors.Join(writing, out.Flush())
	}
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for again := time.NewTicker(i.every); ; {
			select {
			case <-again.C:
				show()
			case <-done:
				again.Stop()
				return
			}
		}
	}()
	err := i.observe(r, func(c *dialogue.Connection, item dialogue.Item) {
		mu.Lock()
		defer mu.Unlock()
		fresh, last = true, item.Stamp().Time
		_ = stats.Item(c, item)
	})
	close(done)
	<-ended
	show()
	return errors.Join(writing, err)
}
