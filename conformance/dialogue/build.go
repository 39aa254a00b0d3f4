package dialogue

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options tell how to read. The zero value is right for anybody's capture.
type Options struct {
	// AssumeIKC reads every connection as IKC, however it begins: for traffic that we made.
	AssumeIKC bool
	// Serializers thaw the images. Nil: all that are known here.
	Serializers []wire.Serializer
	// MaxFrame bounds an image, in octets. 0: wire.DefaultMaxFrame.
	MaxFrame int
	// Progress, if it is set, is called now and then by who reads a file, with how many octets of it
	// were read.
	Progress func(octets int64)
	// Related looks for what belongs together by the ways of programs: requests that are posts, and
	// answers on other connections. See Relation.
	Related bool
	// Apart leaves out of that what is on several connections: for who reads each with others beside
	// it in turn.
	Apart bool
	// Only, if it is set, tells which connections are looked at by who judges a file.
	Only func(*capture.Conn) bool
	// OnlyIKC leaves out, of what is said by who judges a file, what is about connections that are not
	// IKC.
	OnlyIKC bool
	// Observe, if it is set, is called with each line and frame at once, when it is known what it
	// answers, but not yet what answers it.
	Observe func(*Connection, Item)
	// Done, once it is closed, says that nobody wants what is read any more: the reading ends as soon
	// as it can, with ErrAbandoned, and what was found is of no use. Nil: never.
	Done <-chan struct{}
}

// ErrAbandoned is the error of a reading that Options.Done has ended.
var ErrAbandoned = errors.New("the reading was abandoned")

// Abandoned tells whether Done is closed.
func (o *Options) Abandoned() bool {
	select {
	case <-o.Done:
		return true
	default:
		return false
	}
}

// Source gives the events of a capture, as capture.Reader.Events does.
type Source = iter.Seq2[capture.Event, error]

// Read reads a capture and hands over each connection, whole, when it has ended, or the capture
// has. The error is that of the capture: what was handed over before holds all the same.
func Read(events Source, opts Options, each func(*Connection)) error {
	return newBuilder(opts, nil, func(p *Part) { each(p.Connection) }).read(events)
}

// Builder makes connections of events. It is for one goroutine.
type Builder struct {
	opts   Options
	window *Window // nil: connections are whole
	open   map[*capture.Conn]*stream
	each   func(*Part)
	opened int64   // how many were
	active *stream // the one that the last octets were for, nil if it has ended

	noted         int // octets of notes of connections that are open
	held, maxHeld int // octets of memory that connections take, and may take; see relieve

	scan       wire.FrameScanner // to look into octets of any connection
	abroad     abroad
	controlled int                    // octets of Controls that are kept
	envelopes  [2]wire.EnvelopeReader // by wire.Role of the sender, as recent
	envelope   wire.Message           // what was read last
	recent     [2]recent
}

// NewBuilder makes a Builder of connections in parts, see ReadParts.
func NewBuilder(opts Options, w Window, each func(*Part)) *Builder {
	w = w.withDefaults()
	return newBuilder(opts, &w, each)
}

func newBuilder(opts Options, w *Window, each func(*Part)) *Builder {
	if opts.Serializers == nil {
		opts.Serializers = Serializers()
	}
	b := &Builder{opts: opts, window: w, open: map[*capture.Conn]*stream{}, each: each, maxHeld: defaultHeld,
		abroad: abroad{calls: map[specifier.Specifier][]foreignCall{}, kernels: map[string][]*stream{}}}
	b.scan.Max = opts.MaxFrame
	if w != nil {
		b.maxHeld = w.Held
	}
	return b
}

func (b *Builder) read(events Source) error {
	var failed error
	for ev, err := range events {
		if err != nil {
			failed = err
		}
		if ev != nil {
			b.Take(ev)
		}
		if b.opts.Abandoned() {
			return ErrAbandoned
		}
	}
	for _, c := range b.Open() {
		b.End(c, failed != nil)
	}
	return failed
}

