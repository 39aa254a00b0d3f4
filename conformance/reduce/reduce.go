package reduce

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Wanted is what a capture is to show: that a check fails, or a kind of notice.
type Wanted struct {
	Check *judge.Check
	// Side is the side that is to fail the check; nil for any.
	Side *wire.Role
	// Notice is the id of a kind of notice, if Check is nil.
	Notice string
	// judged: the notice is looked for as check does in a large capture, not as diagnose.
	judged bool
}

// String names what is wanted.
func (w Wanted) String() string {
	switch {
	case w.Check == nil:
		return w.Notice
	case w.Side != nil:
		return fmt.Sprintf("%s of the %v", w.Check.ID, *w.Side)
	}
	return w.Check.ID
}

// shown tells whether a capture shows it, and of which side.
func (w Wanted) shown(file []byte) (side wire.Role, ok bool) {
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		return 0, false
	}
	return w.in(r)
}

func (w Wanted) in(r *capture.Reader) (side wire.Role, ok bool) {
	if w.Check == nil && !w.judged {
		return 0, noticed(r, w.Notice)
	}
	var checks []*judge.Check
	if w.Check != nil {
		checks = []*judge.Check{w.Check}
	}
	j := judge.Capture(r, checks, dialogue.Options{})
	for _, v := range j.Verdicts {
		if v.Outcome == judge.Fail && (w.Side == nil || *w.Side == v.Side) {
			return v.Side, true
		}
	}
	for _, f := range j.Noticed {
		if w.Check == nil && f.ID == w.Notice {
			return 0, true
		}
	}
	return 0, false
}

func (w Wanted) isIn(open func() (*capture.Reader, error)) (side wire.Role, ok bool, err error) {
	r, err := open()
	if err != nil {
		return 0, false, err
	}
	side, ok = w.in(r)
	return side, ok, r.Close()
}

// noticed tells whether diagnose notices a kind in a capture. Some are found only if packets are
// looked at one after the other, and with what belongs together by the ways of programs.
func noticed(r *capture.Reader, id string) bool {
	var collector diagnosis.Collector
	opts := dialogue.Options{Related: true}
	// Of a capture that breaks off, what came before counts.
	_ = dialogue.ReadParts(r.Events(capture.Limits{}), opts, dialogue.Window{}, func(p *dialogue.Part) { collector.Part(p) })
	return slices.ContainsFunc(collector.Findings(), func(f *diagnosis.Finding) bool { return f.ID == id })
}

var (
	// ErrNotShown says that a capture does not show what is wanted.
	ErrNotShown = errors.New("reduce: the capture does not show it")
	// ErrNotAgain says that it is not shown any more once the same connections, lines and messages
	// are written anew: it rests on what TCP shows, on octets that are missing, or on packets.
	ErrNotAgain = errors.New("reduce: it rests on what cannot be written anew")
)

// maxTries bounds how many captures are tried.
const maxTries = 4000

// reducer reduces one capture.
type reducer struct {
	ctx    context.Context
	wanted Wanted
	tries  int
	best   chosen
	file   []byte // of best
}

// Capture reduces a capture. open is called up to four times. If the context ends, what was found
// by then is given, with Stopped set. The errors match ErrNotShown, ErrNotAgain or ErrTooLarge, or
// are those of reading.
func Capture(ctx context.Context, open func() (*capture.Reader, error), wanted Wanted) ([]byte, *Result, error) {
	side, ok, err := wanted.isIn(open)
	if err == nil && !ok && wanted.Check == nil {
		// Without a look at what belongs together, some is noticed that has a better explanation.
		wanted.judged = true
		side, ok, err = wanted.isIn(open)
	}
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, fmt.Errorf("%w: expected %v", ErrNotShown, wanted)
	}
	if wanted.Check != nil {
		wanted.Side = &side
	}
	conns, err := read(open)
	if err != nil {
		return nil, nil, err
	}
	all := chosen{conns, map[*step]bool{}}
	for _, c := range conns {
		for _, s := range c.steps {
			all.steps[s] = true
		}
	}
	r := &reducer{ctx: ctx, wanted: wanted}
	before := all.size()
	if !r.try(all) {
		return nil, nil, fmt.Errorf("%w: %v", ErrNotAgain, wanted)
	}
	r.reduce()
	result := &Result{Schema: SchemaID, Wanted: wanted.String(), Before: before, After: r.best.size(), Tries: r.tries,
		Stopped: ctx.Err() != nil || r.tries >= maxTries}
	if wanted.Check != nil {
		result.Check, result.Side = wanted.Check.ID, side.String()
	} else {
		result.Notice = wanted.Notice
	}
	return r.file, result, nil
}

// try tells whether what was chosen shows what is wanted, and keeps it then.
func (r *reducer) try(ch chosen) bool {
	if r.ctx.Err() != nil || r.tries >= maxTries {
		return false
	}
	r.tries++
	file, err := ch.write()
	if err != nil {
		return false
	}
	if _, ok := r.wanted.shown(file); !ok {
		return false
	}
	r.best, r.file = ch, file
	return true
}

// reduce leaves out what is not needed: connections, then messages, then what is in them.
func (r *reducer) reduce() {
	smaller(r.best.conns, func(conns []*connection) bool { return r.try(chosen{conns, r.best.steps}) })
	for before := -1; before != len(r.best.steps); {
		before = len(r.best.steps)
		r.without(func(s *step) bool { return s.kind == message })
		if r.best.size().Messages == 0 {
			r.without(func(s *step) bool { return s.kind == line })
		}
		r.shrink()
	}
}

// without leaves out steps of those that may be.
func (r *reducer) without(may func(*step) bool) {
	var list []*step
	for _, c := range r.best.conns {
		for _, s := range c.steps {
			if r.best.steps[s] && may(s) {
				list = append(list, s)
			}
		}
	}
	smaller(list, func(left []*step) bool {
		steps := maps.Clone(r.best.steps)
		for _, s := range list {
			if !slices.Contains(left, s) {
				delete(steps, s)
			}
		}
		return r.try(chosen{r.best.conns, steps})
	})
}

// smaller finds a part of a list that still does, of which no single member can be left out: first
// large pieces are left out, then smaller ones (delta debugging).
func smaller[T any](list []T, does func([]T) bool) {
	for size := len(list); size > 0; {
		left := false
		for i := 0; i < len(list); {
			rest := slices.Concat(list[:i], list[min(i+size, len(list)):])
			if does(rest) {
				list, left = rest, true
			} else {
				i += size
			}
		}
		if size == 1 && !left {
			return
		}
		if size > 1 {
			size /= 2
		}
	}
}

// size counts what is chosen.
func (ch *chosen) size() (s Size) {
	s.Connections = len(ch.conns)
	for _, c := range ch.conns {
		for _, st := range c.steps {
			if !ch.steps[st] {
				continue
			}
			s.Octets += len(st.octets)
			if st.kind == message {
				s.Messages++
			}
		}
	}
	return s
}
