package replay

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// came is a message, its image, and when it came.
type came struct {
	m     *wire.Message
	image []byte
	at    time.Time
}

// place is what a message that came may be waited for as: an answer to a request, an error report,
// or a message to a state.
type place struct {
	kind           dialogue.Kind
	request        int
	session, state string
}

// placeOf tells what a message that came may be waited for as.
func placeOf(m *wire.Message) place {
	if m.IsError {
		return place{kind: dialogue.ErrorReport}
	}
	if digits, ok := strings.CutPrefix(m.Event.State, rsvpState); ok {
		if n, err := strconv.Atoi(digits); err == nil {
			return place{kind: dialogue.Answer, request: n}
		}
	}
	at := place{session: m.Event.Session, state: m.Event.State}
	if at.state == specifier.ProxyState {
		if state, _, ok := m.Proxied(); ok {
			at.state = state
		}
	}
	return at
}

// fits tells whether a message is what a step waits for. An error report comes in place of an
// answer, and the other way round: that is a deviation, and no silence.
func fits(s *step, at place, m *wire.Message) bool {
	reply := s.kind == dialogue.Answer || s.kind == dialogue.ErrorReport
	switch at.kind {
	case dialogue.Answer:
		return reply && (s.unsure || at.request == s.request)
	case dialogue.ErrorReport:
		return reply && (s.request == 0 || mayBeAbout(m, s.to))
	}
	return !reply && at.session == s.to.Session && at.state == s.to.State
}

// mayBeAbout tells whether an error report may be about a request to a state: it names it, or none.
func mayBeAbout(m *wire.Message, to specifier.Specifier) bool {
	none := true
	for _, s := range wire.ParseRemoteError(m.Params).Requests() {
		named, err := specifier.Parse(s)
		if err != nil {
			continue // a reading of the text that is none
		}
		if named.Session == to.Session && named.State == to.State {
			return true
		}
		none = false
	}
	return none
}

// What one connection may keep that is not waited for yet.
const (
	maxAside       = 4096
	maxAsideOctets = 16 << 20
)

// aside are messages that came before they are waited for. The zero aside is ready.
type aside struct {
	all    map[place][]came
	count  int
	octets int
}

// put keeps a message. The error says that it would be too much.
func (a *aside) put(c came) error {
	a.count++
	if a.octets += len(c.image); a.count > maxAside || a.count > 1 && a.octets > maxAsideOctets {
		return fmt.Errorf("expected what was recorded, got %d messages of %d octets that are not in it, or not yet", a.count, a.octets)
	}
	if a.all == nil {
		a.all = map[place][]came{}
	}
	at := placeOf(c.m)
	a.all[at] = append(a.all[at], c)
	return nil
}

// take is what came of what is waited for.
func (a *aside) take(s *step) (came, bool) {
	if a.count == 0 {
		return came{}, false
	}
	if s.kind == dialogue.Answer || s.kind == dialogue.ErrorReport {
		if at := (place{kind: dialogue.Answer, request: s.request}); a.all[at] != nil {
			return a.remove(at, 0), true
		}
	}
	at, index := place{}, -1
	for have, list := range a.all {
		i := slices.IndexFunc(list, func(c came) bool { return fits(s, have, c.m) })
		if i >= 0 && (index < 0 || have.request < at.request) {
			at, index = have, i
		}
	}
	if index < 0 {
		return came{}, false
	}
	return a.remove(at, index), true
}

func (a *aside) remove(at place, i int) came {
	c := a.all[at][i]
	if a.all[at] = slices.Delete(a.all[at], i, i+1); len(a.all[at]) == 0 {
		delete(a.all, at)
	}
	a.count--
	a.octets -= len(c.image)
	return c
}

// isReset tells whether the other side was gone.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
