package anonymise

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Options tell how to rewrite.
type Options struct {
	Key Key
	// Blank has what is not understood blanked: octets of images that cannot be thawed, of frames that
	// are not whole, of connections that are not IKC. Letters become x, digits 7, octets above 127
	// become 255; all others stay. Without it they are an error.
	Blank bool
	// Coarsen cuts times to multiples of a duration since 1970; 0 leaves them. What is cut to the same
	// time keeps its order.
	Coarsen time.Duration
}

// ErrNotUnderstood says that a capture holds octets of which nobody knows what they mean, so that
// they may hold anything.
var ErrNotUnderstood = errors.New("anonymise: octets that are not understood")

// Kept is a word that stayed.
type Kept struct {
	Word  string `json:"word"`
	Count int    `json:"count"`
}

// Result says what was done.
type Result struct {
	// Schema is the id of the schema that it keeps.
	Schema      string `json:"$schema"`
	Connections int    `json:"connections"`
	Messages    int    `json:"messages"`
	// Words are how many words were replaced that are different.
	Words int `json:"words"`
	// Kept are the words that stayed, the most frequent first. 0 and 1 stayed too, the tags of the
	// serializers, and what stands between words.
	Kept []Kept `json:"kept"`
	// Conformance: it holds the conformance session, of which all words and values stayed.
	Conformance bool `json:"conformance"`
	// Blanked are how many octets were blanked, and Reasons the first reasons why.
	Blanked int64    `json:"blanked"`
	Reasons []string `json:"reasons,omitempty"`
	// Dropped are how many packets were left out, since they are no TCP or cannot be decoded, and
	// Comments how many comments on packets.
	Dropped  int64 `json:"dropped"`
	Comments int   `json:"comments"`
	// Verdicts and Diagnoses are how many were compared; Differences are in what those of the new
	// capture are others, see Differences. They are of Prove.
	Verdicts    int      `json:"verdicts"`
	Diagnoses   int      `json:"diagnoses"`
	Differences []string `json:"differences"`
}

// maxReasons bounds the reasons that are told.
const maxReasons = 8

// rewriter rewrites one capture.
type rewriter struct {
	opts Options
	mapper
	*recording
	Result
}