// stream is a connection being read.
type stream struct {
	*Connection
	opts   *Options
	dirs   [2]*direction
	own    [2]direction // what dirs are
	agreed bool         // the server has said SETUP or UP: it sends frames from now on
	match  matcher
	// related is nil unless Options.Related is set.
	related *related
	b       *Builder
	order   int64   // in which it was opened
	window  *Window // nil: it is kept whole
	parts   parts
	serial  int64 // of the next item
	held    int   // octets of memory
	// givenUp: it is not read on, see relieve.
	givenUp bool
	noted   int  // octets of Notes, see addNote
	unnoted bool // there are more
	// unreached is the comment of a relay that could not connect to the server.
	unreached string
}

// Take takes an event. Data may be changed when it returns.
func (b *Builder) Take(ev capture.Event) {
	switch ev := ev.(type) {
	case *capture.Opened:
		s := &stream{
			Connection: &Connection{Conn: ev.Conn, Opened: ev.At, Negotiation: &Negotiation{}, Joined: !ev.Conn.SYNSeen, inParts: b.window != nil},
			opts:       &b.opts,
			b:          b, order: b.opened, window: b.window,
		}
		b.opened++
		s.IsIKC = b.opts.AssumeIKC
		s.match.init(s.Connection, s.share)
		if b.opts.Related {
			s.related, s.match.related = newRelated(s), true
		}
		for role := range s.dirs {
			s.dirs[role] = &s.own[role]
			s.dirs[role].init(wire.Role(role), s)
		}
		b.open[ev.Conn] = s
	case *capture.Data:
		s := b.active
		if s == nil || s.Conn != ev.Conn {
			s = b.open[ev.Conn]
		}
		if s == nil {
			return
		}
		if s.Control != nil || ev.From == capture.FromClient && s.beginsControl(ev.Bytes) {
			s.control(role(ev.From), ev.Bytes, ev.Held())
			b.relieve()
			return
		}
		b.activate(s)
		s.dirs[role(ev.From)].write(ev.Bytes, ev.Held())
		s.step()
		if s.related != nil {
			s.related.announce()
		}
		s.show()
		b.relieve()
	case *capture.Gap:
		s := b.open[ev.Conn]
		switch {
		case s == nil:
		case s.Control != nil:
			s.Control.Partial = "octets of it are missing"
		default:
			s.dirs[role(ev.From)].gap(ev)
			s.step()
		}
	case *capture.Conflict:
		if s := b.open[ev.Conn]; s != nil {
			s.conflict(ev)
		}
	case *capture.Transport:
		if s := b.open[ev.Conn]; s != nil {
			s.Transport = ev
		}
	case *capture.Closed:
		s := b.open[ev.Conn]
		if s == nil {
			return
		}
		s.Ends[role(ev.From)] = ev
		if s.Shut[role(ev.From)] == nil {
			s.Shut[role(ev.From)] = ev
		}
		s.closing(ev)
		b.abroad.leave(s)
		if ev.Unreached() {
			s.unreached = ev.Comment
		}
		if s.Ends[0] != nil && s.Ends[1] != nil {
			b.end(s, false)
		}
	}
}

// conflict notes that octets were captured twice with different contents.
func (s *stream) conflict(ev *capture.Conflict) {
	s.Doubtful = true
	s.Gaps = true
	if s.Control != nil {
		s.Control.Partial = "octets of it are doubtful"
	}
	from := role(ev.From)
	text := fmt.Sprintf("octet %d of the %s was captured twice: %q first, and in packet %d %q, which differs in %d octets; what came first is shown, what was received is not known",
		ev.Offset, from, ev.First, ev.At.Packet, ev.Again, ev.Octets)
	if ev.Last {
		text += "; there may be more of these"
	}
	l := &Loss{From: from, Kind: LostTwice, At: ev.At, Until: ev.At.Packet, Offset: ev.Offset, Octets: ev.End - ev.Offset, Text: text}
	if ev.Last {
		l.Until, l.Octets = NoPacket, -1
	}
	s.lost(l)
}

// activate notes that octets are for a connection. The one before has to do with its share from now
// on.
func (b *Builder) activate(s *stream) {
	if before := b.active; before != s {
		b.active = s
		if before != nil {
			before.show()
		}
	}
}

