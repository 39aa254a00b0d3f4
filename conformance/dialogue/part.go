package dialogue

import (
	"math"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Part is a piece of a connection, shown once it is settled. While it is shown, Items and Exchanges
// of the connection hold what is around it as well.
type Part struct {
	*Connection
	// First and Last tell its place. Only with the last are Ends and Notes complete.
	First, Last bool
	// Items are those of this part.
	Items []Item
	// Begun are the exchanges whose requests are among the Items, in order.
	Begun []*Exchange
	// Exchanges are those that came to something or to nothing by now: some were Begun in earlier
	// parts, and some of Begun will come with later ones.
	Exchanges []*Exchange
}

// Window bounds what is kept of a connection when it is read in parts. The fields count per
// connection, but for Total. The zero value means the defaults.
//
// Octets are those that a message takes in memory, of which its image is a tenth or less where it
// holds many small values: estimated, see cost.
type Window struct {
	// Items is how many lines and frames make a part. As many again are read before a part is shown,
	// so that the answers to its requests are there. Default 1024.
	Items int
	// Octets is how many octets of memory make a part. Default 8 MiB.
	Octets int
	// Total bounds the octets of memory that all open connections together keep: each has its share,
	// and may keep two messages in any case. While octets are for no other, it may keep a little more.
	// Default 32 MiB.
	Total int
	// Held bounds the octets of memory that all open connections together take: for frames that are
	// not finished, and for messages beyond Total. Beyond it the connection that takes the most is
	// given up: a Note says where, and Gaps is set. Default 512 MiB; of several builders that share
	// the connections of a capture each has its part, but 256 MiB at least.
	Held int
}

const (
	defaultWindowItems  = 1024
	defaultWindowOctets = 8 << 20
	defaultWindowTotal  = 32 << 20
	// leastWindow is what a connection may keep however many there are.
	leastWindow = 2 << 10
	// activeOctets is how many octets of memory a connection may keep while octets are for no other.
	activeOctets = 128 << 10
	// context is how many items before a part stay, for people, if they take no more than a quarter of
	// the share.
	context = 16
)

// What items cost in memory: lineCost or frameCost in any case. The values of an image take six
// times its size where they are small; a long string is a part of the image.
const (
	lineCost   = 128
	frameCost  = 1 << 10
	imageCost  = 6
	manyValues = 64 << 10 // octets of an image that may be all small values; only a few images are longer
)

func cost(item Item) int {
	switch item := item.(type) {
	case *Line:
		return lineCost + len(item.Text) + item.setup.cost()
	case *Loss:
		return lineCost + len(item.Text)
	case *Frame:
		if item.values > 0 {
			return weight(item)
		}
		return frameCost + len(item.Image) + (imageCost-1)*min(len(item.Image), manyValues)
	}
	return lineCost
}

// weight is what an item is sure to take, though its image may never be looked at.
func weight(item Item) int {
	if f, ok := item.(*Frame); ok {
		return frameCost + len(f.Image) + amplification*int(f.values)
	}
	if l, ok := item.(*Line); ok {
		return cost(l)
	}
	return 0 // a line of a driver, see maxControl
}

func (w Window) withDefaults() Window {
	if w.Items <= 0 {
		w.Items = defaultWindowItems
	}
	if w.Octets <= 0 {
		w.Octets = defaultWindowOctets
	}
	if w.Total <= 0 {
		w.Total = defaultWindowTotal
	}
	if w.Held <= 0 {
		w.Held = defaultHeld
	}
	return w
}

// Share is the window of one of n builders that share the connections of a capture.
func (w Window) Share(n int) Window {
	w = w.withDefaults()
	w.Total /= n
	w.Held = max(w.Held/n, min(w.Held, leastHeld))
	return w
}

// ReadParts is Read for connections of any length: what is settled of one is handed over, and
// forgotten. A part is valid until the function returns, but for the connection itself with the
// last. What comes more than a Window later than the request that it belongs to is not seen to
// belong to it.
func ReadParts(events Source, opts Options, w Window, each func(*Part)) error {
	return NewBuilder(opts, w, each).read(events)
}

// parts is where a connection that is read in parts stands.
type parts struct {
	shown       int     // how many have been
	items       int     // how many of Items belong to parts that have been shown
	exchanges   int     // how many of Exchanges
	octets      int     // that the items not yet shown cost
	costs       []int32 // of each of them
	unsettled   []*Exchange
	waiting     int    // octets that those cost
	repliedLate [2]int // by wire.Role: requests of parts shown that something came back for
}

// added notes a new item.
func (s *stream) added(item Item) {
	s.Items = append(s.Items, item)
	if f, ok := item.(*Frame); ok {
		f.serial = s.serial
	}
	s.serial++
	if s.window == nil {
		return
	}
	p := &s.parts
	c := min(cost(item), 1<<30)
	p.octets += c
	s.hold(weight(item))
	p.costs = append(p.costs, int32(c))
}

func (s *stream) observe(item Item) {
	if s.opts.Observe != nil {
		s.opts.Observe(s.Connection, item)
	}
}

// show shows what is settled, if the window is full. The first part holds the negotiation.
func (s *stream) show() {
	for s.window != nil && s.IsIKC {
		p := &s.parts
		octets := min(s.window.Octets, s.room())
		n, cost := len(p.costs), p.octets
		if !s.tooMany(n, cost, octets) {
			return
		}
		start := 0
		if p.shown == 0 {
			if start = s.start(); start == 0 && n < maxFirst && cost < maxFirstOctets {
				return
			}
		}
		// The older half, and again the older half of the rest as long as that is too much.
		half, rest := s.olderHalf(0, cost)
		for p.shown > 0 && half < s.window.Items && s.tooMany(n-half, rest, octets) {
			half, rest = s.olderHalf(half, rest)
		}
		s.part(max(half, start), false)
	}
}

// olderHalf is where the older half ends of the items from one on, which cost so much, and what the
// others cost. One at least is in it.
func (s *stream) olderHalf(from, cost int) (end, rest int) {
	p := &s.parts
	end, rest = from+1, cost-int(p.costs[from])
	for end < len(p.costs)-1 && end < s.window.Items && cost-rest < cost/2 {
		rest -= int(p.costs[end])
		end++
	}
	return end, rest
}

// tooMany tells whether n items that cost so much are more than may wait, with room for octets.
func (s *stream) tooMany(n, cost, octets int) bool {
	return n >= 2*s.window.Items || cost >= 2*octets && n >= 2
}

// The first part waits for the first frame of the client, unless that many items come before it, or
// what takes that many octets of memory.
const (
	maxFirst       = 64
	maxFirstOctets = 64 << 10
)

// start is how many items there are up to the first frame of the client, 0 if there is none yet.
func (s *stream) start() int {
	for i, item := range s.Items[:min(len(s.Items), maxFirst)] {
		if f, ok := item.(*Frame); ok && f.From == wire.Client {
			return i + 1
		}
	}
	return 0
}

// share is how many octets of memory a connection may keep in view of those that are open.
func (s *stream) share() int {
	if s.window == nil {
		return math.MaxInt
	}
	return max(leastWindow, s.window.Total/max(1, len(s.b.open))/2)
}

// room is share, or what a connection may keep as long as octets are for no other.
func (s *stream) room() int {
	if s.b.active == s {
		return max(s.share(), min(activeOctets, s.window.Total/4))
	}
	return s.share()
}

// part shows the next n items.
func (s *stream) part(n int, last bool) {
	p := &s.parts
	part := &Part{Connection: s.Connection, First: p.shown == 0, Last: last, Items: s.Items[p.items : p.items+n]}
	s.countReplies()
	limit := int64(-1)
	if !last {
		limit = s.serial - int64(len(p.costs)) + int64(n)
	}
	end := p.exchanges
	for end < len(s.Exchanges) && (last || s.Exchanges[end].Request.Frame.serial < limit) {
		end++
	}
	part.Begun = s.Exchanges[p.exchanges:end]
	if last && len(p.unsettled) == 0 {
		part.Exchanges = part.Begun
	} else {
		part.Exchanges = s.concludeExchanges(part.Begun, last)
	}
	for _, list := range [][]*Exchange{part.Begun, part.Exchanges} {
		for _, x := range list {
			x.settle(&s.match)
		}
	}
	s.b.each(part)
	for _, item := range part.Items {
		if f, ok := item.(*Frame); ok && len(f.Image) > largeImage {
			large.forget(f)
		}
	}
	p.shown++
	if last {
		return
	}
	for i, c := range p.costs[:n] {
		p.octets -= int(c)
		s.hold(-weight(part.Items[i]))
	}
	p.costs = slices.Delete(p.costs, 0, n)
	for _, x := range part.Begun {
		if x.replied() && !x.ofUnseen() {
			p.repliedLate[x.Request.Frame.From]++
		}
	}
	p.items, p.exchanges = p.items+n, end
	drop := max(0, p.items-s.context())
	s.Items, p.items = slices.Delete(s.Items, 0, drop), p.items-drop
	s.Exchanges, p.exchanges = slices.Delete(s.Exchanges, 0, p.exchanges), 0
	for _, x := range part.Exchanges {
		s.match.shown(x)
	}
}

// concludeExchanges sorts out which exchanges are settled: those of earlier parts that were not,
// and those begun.
func (s *stream) concludeExchanges(begun []*Exchange, last bool) (concluded []*Exchange) {
	p := &s.parts
	var rest []*Exchange
	for i, list := range [][]*Exchange{p.unsettled, begun} {
		for _, x := range list {
			if last || s.givenUp || x.replied() || x.Response != nil || x.RepliesAfter > 1 && !x.asks {
				concluded = append(concluded, x)
				continue
			}
			if i == 1 {
				x.repliedBefore = p.repliedLate[x.Request.Frame.From]
			}
			rest = append(rest, x)
		}
	}
	// A direction with posts only is never settled: what is too old is shown as it stands.
	if keep := s.newest(rest); keep < len(rest) {
		over := len(rest) - keep
		for _, x := range rest[:over] {
			x.early = true
		}
		concluded = append(concluded, rest[:over]...)
		rest = slices.Delete(rest, 0, over)
	}
	p.unsettled = rest
	s.hold(-p.waiting)
	p.waiting = 0
	for _, x := range rest {
		p.waiting += weight(x.Request.Frame)
	}
	s.hold(p.waiting)
	return concluded
}

// newest is how many exchanges may wait for what comes of them, of a list that may wait as long as
// a part.
func (s *stream) newest(list []*Exchange) int {
	octets := min(s.window.Octets, s.share())
	n := 0
	for _, x := range slices.Backward(list) {
		if octets -= cost(x.Request.Frame); n == s.window.Items || octets < 0 && n > 0 {
			break
		}
		n++
	}
	return n
}

// context is how many of the items that were shown stay.
func (s *stream) context() int {
	octets := min(s.window.Octets, s.share()) / 4
	seen := s.Items[:s.parts.items]
	n := 0
	for _, item := range slices.Backward(seen) {
		if octets -= cost(item); octets < 0 || n == context {
			break
		}
		n++
	}
	return n
}

func (x *Exchange) replied() bool {
	return len(x.Answers)+len(x.Errors) > 0 || x.hadReply || x.Elsewhere != nil
}

// ofUnseen tells whether what came back may be for a call that the capture does not show.
func (x *Exchange) ofUnseen() bool { return x.pairing != nil && x.pairing.unseen }

// firstReply is the packet of the first thing that came back.
func (x *Exchange) firstReply() int64 {
	at := int64(NoPacket)
	for _, list := range [][]*Message{x.Answers, x.Errors} {
		if len(list) > 0 {
			at = min(at, list[0].Frame.At.Packet)
		}
	}
	return at
}

// conclude notes by which packet a later request was replied to.
func (x *Exchange) conclude(packet int64) {
	if packet > 0 && (x.Concluded == 0 || packet < x.Concluded) {
		x.Concluded = packet
	}
}

// countReplies counts, for each request, the later ones of the same side that something came back
// for.
func (s *stream) countReplies() {
	var replied [2]int
	var first [2]int64 // the packet of the first of those replies
	for _, x := range slices.Backward(s.Exchanges) {
		from := x.Request.Frame.From
		x.RepliesAfter = replied[from]
		x.conclude(first[from])
		if x.replied() && !x.ofUnseen() {
			replied[from]++
			if at := x.firstReply(); first[from] == 0 || at < first[from] {
				first[from] = at
			}
		}
	}
	for _, x := range s.parts.unsettled {
		from := x.Request.Frame.From
		x.conclude(first[from])
		x.RepliesAfter = replied[from] + max(0, s.parts.repliedLate[from]-x.repliedBefore)
	}
}

// shed lets go of what an exchange holds besides the names that replies are recognised by.
func (x *Exchange) shed() {
	x.hadReply = x.replied()
	m := x.Request
	f := m.Frame
	light := new(received)
	light.Frame = Frame{From: f.From, At: f.At, Number: f.Number, Offset: f.Offset, Early: f.Early, Late: f.Late, serial: f.serial}
	light.shared = true
	own := m.Message
	if !f.shared {
		copied := *own
		own = &copied
		for _, a := range []*wire.Address{&own.Event, &own.RSVP, &own.From} {
			cloneNames(&a.Specifier)
			a.Value = nil
		}
		own.Params, own.Other = nil, nil
	}
	light.says(own)
	if m.proxied {
		light.message.To = m.To
		cloneNames(&light.message.To)
	}
	light.message.Kind, light.message.Exchange, light.message.Relation = m.Kind, x, m.Relation
	x.Request, x.Answers, x.Errors, x.Misdirected, x.light = &light.message, nil, nil, nil, true
}

// cloneNames copies the names of a specifier, not to keep the image that they are in.
func cloneNames(s *specifier.Specifier) {
	for _, name := range []*string{&s.Kernel, &s.Session, &s.State, &s.Arg} {
		*name = strings.Clone(*name)
	}
}
