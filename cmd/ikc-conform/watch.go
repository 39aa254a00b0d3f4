package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

const (
	// lookEvery is how often files are looked at; less often if that takes more than a tenth of it.
	lookEvery = 150 * time.Millisecond
	// quietFor is how long nothing may change before it is tried again; quietWithin, how long that is
	// waited for.
	quietFor    = 300 * time.Millisecond
	quietWithin = 10 * time.Second
	// maxWatched bounds the files that are looked at.
	maxWatched = 1 << 16
	// oneTick is how coarse a file system's clock may be: what is written twice within it may have one
	// time. So files that were written less than that before they were looked at are read as well, if
	// they are of at most mostRead octets, and all together of maxRead.
	oneTick  = 2 * time.Second
	mostRead = 1 << 20
	maxRead  = 16 << 20
)

// watch tries the targets, and again whenever files have changed. It ends with an interrupt, and
// returns what the last round did.
func (r *rounds) watch(cmd *cobra.Command) error {
	w, err := newWatcher(r.watched, r.written())
	if err != nil {
		return err
	}
	for alone := false; ; {
		before, err := w.look()
		if err != nil {
			return err
		}
		last := r.round(cmd)
		if cmd.Context().Err() != nil {
			return last
		}
		var status exitStatus
		if last != nil && !errors.As(last, &status) {
			fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform:", visible.Error(last))
		}
		what := w.during(before)
		if what != "" && alone {
			fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s changes while it is tried; that alone does not make it be tried again\n", visible.Text(what))
			what = ""
		}
		alone = what != ""
		if what == "" {
			fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: watching %s; Ctrl-C ends it\n", visible.Text(strings.Join(r.watched, ", ")))
			if what = w.await(cmd.Context()); what == "" {
				return last
			}
		}
		w.settle(cmd.Context())
		if cmd.Context().Err() != nil {
			return last
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "ikc-conform: %s changed: again\n", visible.Text(what))
	}
}

// written are the paths that a round writes to.
func (r *rounds) written() (paths []string) {
	for _, f := range r.list {
		if f.path != "-" {
			paths = append(paths, f.path)
		}
	}
	return append(paths, r.captures, r.reduced.dir)
}

// watcher looks at the files below some directories, but for hidden ones and what is left out.
type watcher struct {
	dirs    []string
	without map[string]bool // absolute paths
	last    map[string]stamp
	looked  time.Time // when last was begun
	every   time.Duration
}

// stamp changes if a file does.
type stamp struct {
	size int64
	time time.Time
	mode fs.FileMode
	sum  [sha256.Size]byte // of what is in it, zero if it was not read
}

// same tells whether two stamps are of one file that has not changed.
func (s stamp) same(other stamp) bool {
	if s.sum == ([sha256.Size]byte{}) || other.sum == ([sha256.Size]byte{}) {
		s.sum = other.sum
	}
	return s == other
}

// sumOf is the digest of a file, zero if it cannot be read.
func sumOf(path string) (sum [sha256.Size]byte) {
	f, err := os.Open(path)
	if err != nil {
		return sum
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, mostRead)); err != nil {
		return sum
	}
	return [sha256.Size]byte(h.Sum(nil))
}

func newWatcher(dirs, without []string) (*watcher, error) {
	w := &watcher{dirs: dirs, without: map[string]bool{}, looked: time.Now(), every: lookEvery}
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("--watch %q: expected a directory", dir)
		}
	}
	for _, path := range without {
		if path == "" {
			continue
		}
		absolute, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		w.without[absolute] = true
	}
	return w, nil
}

// look looks at all files. One that goes meanwhile is none.
func (w *watcher) look() (map[string]stamp, error) {
	began, left := time.Now(), int64(maxRead)
	seen := map[string]stamp{}
	for _, dir := range w.dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil
			}
			absolute, err := filepath.Abs(path)
			if err != nil {
				return err
			}
			hidden := path != dir && strings.HasPrefix(d.Name(), ".")
			switch {
			case d.IsDir() && (hidden || w.without[absolute]):
				return fs.SkipDir
			case d.IsDir() || hidden || w.without[absolute]:
				return nil
			}
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if len(seen) == maxWatched {
				return fmt.Errorf("--watch %s: expected at most %d files below it; name the directories that matter", strings.Join(w.dirs, " --watch "), maxWatched)
			}
			s := stamp{size: info.Size(), time: info.ModTime(), mode: info.Mode()}
			if s.mode.IsRegular() && s.time.After(w.looked.Add(-oneTick)) && s.size <= min(mostRead, left) {
				left -= s.size
				s.sum = sumOf(path)
			}
			seen[path] = s
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	w.last, w.looked, w.every = seen, began, max(lookEvery, 10*time.Since(began))
	return seen, nil
}

// during names what has changed since a look, "" if nothing has.
func (w *watcher) during(before map[string]stamp) string {
	now, err := w.look()
	if err != nil {
		return "more than can be watched"
	}
	return changed(before, now)
}

// await waits until something changes, and names it; "" if ctx ends first.
func (w *watcher) await(ctx context.Context) string {
	for {
		select {
		case <-ctx.Done():
			return ""
		case <-time.After(w.every):
		}
		if what := w.during(w.last); what != "" {
			return what
		}
	}
}

// settle waits until nothing changes any more, such as while an editor or a compiler writes.
func (w *watcher) settle(ctx context.Context) {
	limit, cancel := context.WithTimeout(ctx, quietWithin)
	defer cancel()
	for since := time.Now(); time.Since(since) < quietFor; {
		select {
		case <-limit.Done():
			return
		case <-time.After(w.every):
		}
		if w.during(w.last) != "" {
			since = time.Now()
		}
	}
}

// changed names the first file that is not as it was, or is new, or gone.
func changed(before, now map[string]stamp) string {
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if old, there := before[path]; !there || !old.same(now[path]) {
			return path
		}
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if _, there := now[path]; !there {
			return path
		}
	}
	return ""
}
