package judge

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// A check that panics has a fault of its own, and says nothing of the capture. It is looked through
// no more, its verdict is inconclusive, and the judgement says where it happened; the others go on.

// next tells whether a check is to look next: not if it has, before another one panicked, nor if it
// panicked itself.
func (t *Trial) next(check int) bool {
	t.check, t.basis = check, 0
	t.step++
	return t.step > t.resume && (t.found.broken == nil || t.found.broken[check] == "")
}

// contain is deferred around looks of checks. It notes which of them panicked, and where.
func (t *Trial) contain() {
	reason := recover()
	if reason == nil {
		return
	}
	t.resume = t.step
	if t.found.broken == nil {
		t.found.broken = make([]string, len(t.found.evidence))
	}
	t.found.broken[t.check] = fmt.Sprintf("%s: %s", t.place(t.at).Where(), panicked(reason))
}

// look has a check look at the connection, and contains it.
func (t *Trial) look(check int, by func(*Trial)) {
	defer t.contain()
	if t.next(check) {
		by(t)
	}
}

// panicked says what went wrong, and in which line of which file; it is for deferred functions that
// have recovered.
func panicked(reason any) string {
	text := fmt.Sprintf("panic: %v", reason)
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	inPanic := false
	for {
		f, more := frames.Next()
		if inPanic && !strings.HasPrefix(f.Function, "runtime.") {
			return fmt.Sprintf("%s (%s:%d)", text, filepath.Base(f.File), f.Line)
		}
		inPanic = inPanic || f.Function == "runtime.gopanic"
		if !more {
			return text
		}
	}
}

// brokenCheck says in a judgement that a check panicked.
func brokenCheck(v *Verdict) string {
	return fmt.Sprintf("the check %s of the %s is at fault and was given up at %s", v.Check.ID, v.Side, v.broken)
}

// brokenReading says in a judgement that the reading of a connection panicked.
func brokenReading(c *capture.Conn, reason any) string {
	return fmt.Sprintf("connection %d (%v to %v) was given up, since the reading of it is at fault: %s", c.Index, c.Client, c.Server, panicked(reason))
}
