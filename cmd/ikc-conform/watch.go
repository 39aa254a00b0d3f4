package main

import (
	"context"
	"errors"
	"fmt"
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
	every   time.Duration
}

// stamp changes if a file does.
type stamp struct {
	size int64
	time time.Time
	mode fs.FileMode
}

func newWatcher(dirs, without []string) (*watcher, error) {
	w := &watcher{dirs: dirs, without: map[string]bool{}, every: lookEvery}
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
	began := time.Now()
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
			seen[path] = stamp{info.Size(), info.ModTime(), info.Mode()}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	w.last, w.every = seen, max(lookEvery, 10*time.Since(began))
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
		if before[path] != now[path] {
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
