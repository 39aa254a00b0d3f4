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
		p.found(r.to, part, n, compare.Deviation{Kind: compare.Outcome, Text: fmt.Sprintf("%s came, expected %s", outcome(b), outcome(a))})
	case r.unsure:
		p.w.count(func(r *Report) { r.Unsure++ })
		return
	case a.IsError:
		p.values(p.about(r.to, part, n), r.at, p.errorText(a), p.errorText(b))
	default:
		p.w.tally.Learner.Add(p.read[genuine].Negotiation, a.Exchange.Request, a)
		p.values(p.aboutBoth(r.to, part, n, a, b), r.at, a.Params(), p.params(b))
	}
	p.w.count(func(r *Report) { r.Compared++ })
	p.w.tally.Took(p.about(r.to, part, n), r.took[genuine], r.took[also])
}

// compareSaid holds what the other server said unasked against what the real one did.
func (p *pair) compareSaid(m [2]*dialogue.Message) {
	p.w.count(func(r *Report) { r.Compared++ })
	a, b := m[genuine], m[also]
	p.values(p.aboutBoth(a.To, "params", a.Frame.Number, a, b), a.Frame.At.Time, a.Params(), p.params(b))
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

func (p *pair) values(about compare.Said, at time.Time, a, b *perl.Value) {
	p.w.tally.Values(about, a, b, at, at, nil)
}

// about is what was said by one of the two, or came back from it.
func (p *pair) about(to specifier.Specifier, part string, n int) compare.Said {
	return compare.Said{To: to, Part: part, Connection: p.number, Frame: n}
}

// aboutBoth is what both said.
func (p *pair) aboutBoth(to specifier.Specifier, part string, n int, a, b *dialogue.Message) compare.Said {
	about := p.about(to, part, n)
	about.Numbers = dialogue.NumbersMayBeStrings(a.Frame.Image) || dialogue.NumbersMayBeStrings(b.Frame.Image)
	return about
}

func (p *pair) found(to specifier.Specifier, part string, n int, d compare.Deviation) {
	p.w.tally.Add(p.about(to, part, n), d)
}

func outcome(m *dialogue.Message) string { return compare.Reply(m.IsError, m.Params()) }

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
			p.found(r.to, "answer", n, compare.Deviation{Kind: compare.Silence, Text: "nothing came, expected " + outcome(r.reply[genuine])})
		case r.reply[also] != nil:
			p.w.count(func(r *Report) { r.Compared++ })
			p.found(r.to, "answer", n, compare.Deviation{Kind: compare.Outcome, Text: outcome(r.reply[also]) + " came, expected none"})
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
				p.found(m.To, "params", m.Frame.Number, compare.Deviation{Kind: compare.Silence, Text: "nothing came, expected a message to it"})
			} else {
				p.found(m.To, "params", 0, compare.Deviation{Kind: compare.Outcome, Text: "a message to it came, expected none"})
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
