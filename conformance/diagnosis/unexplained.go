package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Bounds of what is kept of a connection to tell what is unexplained.
const (
	maxAddressed   = 512
	maxUnexplained = 64
	addressedSize  = 300 // octets of one, about
	fewAddressed   = 8   // up to so many are looked through one by one
)

// reasons are what one side has said that the other may react to.
type reasons struct {
	any bool // it has sent a message
	// addressed is what its messages were addressed to; nothing more is kept if there are many.
	addressed []specifier.Specifier
	index     map[specifier.Specifier]bool // the same, once they are more than a few
	full      bool
}

// unexplained is a message for which nothing that was said is a reason.
type unexplained struct {
	message *dialogue.Message
	notice  Notice
}

// weigh keeps a message if nothing that was said before is a reason for it. Whether anything is
// missing is known at the end only.
func (w *Watch) weigh(c *dialogue.Connection, f *dialogue.Frame) {
	m := f.Message
	before := &w.reasons[f.From.Other()]
	why := ""
	switch {
	case m.Kind == dialogue.ErrorReport && (m.Exchange == nil || m.Exchange.Request == m):
		e := wire.ParseRemoteError(m.Params())
		switch {
		case !before.any:
			why = fmt.Sprintf("the %s had sent nothing that it could be about", f.From.Other())
		case e.About("") && !before.full && !before.has(e):
			why = fmt.Sprintf("the %s had sent nothing to what it quotes", f.From.Other())
		}
	case m.Kind != dialogue.Post && m.Kind != dialogue.Call || m.Event.Session != wire.SessionIKCLite || m.Relation != nil:
	case !before.any:
		why = "the ClientLite had sent nothing"
	case m.Kind == dialogue.Post && counted(m.To.State):
		why = "no request of the ClientLite that is still open named this state"
	}
	w.reasons[f.From].note(w, m)
	if why == "" || len(w.unexplained) == maxUnexplained {
		return
	}
	text := fmt.Sprintf("%s of the %s to %s/%s: %s", frameNumber(f), f.From, m.To.Session, m.To.State, why)
	w.unexplained = append(w.unexplained, unexplained{m, at(unreasoned, c, f, m.Event.Session+"/"+m.Event.State, clip(text))})
}

// counted tells whether a state is one that a ClientLite names in a rsvp, with its count: it waits
// for no other post there.
func counted(state string) bool {
	count, ok := strings.CutPrefix(state, wire.StateResponse)
	return ok && count != "" && strings.Trim(count, "0123456789") == ""
}

// note notes that the side has sent a message.
func (r *reasons) note(w *Watch, m *dialogue.Message) {
	r.any = true
	r.keep(w, &m.To)
	r.keep(w, &m.Event.Specifier)
}

// keep keeps what a message was addressed to.
func (r *reasons) keep(w *Watch, to *specifier.Specifier) {
	if r.full || r.holds(to) {
		return
	}
	if len(r.addressed) == maxAddressed || w.room.Add(-addressedSize) < 0 {
		if len(r.addressed) < maxAddressed {
			w.room.Add(addressedSize)
		}
		r.full, r.addressed, r.index = true, nil, nil
		return
	}
	w.taken += addressedSize
	own := specifier.Specifier{Kernel: strings.Clone(to.Kernel), Session: strings.Clone(to.Session),
		State: strings.Clone(to.State), Arg: strings.Clone(to.Arg)}
	r.addressed = append(r.addressed, own)
	switch n := len(r.addressed); {
	case n == fewAddressed+1:
		r.index = map[specifier.Specifier]bool{}
		for _, to := range r.addressed {
			r.index[to] = true
		}
	case n > fewAddressed:
		r.index[own] = true
	}
}

// holds tells whether something was addressed before.
func (r *reasons) holds(to *specifier.Specifier) bool {
	if r.index != nil {
		return r.index[*to]
	}
	for i := range r.addressed {
		if r.addressed[i] == *to {
			return true
		}
	}
	return false
}

// has tells whether an error report is about one of the messages.
func (r *reasons) has(e *wire.RemoteError) bool {
	for _, to := range r.addressed {
		if e.About(to.String()) {
			return true
		}
	}
	return false
}

// explain drops messages that something else was noticed of.
func (w *Watch) explain(list []*dialogue.Message) {
	if len(w.unexplained) > 0 {
		w.unexplained = slices.DeleteFunc(w.unexplained, func(u unexplained) bool { return slices.Contains(list, u.message) })
	}
}

// withoutReason notes what is left at the end, unless what is missing may be the reason.
func (w *Watch) withoutReason(c *dialogue.Connection) {
	missing := c.Joined || c.Cut || c.Negotiation.Partial || len(c.Losses) > 0 || c.AnyWithheld()
	unread := c.Broken != [2]*dialogue.Problem{} || w.unread != [2]*dialogue.Frame{}
	if missing || unread {
		return
	}
	for _, u := range w.unexplained {
		w.add(u.notice)
	}
}
