package ikc

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// What a connection may hold before the ledger hears of it, and the steps in which it does, in
// octets.
const (
	allowance = 64 << 10
	step      = 64 << 10
)

// ledger is what peers make the kernel hold, in octets of its heap: unfinished frames, requests
// that wait, whose states do or that are detached, what waits to be written, what monitors have not
// been told. Each
// connection has an account; when all together hold more than Config.MaxMemory, the connection that
// holds the most is ended, with ErrMemory.
//
// What such a connection held is given back in a moment, or when its states return. Until then
// others may hold as much as the limit besides, but frames are read on (hold) only when there is
// less than half as much again in all, or after a second.
//
// Small things are not counted one by one: what a connection holds up to its allowance costs no
// lock and is in no sum.
type ledger struct {
	limit int64
	share atomic.Int64 // what may be queued of each connection, in octets

	mu    sync.Mutex
	over  map[*account]struct{} // accounts above their allowance
	live  int64                 // granted above the allowance, to accounts that are open
	ended int64                 // the same, of accounts of connections that were ended for it
	given *sync.Cond            // ended has become less
	peers int64                 // connections
}

// account is what one connection holds, or the kernel itself for no peer in particular. It is safe
// for concurrent use, also while other locks are held.
type account struct {
	l       *ledger
	who     string
	end     func(error) // ends the connection; nil for the kernel itself
	held    atomic.Int64
	granted atomic.Int64 // what held may be until the ledger is asked
	closed  bool         // the connection was ended for what it holds; guarded by l.mu

	abroad atomic.Int64 // frames in the outboxes of others that requests of this peer had sent there
	left   atomic.Bool  // the connection has ended: no more of these may be added
}

func (l *ledger) init(limit int) {
	l.limit = min(int64(limit), math.MaxInt64/4) // of which twice as much is counted
	l.over = map[*account]struct{}{}
	l.given = sync.NewCond(&l.mu)
	l.divide(0)
}

// open makes an account. close follows, if it is that of a connection.
func (l *ledger) open(who string, end func(error)) *account {
	a := &account{l: l, who: who, end: end}
	a.granted.Store(allowance)
	if a.ofPeer() {
		l.divide(1)
	}
	return a
}

// close notes that the connection has ended.
func (a *account) close() {
	a.left.Store(true)
	a.l.divide(-1)
}

// queueShare is the part of Config.MaxMemory that what is queued of one connection, or for one
// session, may cost: one in so many at most. All connections together may have half of it, so that
// requests that wait end no connection: who sends more is read no further.
const queueShare = 8

// divide sets what may be queued of each connection when there are n more.
func (l *ledger) divide(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peers += n
	l.share.Store(max(l.limit/max(queueShare, 2*l.peers), allowance))
}

// ofPeer tells whether it is that of a connection.
func (a *account) ofPeer() bool { return a != nil && a.end != nil }

// add notes that n octets more are held, fewer if n is negative. It returns false if the
// connection has been ended for what it holds. A nil account is for what counts for nothing.
func (a *account) add(n int) bool {
	if a == nil {
		return true
	}
	a.held.Add(int64(n))
	return !a.unsettled() || a.settle()
}

// posted is add for a frame in the outbox of another, which takes n octets, or no longer does if n
// is negative.
func (a *account) posted(n int) {
	if a == nil {
		return
	}
	if n < 0 {
		a.abroad.Add(-1)
	} else {
		a.abroad.Add(1)
	}
	a.add(n)
}

// hold is add for what may wait until connections that were ended have given back what they held:
// for a second at most.
func (a *account) hold(n int) bool {
	if n > 0 {
		a.l.await(int64(n))
	}
	return a.add(n)
}

// await waits until there is room for n octets besides what connections that were ended still hold.
func (l *ledger) await(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	full := func() bool { return l.ended > 0 && l.live+l.ended+n > l.limit+l.limit/2 }
	if !full() {
		return
	}
	var over bool
	timer := time.AfterFunc(time.Second, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		over = true
		l.given.Broadcast()
	})
	defer timer.Stop()
	for full() && !over {
		l.given.Wait()
	}
}

// unsettled tells whether the ledger is to hear of what is held.
func (a *account) unsettled() bool {
	held, granted := a.held.Load(), a.granted.Load()
	return held > granted || granted > allowance && held <= granted/2
}

// settle has the ledger hear of what is held, and ends connections until that is not too much.
func (a *account) settle() bool {
	l := a.l
	l.mu.Lock()
	for a.unsettled() { // once more if it has changed meanwhile
		want := (max(a.held.Load(), allowance) + step - 1) / step * step
		change := want - a.granted.Swap(want)
		if a.closed {
			l.ended += change
			l.given.Broadcast()
		} else {
			l.live += change
		}
		if want > allowance {
			l.over[a] = struct{}{}
		} else {
			delete(l.over, a)
		}
	}
	var most []*account
	var causes []error
	for l.live > l.limit || l.live+l.ended > 2*l.limit {
		m := l.most()
		if m == nil {
			break
		}
		holds := m.granted.Load() - allowance
		causes = append(causes, fmt.Errorf("%w: %d octets are held for all peers, expected at most %d; %d of them for %s, which is the most",
			ErrMemory, l.live+l.ended, l.limit, holds, m.who))
		m.closed = true
		l.live -= holds
		l.ended += holds
		most = append(most, m)
	}
	open := !a.closed
	l.mu.Unlock()
	for i, m := range most {
		go m.end(causes[i]) // it takes locks that may be held here
	}
	return open
}

// most returns the account that holds the most of those whose connection can be ended, nil if there
// is none. mu is locked.
func (l *ledger) most() (most *account) {
	for a := range l.over {
		if a.ofPeer() && !a.closed && (most == nil || a.granted.Load() > most.granted.Load()) {
			most = a
		}
	}
	return most
}

// held is what is held for peers beyond the allowances of connections.
func (l *ledger) held() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.live + l.ended
}

// gate bounds what is being thawed at the same time: an image may take many times its size until it
// is known what of it is kept.
type gate struct {
	line sync.Mutex // who waits, in order
	mu   sync.Mutex
	left *sync.Cond
	room int64
	all  int64
}

func (g *gate) init(all int64) {
	g.all, g.room = all, all
	g.left = sync.NewCond(&g.mu)
}

// enter waits until n octets may be taken; what is more than all goes alone. leave gives back what
// it returns.
func (g *gate) enter(n int64) int64 {
	n = min(n, g.all)
	g.line.Lock()
	defer g.line.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.room < n {
		g.left.Wait()
	}
	g.room -= n
	return n
}

func (g *gate) leave(n int64) {
	g.mu.Lock()
	g.room += n
	g.mu.Unlock()
	g.left.Signal() // there is one at most
}