// End ends a connection of which no more will come. cut says that the capture is cut short.
func (b *Builder) End(c *capture.Conn, cut bool) {
	if s := b.open[c]; s != nil {
		b.end(s, cut)
	}
}

// Drop forgets a connection. What comes of it later is passed over.
func (b *Builder) Drop(c *capture.Conn) {
	s := b.open[c]
	delete(b.open, c)
	if s != nil {
		b.abroad.leave(s)
		s.hold(-s.held)
		b.noted -= s.noted
	}
	if b.active == s {
		b.active = nil
	}
}

// Open gives the connections that have not ended, in the order in which they were opened.
func (b *Builder) Open() []*capture.Conn {
	out := slices.Collect(maps.Keys(b.open))
	slices.SortFunc(out, func(x, y *capture.Conn) int { return cmp.Compare(b.open[x].order, b.open[y].order) })
	return out
}

func (b *Builder) end(s *stream, cut bool) {
	delete(b.open, s.Conn)
	b.abroad.leave(s)
	defer func() { s.hold(-s.held); b.noted -= s.noted }()
	if b.active == s {
		b.active = nil
	}
	s.Cut = cut
	if s.Control != nil && s.Control.foreign {
		s.Control = nil
	}
	for _, d := range s.dirs {
		d.finish()
	}
	s.lostEnds()
	c, v := s.dirs[wire.Client], s.dirs[wire.Server]
	s.obscure = s.Joined || c.total == 0 && len(s.Losses) > 0 || c.lostStart || c.total > 0 && looksLikeStart(string(c.start)) || v.lostStart
	if s.unreached != "" {
		s.Unreached = true
		s.Notes = append(s.Notes, Problem{At: s.Opened, Text: "the server was not reached: " + s.unreached})
	} else if !s.IsIKC && s.Control == nil {
		s.Foreign = s.looksLike()
		s.Notes = append(s.Notes, Problem{At: s.Opened, Text: s.notIKC()})
	}
	s.part(len(s.Items)-s.parts.items, true)
}

// MayBeIKC tells whether a connection that shows no sign of IKC may be one all the same: its start
// is not known, or nothing came of it that the capture shows.
func (c *Connection) MayBeIKC() bool { return c.obscure }

// What a connection is called that is not IKC, unless its protocol is known.
const (
	ForeignSilent  = "without octets"
	ForeignUnknown = "unknown"
)

// looksLike names the protocol of a connection that is not IKC.
func (s *stream) looksLike() string {
	c, v := s.dirs[wire.Client], s.dirs[wire.Server]
	if c.total == 0 && v.total == 0 {
		return ForeignSilent
	}
	return cmp.Or(wire.ProtocolOf(c.start), wire.ProtocolOf(v.start), ForeignUnknown)
}

// notIKC says why a connection is left alone.
func (s *stream) notIKC() string {
	c, v := s.dirs[wire.Client], s.dirs[wire.Server]
	switch {
	case s.Foreign != ForeignSilent && s.Foreign != ForeignUnknown:
		return fmt.Sprintf("not IKC: it looks like %s (the client began with %q)", s.Foreign, c.start)
	case s.Transport != nil && !s.Transport.Established && s.Ends[wire.Server] != nil && s.Ends[wire.Server].How == capture.RST:
		return "the connection was refused: the SYN was answered by RST"
	case s.Transport != nil && !s.Transport.Established:
		return "the connection was never established: the SYN was not answered"
	case c.total == 0 && v.total == 0:
		return "no octets were exchanged: whether it was meant as IKC cannot be told (a bare connect and close ends a Perl server of 0.2402)"
	case c.total == 0:
		return fmt.Sprintf("not IKC: the server spoke first (%q)", v.start)
	}
	return fmt.Sprintf("not IKC: expected SETUP, HELLO or a frame from the client, got %q", c.start)
}

func role(d capture.Direction) wire.Role {
	if d == capture.FromServer {
		return wire.Server
	}
	return wire.Client
}