// Rewrite writes what a capture says to another, with all that may be somebody's secret replaced.
// It reads the capture three times. Errors match ErrNotUnderstood or ErrTooLarge, or are those of
// reading and writing.
func Rewrite(open func() (*capture.Reader, error), to *capture.Writer, o Options) (*Result, error) {
	r := &rewriter{opts: o, Result: Result{Schema: SchemaID, Kept: []Kept{}, Differences: []string{}}}
	err := reading(open, func(in *capture.Reader) (err error) {
		r.recording, err = record(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.mapper = mapper{key: o.Key, words: protocolKept(), done: map[string]string{}, used: map[string]int{}}
	if r.Conformance = r.holds(contract.SessionAlias); r.Conformance {
		r.words = conformanceKept()
	}
	for _, c := range r.conns {
		r.connection(c)
	}
	if err := r.settle(); err != nil {
		return nil, err
	}
	if err := reading(open, r.anchor); err != nil {
		return nil, err
	}
	if err := reading(open, func(in *capture.Reader) error { return r.write(in, to) }); err != nil {
		return nil, err
	}
	r.Connections, r.Words = len(r.conns), len(r.done)
	r.Dropped = r.stats.NotTCP + r.stats.Undecodable
	for word, n := range r.used {
		r.Kept = append(r.Kept, Kept{word, n})
	}
	slices.SortFunc(r.Kept, func(a, b Kept) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Word, b.Word)
	})
	return &r.Result, nil
}

func reading(open func() (*capture.Reader, error), do func(*capture.Reader) error) error {
	in, err := open()
	if err != nil {
		return err
	}
	return errors.Join(do(in), in.Close())
}

// holds tells whether some connection says a word.
func (r *rewriter) holds(word string) bool {
	for _, c := range r.conns {
		for _, h := range c.halves {
			for _, p := range h.pieces {
				if bytes.Contains(p.before, []byte(word)) {
					return true
				}
			}
		}
	}
	return false
}

// connection replaces what a connection says.
func (r *rewriter) connection(c *connection) {
	d := c.dialogue
	if d == nil || !d.IsIKC && d.Control == nil {
		return
	}
	for _, item := range d.Items {
		switch it := item.(type) {
		case *dialogue.Line:
			text := []byte(it.Text)
			r.octets(text)
			r.replaced(c, it.From, it.Offset, append(text, it.End...))
		case *dialogue.Frame:
			r.frame(c, it)
		case *dialogue.ControlLine:
			h := &c.halves[direction(it.From)]
			line := h.take(it.Offset, it.Octets)
			if err := r.json(line); err != nil {
				r.reason("connection %d, a line of a driver log at octet %d: %v", c.Index, it.Offset, err)
				continue
			}
			h.replace(it.Offset, line)
		}
	}
}

func (r *rewriter) replaced(c *connection, from wire.Role, at int64, octets []byte) {
	c.halves[direction(from)].replace(at, octets)
}

// frame replaces what is in a frame.
func (r *rewriter) frame(c *connection, f *dialogue.Frame) {
	r.Messages++
	head := append([]byte(f.Head), 0)
	r.replaced(c, f.From, f.Offset, head)
	image := bytes.Clone(f.Image)
	understood, err := r.image(image)
	if err != nil {
		r.reason("connection %d, frame %d of the %v: %v", c.Index, f.Number, f.From, err)
	}
	r.replaced(c, f.From, f.Offset+int64(len(head)), image[:understood])
}

func (r *rewriter) reason(format string, args ...any) {
	if len(r.Reasons) < maxReasons {
		r.Reasons = append(r.Reasons, fmt.Sprintf(format, args...))
	}
}

// settle blanks what was not understood, or says that it may not.
func (r *rewriter) settle() error {
	for _, c := range r.conns {
		for side := range c.halves {
			h := &c.halves[side]
			h.heads()
			n := h.blank()
			if n == 0 {
				continue
			}
			r.Blanked += n
			what := "lines or frames that are not whole, or cannot be read"
			if d := c.dialogue; d != nil && !d.IsIKC && d.Control == nil {
				what = "the connection is not IKC but " + d.Foreign
			}
			r.reason("connection %d, %d octets of the %v: %s", c.Index, n, capture.Direction(side), what)
		}
	}
	if r.Blanked > 0 && !r.opts.Blank {
		return fmt.Errorf("%w: %d of them, which may hold anything; --blank blanks them\n  %s", ErrNotUnderstood, r.Blanked, strings.Join(r.Reasons, "\n  "))
	}
	return nil
}

// find finds the connection that a segment belongs to, and its direction; nil if there is none.
func (r *rewriter) find(index map[ends][]*connection, s *capture.Segment) (*connection, capture.Direction) {
	src, dst := s.Ends()
	list := index[endsOf(src, dst)]
	for i := len(list) - 1; i >= 0; i-- {
		if c := list[i]; c.opened <= s.At.Packet {
			if src == c.Client {
				return c, capture.FromClient
			}
			return c, capture.FromServer
		}
	}
	return nil, capture.FromClient
}

func (r *rewriter) index() map[ends][]*connection {
	index := map[ends][]*connection{}
	for _, c := range r.conns {
		key := endsOf(c.Client, c.Server)
		index[key] = append(index[key], c)
	}
	return index
}

// anchor finds out with which sequence number each direction begins.
func (r *rewriter) anchor(in *capture.Reader) error {
	index := r.index()
	for s, err := range in.Segments() {
		if err != nil {
			return err
		}
		c, from := r.find(index, s)
		if c == nil {
			continue
		}
		h, peer := &c.halves[from], &c.halves[from.Reverse()]
		if s.SYN && c.SYNSeen {
			h.base, h.known = s.Seq+1, true
			if s.ACK && !peer.known {
				peer.base, peer.known = s.Ack, true
			}
		}
		if h.known || len(s.Payload) == 0 {
			continue
		}
		for _, p := range h.pieces {
			if at := bytes.Index(s.Payload, p.before); p.packet == s.At.Packet && at >= 0 {
				h.base, h.known = s.Seq+uint32(at)-uint32(p.at), true
				break
			}
		}
	}
	return nil
}

// write writes the segments of the capture, as they become.
func (r *rewriter) write(in *capture.Reader, to *capture.Writer) error {
	index := r.index()
	for s, err := range in.Segments() {
		if err != nil {
			return err
		}
		iface, err := to.Interface(fmt.Sprintf("interface%d", s.Interface.Index), "")
		if err != nil {
			return err
		}
		c, from := r.find(index, s)
		payload, odd := slices.Clone(s.Payload), 0
		if c == nil {
			odd = len(payload)
			clear(payload)
		} else {
			odd = c.halves[from].become(s.Seq, payload)
		}
		if odd > 0 {
			r.Blanked += int64(odd)
			r.reason("packet %d: %d octets that were captured before, with other contents, or that belong to no connection", s.At.Packet, odd)
			if !r.opts.Blank {
				return fmt.Errorf("%w: packet %d has %d octets that were captured before, with other contents, or that belong to no connection; --blank blanks them",
					ErrNotUnderstood, s.At.Packet, odd)
			}
		}
		s.Payload, s.Src, s.Dst = payload, r.addrPort(s.Src), r.addrPort(s.Dst)
		if r.opts.Coarsen > 0 && !s.At.Time.IsZero() {
			s.At.Time = time.Unix(0, s.At.Time.UnixNano()/int64(r.opts.Coarsen)*int64(r.opts.Coarsen))
		}
		if err := to.Segment(iface, s, r.comments(s.Comment)...); err != nil {
			return err
		}
	}
	return nil
}

// become turns the payload of a segment into what it becomes, and says how many of its octets are
// not those of the direction. A keep-alive sends the octet before once more: that is cleared.
func (h *half) become(seq uint32, payload []byte) (odd int) {
	if len(payload) == 0 {
		return 0
	}
	at := int64(int32(seq - h.base))
	i := sort.Search(len(h.pieces), func(i int) bool { return h.pieces[i].at+int64(len(h.pieces[i].before)) > at })
	for j, c := range payload {
		for i < len(h.pieces) && h.pieces[i].at+int64(len(h.pieces[i].before)) <= at+int64(j) {
			i++
		}
		k := int64(-1)
		if i < len(h.pieces) {
			k = at + int64(j) - h.pieces[i].at
		}
		switch {
		case h.known && k >= 0 && h.pieces[i].before[k] == c:
			payload[j] = h.pieces[i].after[k]
		case len(payload) == 1:
			payload[j] = 0
		default:
			payload[j] = blanked(c)
			odd++
		}
	}
	return odd
}

// comments are those of a packet that stay: what a relay says of itself.
func (r *rewriter) comments(comment string) []string {
	if comment == "" {
		return nil
	}
	own := capture.Relayed(comment)
	if strings.Join(own, "\n") != comment {
		r.Comments++
	}
	return own
}
