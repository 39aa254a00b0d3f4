package dialogue

import (
	"math"
	"slices"
	"strings"
)

// Part is a piece of a connection, shown once it is settled. While it is shown, Items and Exchanges of the
// connection hold what is around it as well.
type Part struct {
	*Connection
	// First and Last tell its place. Only with the last are Ends and Notes complete.
	First, Last bool
	// Items are those of this part.
	Items []Item
	// Begun are the exchanges whose requests are among the Items, in order.
	Begun []*Exchange
	// Exchanges are those that came to something or to nothing by now: some were Begun in earlier parts, and
	// some of Begun will come with later ones.
	Exchanges []*Exchange
}

// Window bounds what is kept of a connection when it is read in parts. The fields count per connection, but for
// Total. The zero value means the defaults.
type Window struct {
	// Items is how many lines and frames make a part. As many again are read before a part is shown, so that
	// the answers to its requests are there. Default 1024.
	Items int
	// Octets is how many octets of images make a part. Default 1 MiB.
	Octets int
	// Total bounds the octets of images that all open connections together keep: each has its share. Default
	// 32 MiB.
	Total int
}

const (
	defaultWindowItems  = 1024
	defaultWindowOctets = 1 << 20
	defaultWindowTotal  = 32 << 20
	// leastWindow is what a connection may keep however many there are, in octets of images.
	leastWindow = 2 << 10
	// itemCost is what an item counts besides the octets of its image.
	itemCost = 64
	// context is how many items before a part stay, for people.
	context = 16
)

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
	return w
}

// Share is the window of one of n builders that share the connections of a capture.
func (w Window) Share(n int) Window {
	w = w.withDefaults()
	w.Total /= n
	return w
}

// ReadParts is Read for connections of any length: what is settled of one is handed over, and forgotten. A part
// is valid until the function returns, but for the connection itself with the last. What comes more than a
// Window later than the request that it belongs to is not seen to belong to it.
func ReadParts(events Source, opts Options, w Window, each func(*Part)) error {
	return NewBuilder(opts, w, each).read(events)
}

// parts is where a connection that is read in parts stands.
type parts struct {
	shown       int     // how many have been
	items       int     // how many of Items belong to parts that have been shown
	exchanges   int     // how many of Exchanges
	octets      int     // that the items not yet shown cost
	sizes       []int32 // of each of them
	unsettled   []*Exchange
	repliedLate [2]int // by wire.Role: requests of parts shown that something came back for
}

// added notes a new item.
func (s *stream) added(item Item) {
	s.Items = append(s.Items, item)
	if s.window == nil {
		return
	}
	cost := itemCost
	if f, ok := item.(*Frame); ok {
		f.serial = s.serial
		cost += len(f.Image)
	}
	s.serial++
	p := &s.parts
	p.octets += cost
	p.sizes = append(p.sizes, int32(min(cost, 1<<30)))
}

func (s *stream) observe(item Item) {
	if s.opts.Observe != nil {
		s.opts.Observe(s.Connection, item)
	}
}

// show shows what is settled, if the window is full.
func (s *stream) show() {
	for s.window != nil && s.IsIKC {
		p := &s.parts
		octets := min(s.window.Octets, s.share())
		n, cost := len(p.sizes), p.octets
		if n < 2*s.window.Items && (cost < 2*octets || n < 4) {
			return
		}
		// The older half.
		half, kept := 0, 0
		for half < n-1 && half < s.window.Items && kept < cost/2 {
			kept += int(p.sizes[half])
			half++
		}
		s.part(max(half, 1), false)
	}
}

// share is how many octets of images a connection may keep in view of those that are open.
func (s *stream) share() int {
	if s.window == nil {
		return math.MaxInt
	}
	return max(leastWindow, s.window.Total/max(1, len(s.b.open))/2)
}

