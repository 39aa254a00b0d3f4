package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/perl-ikc/ikc-conform/conformance/report"
)

// An interrupt (Ctrl-C, or SIGTERM) ends the context of the command. Most commands end at once
// then, by themselves. A command that has something to finish first, since breaking it off would
// end somebody's server, says so; all others are ended after lastMoment, or keepTime if they have a
// report to write. A second interrupt ends the process at once, whatever it does.
const (
	// endTime is how long a command that was interrupted may take to close what it has opened.
	endTime = 500 * time.Millisecond
	// lastMoment is when a command is ended that has not ended by itself, and has not said why.
	lastMoment = 900 * time.Millisecond
	// keepTime is how long a command that was interrupted may take to write what it had found.
	keepTime = 5 * time.Second
)

// errInterrupted is the cause of the end of an interrupted context.
var errInterrupted = errors.New("interrupted")

// interruption watches for interrupts while a command runs.
type interruption struct {
	errs io.Writer
	quit chan struct{} // closed when the command has ended

	mu    sync.Mutex
	busy  int           // things that are being finished
	since time.Time     // when the last of them was, or the interrupt came
	grace time.Duration // how long after that the command is ended, if it has not ended by itself
}

// interruptionKey is what a context holds its interruption by.
type interruptionKey struct{}

// interruptible returns a context that an interrupt ends. stop stops watching; it must be called.
func interruptible(errs io.Writer) (ctx context.Context, stop func()) {
	i := &interruption{errs: errs, quit: make(chan struct{}), grace: lastMoment}
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), interruptionKey{}, i))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go i.watch(signals, cancel)
	return ctx, func() {
		signal.Stop(signals)
		close(i.quit)
		cancel(nil)
	}
}

// watch ends the context at the first interrupt, and the process at the second.
func (i *interruption) watch(signals <-chan os.Signal, cancel context.CancelCauseFunc) {
	select {
	case <-signals:
	case <-i.quit:
		return
	}
	i.mu.Lock()
	i.since = time.Now()
	i.mu.Unlock()
	cancel(errInterrupted)
	look := time.NewTicker(lastMoment / 20)
	defer look.Stop()
	for {
		select {
		case <-i.quit:
			return
		case <-signals:
			i.exit("interrupted again: ended at once")
		case <-look.C:
			if i.overdue() {
				i.exit("interrupted: ended without waiting for what was going on")
			}
		}
	}
}

// overdue tells whether the command should have ended.
func (i *interruption) overdue() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.busy == 0 && time.Since(i.since) > i.grace
}

func (i *interruption) exit(why string) {
	fmt.Fprintln(i.errs, "ikc-conform:", why)
	os.Exit(report.ExitBroken)
}

// tellAfter is how long something may be finished after an interrupt before that is said.
const tellAfter = 150 * time.Millisecond

// goesOn says on standard error why a command that was interrupted does not end yet, unless it
// ends within a moment. done must be called when that is no longer so.
func goesOn(ctx context.Context, why string) (done func()) {
	i, ok := ctx.Value(interruptionKey{}).(*interruption)
	if !ok {
		return func() {}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.busy++
	tell := time.AfterFunc(tellAfter, func() {
		fmt.Fprintf(i.errs, "ikc-conform: interrupted, but not ended yet: %s; another interrupt ends it at once\n", why)
	})
	return func() {
		tell.Stop()
		i.mu.Lock()
		defer i.mu.Unlock()
		i.busy--
		i.since = time.Now()
	}
}

// keeping gives a command time to write what it has found, if it is interrupted: keepTime instead
// of lastMoment.
func keeping(ctx context.Context) {
	if i, ok := ctx.Value(interruptionKey{}).(*interruption); ok {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.grace = keepTime
	}
}

// interruptedAt marks what a command has shown as partial: where says where an interrupt ended the
// work.
func interruptedAt(cmd *cobra.Command, where string) error {
	fmt.Fprintf(cmd.OutOrStdout(), "Interrupted: %s.\n", where)
	fmt.Fprintln(cmd.ErrOrStderr(), "ikc-conform: interrupted: what is shown is what was tried to the end by then")
	return exitStatus(report.ExitInterrupted)
}

// finishing returns a context for what is finished although ctx is interrupted, within limit; why
// is what is said then. done must be called when it is finished.
func finishing(ctx context.Context, limit time.Duration, why string) (lasting context.Context, done func()) {
	lasting, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	told := make(chan func(), 1)
	stop := context.AfterFunc(ctx, func() { told <- goesOn(ctx, why) })
	return lasting, func() {
		cancel()
		if !stop() {
			(<-told)()
		}
	}
}
