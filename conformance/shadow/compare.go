package shadow

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// leastSlower is how much longer an answer must take to be called late.
const leastSlower = 100 * time.Millisecond

// compare holds what the other server said to a request against what the real one did.
func (p *pair) compare(n int, r *request) {
	p.w.time(r.took)
	a, b := r.reply[genuine], r.reply[also]
	part := "answer"
	if a.IsError {
		part = "error"
	}
	switch {
	case a.IsError != b.IsError:
		p.found(r.to, n, compare.Deviation{Kind: compare.Outcome, Part: part, Text: fmt.Sprintf("%s came, expected %s", outcome(b), outcome(a))})
	case r.unsure:
		p.w.count(func(r *Report) { r.Unsure++ })
		return
	case a.IsError:
		p.values(r.to, part, n, r.at, p.errorText(a), p.errorText(b))
	default:
		p.values(r.to, part, n, r.at, a.Params(), p.params(b))
	}
	p.w.count(func(r *Report) { r.Compared++ })
	slow := p.w.opts.Slower
	if was, is := r.took[genuine], r.took[also]; slow > 0 && is-was >= leastSlower && is.Seconds() >= slow*was.Seconds() {
		round := func(d time.Duration) string { return d.Round(time.Millisecond).String() }
		p.found(r.to, n, compare.Deviation{Kind: compare.Late, Part: part, Was: round(was), Is: round(is)})
	}
}

// compareSaid holds what the other server said unasked against what the real one did.
func (p *pair) compareSaid(m [2]*dialogue.Message) {
	p.w.count(func(r *Report) { r.Compared++ })
	p.values(m[genuine].To, "params", m[genuine].Frame.Number, m[genuine].Frame.At.Time, m[genuine].Params(), p.params(m[also]))
}

// params are those that the other server sent, with the name of the real one.
func (p *pair) params(m *dialogue.Message) *perl.Value {
	v := m.Params()
	if v != nil && p.now.ID != p.old.ID && bytes.Contains(m.Frame.Image, []byte(p.now.ID)) {
		walk.Rename(v, p.now.ID, p.old.ID)
	}
	return v
}

// errorText is the text of an error report, with the names of the real server.
func (p *pair) errorText(m *dialogue.Message) *perl.Value {
	text := wire.ParseRemoteError(m.Params()).Message
	text = strings.ReplaceAll(text, p.now.ID, p.old.ID)
	if len(p.now.Aliases) > 0 && len(p.old.Aliases) > 0 {
		text = strings.ReplaceAll(text, "poe://"+p.now.Aliases[0]+"/", "poe://"+p.old.Aliases[0]+"/")
	}
	return perl.NewBytes(text)
}

func (p *pair) values(to specifier.Specifier, part string, n int, at time.Time, a, b *perl.Value) {
	if a == nil {
		a = new(perl.Value)
	}
	if b == nil {
		b = new(perl.Value)
	}
	for _, d := range compare.Values(a, b, "") {
		steps, err := compare.Steps(d.Path)
		if err == nil && p.w.opts.Noise.Allows(to.Session, to.State, part, steps) || compare.IsTime(d.A, at) && compare.IsTime(d.B, at) {
			continue
		}
		p.found(to, n, compare.Deviation{Kind: string(d.Kind), Part: part, Path: d.Path, Was: d.A, Is: d.B})
	}
}

func (p *pair) found(to specifier.Specifier, n int, d compare.Deviation) {
	d.State, d.Connection, d.Frame = to.Session+"/"+to.State, p.number, n
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.w.tally.Add(d)
}

func outcome(m *dialogue.Message) string {
	if m.IsError {
		return "an error report (" + wire.ParseRemoteError(m.Params()).Message + ")"
	}
	return "an answer"
}

// sweep looks for what did not come, and whether the connection is over.
func (p *pair) sweep(now time.Time) {
	if !p.dropped && p.now != nil {
		p.silent(now.Add(-p.w.opts.Patience))
	}
	if p.ended.IsZero() || p.gone {
		return
	}
	waits := !p.dropped && !p.lost && (len(p.requests) > 0 || p.nUnasked > 0 || p.copy != nil && p.now == nil)
	if !waits || now.Sub(p.ended) > p.w.opts.Patience {
		p.over()
	}
}

// silent tells of what one of the two said before a moment, and the other did not.
func (p *pair) silent(before time.Time) {
	for n, r := range p.requests {
		if !before.After(r.at) {
			continue
		}
		delete(p.requests, n)
		p.release(r.reply[genuine])
		p.release(r.reply[also])
		switch {
		case r.reply[genuine] != nil:
			p.w.count(func(r *Report) { r.Compared++ })
			p.found(r.to, n, compare.Deviation{Kind: compare.Silence, Part: "answer", Text: "nothing came, expected " + outcome(r.reply[genuine])})
		case r.reply[also] != nil:
			p.w.count(func(r *Report) { r.Compared++ })
			p.found(r.to, n, compare.Deviation{Kind: compare.Outcome, Part: "answer", Text: outcome(r.reply[also]) + " came, expected none"})
		}
	}
	for key, u := range p.unasked {
		for len(u.list) > 0 && before.After(u.list[0].at) {
			m := u.list[0].m
			u.list = u.list[1:]
			p.nUnasked--
			p.release(m)
			p.w.count(func(r *Report) { r.Compared++ })
			if u.side == genuine {
				p.found(m.To, m.Frame.Number, compare.Deviation{Kind: compare.Silence, Part: "params", Text: "nothing came, expected a message to it"})
			} else {
				p.found(m.To, 0, compare.Deviation{Kind: compare.Outcome, Part: "params", Text: "a message to it came, expected none"})
			}
		}
		if len(u.list) == 0 {
			delete(p.unasked, key)
		}
	}
}

// over ends what there is of a connection. What waits for one of the two still is not judged.
func (p *pair) over() {
	if p.gone {
		return
	}
	p.gone = true
	waits := p.nUnasked
	for _, r := range p.requests {
		if r.reply[genuine] != nil || r.reply[also] != nil {
			waits++
		}
	}
	if waits > 0 && !p.dropped {
		p.w.count(func(r *Report) { r.Unsure += waits })
	}
	if !p.dropped {
		p.forget(false)
	}
	delete(p.w.pairs, p.number)
	p.w.open.Add(-1)
}