// part shows the next n items.
func (s *stream) part(n int, last bool) {
	p := &s.parts
	part := &Part{Connection: s.Connection, First: p.shown == 0, Last: last, Items: s.Items[p.items : p.items+n]}
	s.countReplies()
	limit := int64(-1)
	if !last {
		limit = s.serial - int64(len(p.sizes)) + int64(n)
	}
	end := p.exchanges
	for end < len(s.Exchanges) && (last || s.Exchanges[end].Request.Frame.serial < limit) {
		end++
	}
	part.Begun = s.Exchanges[p.exchanges:end]
	if last && len(p.unsettled) == 0 {
		part.Exchanges = part.Begun
	} else {
		part.Exchanges = s.settle(part.Begun, last)
	}
	s.b.each(part)
	p.shown++
	if last {
		return
	}
	for _, size := range p.sizes[:n] {
		p.octets -= int(size)
	}
	p.sizes = slices.Delete(p.sizes, 0, n)
	for _, x := range part.Begun {
		if x.replied() {
			p.repliedLate[x.Request.Frame.From]++
		}
	}
	p.items, p.exchanges = p.items+n, end
	drop := max(0, p.items-context)
	s.Items, p.items = slices.Delete(s.Items, 0, drop), p.items-drop
	s.Exchanges, p.exchanges = slices.Delete(s.Exchanges, 0, p.exchanges), 0
	for _, x := range part.Exchanges {
		s.match.shown(x)
	}
}

// settle sorts out which exchanges are settled: those of earlier parts that were not, and those begun.
func (s *stream) settle(begun []*Exchange, last bool) (settled []*Exchange) {
	p := &s.parts
	var rest []*Exchange
	for i, list := range [][]*Exchange{p.unsettled, begun} {
		for _, x := range list {
			if last || x.replied() || x.RepliesAfter > 1 {
				settled = append(settled, x)
				continue
			}
			if i == 1 {
				x.repliedBefore = p.repliedLate[x.Request.Frame.From]
			}
			rest = append(rest, x)
		}
	}
	// A direction with posts only is never settled: what is too old is shown as it stands.
	if over := len(rest) - s.window.Items; over > 0 {
		settled = append(settled, rest[:over]...)
		rest = slices.Delete(rest, 0, over)
	}
	p.unsettled = rest
	return settled
}

func (x *Exchange) replied() bool { return len(x.Answers)+len(x.Errors) > 0 }

// countReplies counts, for each request, the later ones of the same side that something came back for.
func (s *stream) countReplies() {
	var replied [2]int
	for _, x := range slices.Backward(s.Exchanges) {
		from := x.Request.Frame.From
		x.RepliesAfter = replied[from]
		if x.replied() {
			replied[from]++
		}
	}
	for _, x := range s.parts.unsettled {
		from := x.Request.Frame.From
		x.RepliesAfter = replied[from] + max(0, s.parts.repliedLate[from]-x.repliedBefore)
	}
}

// shed lets go of what an exchange holds besides the names that replies are recognised by.
func (x *Exchange) shed() {
	m := x.Request
	f := m.Frame
	own := *m.Message
	for _, spec := range []*string{&own.Event.Kernel, &own.Event.Session, &own.Event.State, &own.Event.Arg,
		&own.RSVP.Kernel, &own.RSVP.Session, &own.RSVP.State, &own.RSVP.Arg, &own.From.Kernel, &own.From.Session, &own.From.State, &own.From.Arg,
		&m.To.Kernel, &m.To.Session, &m.To.State, &m.To.Arg} {
		*spec = strings.Clone(*spec)
	}
	own.Params, own.Other, own.Event.Value, own.RSVP.Value, own.From.Value = nil, nil, nil, nil, nil
	light := &Frame{From: f.From, At: f.At, Number: f.Number, Offset: f.Offset, Early: f.Early, serial: f.serial}
	light.Message = &Message{Message: &own, Frame: light, Kind: m.Kind, Exchange: x, To: m.To}
	x.Request, x.Answers, x.Errors, x.Misdirected = light.Message, nil, nil, nil
}
