package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/report"
	"github.com/perl-ikc/ikc-conform/internal/outfile"
)

// openCaptures opens the captures that a user named as one, - for standard input. name is what to
// call it. An interrupt ends its reading.
func openCaptures(cmd *cobra.Command, paths []string) (r *capture.Reader, name string, err error) {
	if err := stdinOnce(paths); err != nil {
		return nil, "", err
	}
	var files []capture.File
	for _, path := range paths {
		f := capture.FileAt(path)
		open := f.Open
		if path == "-" {
			f.Name, f.Again = "standard input", false
			open = func() (io.ReadCloser, error) { return io.NopCloser(cmd.InOrStdin()), nil }
		}
		regular := f.Again
		f.Open = func() (io.ReadCloser, error) { return openInterruptible(cmd.Context(), open, regular) }
		files = append(files, f)
	}
	name = files[0].Name
	if len(files) > 1 {
		name = fmt.Sprintf("%s and %d more", name, len(files)-1)
	}
	r, err = capture.OpenFiles(files)
	if errors.Is(err, capture.ErrStopped) {
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted before anything was read")
		err = exitStatus(report.ExitInterrupted)
	}
	return r, name, err
}

// stdinOnce demands that standard input is named once at most.
func stdinOnce(paths []string) error {
	if i := slices.Index(paths, "-"); i >= 0 && slices.Contains(paths[i+1:], "-") {
		return &usageError{"standard input (-) is named twice: expected it once, since it can be read once"}
	}
	return nil
}

// reopening gives what opens a capture each time that it is read.
func reopening(cmd *cobra.Command, path string) (open func() (*capture.Reader, error), err error) {
	if path == "-" {
		return nil, errors.New("standard input: expected a file, since it is read several times")
	}
	var read atomic.Bool
	return func() (*capture.Reader, error) {
		if info, err := os.Stat(path); read.Swap(true) && err == nil && !info.Mode().IsRegular() {
			return nil, errors.New("expected a file, since it is read several times")
		}
		r, _, err := openCaptures(cmd, []string{path})
		return r, err
	}, nil
}

// nothingWritten is how a command ends that makes one capture of another, if it could not.
func nothingWritten(cmd *cobra.Command, path string, err error) error {
	switch {
	case cmd.Context().Err() != nil:
		fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: nothing is written")
		return exitStatus(report.ExitInterrupted)
	case errors.As(err, new(exitStatus)):
		return err
	case err != nil:
		return broken(fmt.Errorf("%s: %w", path, err))
	}
	return nil
}

// writeCapture writes a capture that has been made in memory, for its owner only.
func writeCapture(path string, force bool, octets []byte) error {
	return broken(forceHint(outfile.Put(path, mayOverwrite(force), octets)))
}

// openInterruptible opens a file whose reading an interrupt ends.
func openInterruptible(ctx context.Context, open func() (io.ReadCloser, error), regular bool) (io.ReadCloser, error) {
	if regular {
		in, err := open()
		if f, ok := in.(*os.File); ok && err == nil {
			return &interruptibleFile{f, ctx}, nil
		}
		return in, err
	}
	type opened struct {
		in  io.ReadCloser
		err error
	}
	came := make(chan opened, 1)
	go func() { // a FIFO without a writer blocks
		in, err := open()
		came <- opened{in, err}
	}()
	select {
	case o := <-came:
		if o.err != nil {
			return nil, o.err
		}
		return &interruptiblePipe{stoppable{in: o.in, done: ctx.Done()}, ctx}, nil
	case <-ctx.Done():
		return nil, capture.ErrStopped
	}
}

// interruptibleFile is a file that cannot be read on after an interrupt.
type interruptibleFile struct {
	*os.File
	ctx context.Context
}

func (f *interruptibleFile) Read(p []byte) (int, error) {
	if f.ctx.Err() != nil {
		return 0, capture.ErrStopped
	}
	return f.File.Read(p)
}

// interruptiblePipe is what may block. Its writer ends it.
type interruptiblePipe struct {
	stoppable
	ctx context.Context
}

func (p *interruptiblePipe) Read(b []byte) (int, error) {
	n, err := p.stoppable.Read(b)
	if err != nil && p.ctx.Err() != nil {
		err = capture.ErrStopped
	}
	return n, err
}

// Close implements io.Closer.
func (p *interruptiblePipe) Close() error { return nil }

// sizeOf is how large files are together, 0 if that cannot be told.
func sizeOf(paths []string) int64 {
	sum := int64(0)
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		sum += info.Size()
	}
	return sum
}
