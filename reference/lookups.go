package ikc

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// lookups are what requests of late were for: a request for the same is let in without a lock. They
// are entered, and forgotten when anything of it changes, while the kernel's mu is locked.
type lookups [16]atomic.Pointer[lookup]

// lookup is a state of a session.
type lookup struct {
	at      address
	session *Session
	state   State // nil if there is none
}

func (l *lookups) slot(at address) *atomic.Pointer[lookup] {
	n := len(at.session) ^ len(at.state)
	if at.state != "" {
		n ^= int(at.state[0]) ^ int(at.state[len(at.state)-1])
	}
	return &l[n%len(l)]
}

// find returns nil if it is not known whether a peer may address the state.
func (l *lookups) find(at address) *lookup {
	if known := l.slot(at).Load(); known != nil && known.at == at {
		return known
	}
	return nil
}

// enter has others find a lookup, unless another is in its place: two that are asked for in turn
// must not replace each other each time. mu is locked.
func (l *lookups) enter(known *lookup) {
	if slot := l.slot(known.at); slot.Load() == nil {
		known.at = address{strings.Clone(known.at.session), strings.Clone(known.at.state)}
		slot.Store(known)
	}
}

// forget drops all. mu is locked.
func (l *lookups) forget() {
	for i := range l {
		l[i].Store(nil)
	}
}

// lookUp finds a state that a peer may address: to.
func (k *Kernel) lookUp(c *Channel, to address) (*lookup, *requestError) {
	k.mu.Lock()
	defer k.mu.Unlock()
	permitted := k.permits.all[to] > 0 // which is used up now, or next time
	s := k.sessions[to.session]
	if err := k.allow(c, s, to); err != nil {
		return nil, err
	}
	if s == nil {
		return nil, &requestError{op: OpResolve, msg: fmt.Sprintf("Unknown session '%s'", brief(to.session))}
	}
	found := &lookup{to, s, s.states[to.state]}
	if !permitted {
		k.lookups.enter(found)
	}
	return found, nil
}

// changed notes that other states can be addressed than before, or by other names. mu is locked.
func (s *Session) changed() {
	s.k.lookups.forget()
	s.from.Store(nil)
}
