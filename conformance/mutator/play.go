package mutator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/relay"
	"github.com/perl-ikc/ikc-conform/conformance/targets"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Cast is who plays: a side whose words are mutated, and real Perl that hears them.
type Cast struct {
	// Cell is that of the side whose words are mutated.
	cell.Cell
	// Peer is what real Perl is.
	Peer cell.Role
	// Perl: the words that are mutated are those of real Perl, too. Otherwise of the reference.
	Perl bool
}

// String names the cast: "server/IKC0/Storable of reference to client of perl".
func (c Cast) String() string {
	of := "reference"
	if c.Perl {
		of = "perl"
	}
	return fmt.Sprintf("%s of %s to %s of perl", c.Cell, of, c.Peer)
}

// side is the side whose words are mutated.
func (c Cast) side() wire.Role { return c.Role.Side() }

// casts are all that there are. One that stands twice is played twice as often.
func casts() (list []Cast) {
	for _, c := range []struct {
		role, peer cell.Role
		dialect    cell.Dialect
		serializer cell.Serializer
		times      int
	}{
		{cell.AsServer, cell.AsClient, cell.IKC0, cell.Storable, 4},
		{cell.AsServer, cell.AsClient, cell.IKC, cell.Storable, 2},
		{cell.AsServer, cell.AsClient, cell.Fallback, cell.Storable, 1},
		{cell.AsServer, cell.AsClient, cell.IKC0, cell.FreezeThaw, 1},
		{cell.AsServer, cell.AsClient, cell.IKC0, cell.Freezer, 1},
		{cell.AsServer, cell.AsClientLite, cell.IKC0, cell.Storable, 1},
		{cell.AsServer, cell.AsClientLite, cell.IKC, cell.Storable, 2},
		{cell.AsClient, cell.AsServer, cell.IKC0, cell.Storable, 4},
		{cell.AsClient, cell.AsServer, cell.IKC, cell.Storable, 2},
		{cell.AsClient, cell.AsServer, cell.Fallback, cell.Storable, 1},
		{cell.AsClient, cell.AsServer, cell.IKC0, cell.FreezeThaw, 1},
		{cell.AsClient, cell.AsServer, cell.IKC, cell.Freezer, 1},
		{cell.AsClientLite, cell.AsServer, cell.IKC0, cell.Storable, 2},
		{cell.AsClientLite, cell.AsServer, cell.IKC, cell.Storable, 1},
	} {
		cast := Cast{Cell: cell.Cell{Role: c.role, Dialect: c.dialect, Serializer: c.serializer}, Peer: c.peer}
		for range c.times {
			list = append(list, cast)
		}
	}
	for _, role := range []cell.Role{cell.AsServer, cell.AsClient} {
		peer := cell.AsClient
		if role == cell.AsClient {
			peer = cell.AsServer
		}
		at := cell.Cell{Role: role, Dialect: cell.IKC0, Serializer: cell.Storable}
		list = append(list, Cast{Cell: at, Peer: peer, Perl: true})
	}
	return list
}

// patience bounds every wait for one of the two that talk, and limit a play. Checks take a silence
// of four seconds for one.
const (
	patience = 4 * time.Second
	limit    = time.Minute
)

// played is what came of a play.
type played struct {
	path string
	// seen is what real Perl was given and returned.
	seen *observation
	// said are the units of the side whose words are mutated, as it said them, by connection.
	said [][]*unit
	// applied counts the changes, broke is why the conversation was not played to its end.
	applied int
	broke   error
}

// stage has what all plays share.
type stage struct {
	dir       string
	reference *targets.Target
	perl      *targets.Target
}

// play has the cast talk, with a mutation, nil for none, and records it into a file of that name.
// The error is about the harness.
func (s *stage) play(ctx context.Context, c Cast, m *Mutation, name string) (*played, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l := &listener{cast: c, mutation: m, seen: newObservation(c.Serializer.Wire())}
	other := s.reference
	if c.Perl {
		other = s.perl
	}
	p := harness.Pair{
		Server: other, Client: s.perl, Role: c.Peer, Dialect: c.Dialect, Serializer: c.Serializer,
		Path: filepath.Join(s.dir, name), Told: true, Patience: patience, Rewrite: l.rewrite, Tap: l.tap,
	}
	if c.Role != cell.AsServer {
		p.Server, p.Client, p.Role = s.perl, other, c.Role
	}
	_, _, err := p.Record(ctx)
	if errors.Is(err, targets.ErrUnusable) {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.conclude()
	return &played{path: p.Path, seen: l.seen, said: l.said, applied: l.applied, broke: err}, nil
}

// listener hears what is said in a play, and mutates it.
type listener struct {
	cast     Cast
	mutation *Mutation

	mu      sync.Mutex
	seen    *observation
	said    [][]*unit
	applied int
}

// tap hears the driver of real Perl.
func (l *listener) tap(side wire.Role, line driver.Line) {
	if side != l.cast.Peer.Side() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen.driver(line)
}

func (l *listener) rewrite(conn int, from capture.Direction, pass func([]byte)) relay.Rewriter {
	side := wire.Client
	if from == capture.FromServer {
		side = wire.Server
	}
	if side == l.cast.side() {
		return &mutant{listener: l, conn: conn, pass: pass}
	}
	return &witness{listener: l, conn: conn, pass: pass}
}

// witness hears what real Perl says, and passes it on.
type witness struct {
	*listener
	conn int
	pass func([]byte)
	stream
}

func (w *witness) Rewrite(octets []byte) error {
	w.mu.Lock()
	w.buf = append(w.buf, octets...)
	for u, ok := w.next(); ok; u, ok = w.next() {
		w.seen.said(w.conn, u)
	}
	w.mu.Unlock()
	w.pass(octets)
	return nil
}

func (w *witness) End(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	how := "closed"
	if !errors.Is(err, io.EOF) {
		how = "reset"
	}
	w.seen.ended(w.conn, how, len(w.buf))
}

// mutant hears what the other side says, and has real Perl hear something else.
type mutant struct {
	*listener
	conn  int
	pass  func([]byte)
	units int
	stream
	later later
}

func (m *mutant) Rewrite(octets []byte) error {
	m.buf = append(m.buf, octets...)
	for u, ok := m.next(); ok; u, ok = m.next() {
		m.mu.Lock()
		for len(m.said) <= m.conn {
			m.said = append(m.said, nil)
		}
		m.said[m.conn] = append(m.said[m.conn], u)
		m.seen.heard(m.conn, u)
		m.mu.Unlock()
		n := m.units
		m.units++
		if err := m.say(n, u); err != nil {
			return err
		}
	}
	if m.lost {
		m.later.say(m.pass, m.buf)
		m.buf = nil
	}
	return nil
}

// say passes on the nth unit, or what the mutation makes of it.
func (m *mutant) say(n int, u *unit) error {
	if m.mutation == nil || !m.mutation.at(m.conn, n) {
		m.later.say(m.pass, u.octets)
		return nil
	}
	changed, err := m.mutation.change(m, n, u)
	if changed {
		m.mu.Lock()
		m.applied++
		m.mu.Unlock()
	}
	return err
}

func (m *mutant) End(error) {
	m.later.end(m.pass)
	if len(m.buf) > 0 {
		m.pass(m.buf)
	}
}
