package judge_test

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
)

// TestAbandoned: when nobody wants the result any more, what has been read is not judged either:
// the first check that looks at a frame ends it, once all packets have been read.
func TestAbandoned(t *testing.T) {
	const all = 20
	var frames, events atomic.Int64
	look := func(opts dialogue.Options, each func()) *judge.Judgement {
		check := &judge.Check{ID: "T-1", Party: judge.TheSender, Judge: judge.OnFrames(func(*judge.Trial, *dialogue.Frame) {
			frames.Add(1)
			each()
		})}
		return judge.Capture(connections(t, all), []*judge.Check{check}, opts)
	}
	look(dialogue.Options{Only: func(*capture.Conn) bool { events.Add(1); return true }}, func() {})
	if frames.Swap(0) != 3*all {
		t.Fatal("expected three frames of each connection")
	}
	of, done, whole := events.Swap(0), make(chan struct{}), make(chan struct{})
	var once sync.Once
	j := look(dialogue.Options{Done: done, Only: func(*capture.Conn) bool {
		if events.Add(1) == of {
			close(whole)
		}
		return true
	}}, func() { <-whole; once.Do(func() { close(done) }) })
	if n := frames.Load(); n > 3*int64(runtime.GOMAXPROCS(0)) || !errors.Is(j.Err, dialogue.ErrAbandoned) || j.Verdicts != nil {
		t.Errorf("%d frames of %d connections were looked at, %v, %d verdicts: expected those of one for each worker, and that it was abandoned", n, all, j.Err, len(j.Verdicts))
	}
}
