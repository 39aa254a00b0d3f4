// Package oracle compares what two implementations said in the same scenarios: it finds the first
// message in which they differ, and the first octet of its image.
//
// What must differ is made alike before: kernel ids, process ids, addresses, rsvps made for one
// call, and the order of hashes. What a state posts is compared apart from answers.
package oracle

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Difference is the first message of a connection in which a target does something else than the
// oracle.
type Difference struct {
	// Connection counts from 0, in the target's capture; in the oracle's, if the target's lacks it.
	Connection int `json:"connection"`
	// Target and Oracle are what each of them said, one line; "nothing" if that was all.
	Target string `json:"target"`
	Oracle string `json:"oracle"`
	// Frame and Packet are where, in the target's capture: the place of the message, or of the last
	// before it.
	Frame  int   `json:"frame,omitempty"`
	Packet int64 `json:"packet,omitempty"`
	// Image is where the images differ, if both are images of one serializer.
	Image *Image `json:"image,omitempty"`
	// Before are the lines that lead to it in the target's capture.
	Before []string `json:"before,omitempty"`
}

// Image is the first place at which two images differ.
type Image struct {
	// Path is where in the data: params[1]{key}.
	Path string `json:"path"`
	// Target and Oracle are what is there, and the offsets in octets of the two images at which.
	Target       string `json:"target"`
	Oracle       string `json:"oracle"`
	TargetOffset int    `json:"target_offset"`
	OracleOffset int    `json:"oracle_offset"`
	// Context are the lines around it, the target's marked with -, the oracle's with +.
	Context []string `json:"context,omitempty"`
}

// firstImage is where two images differ first, nil if nowhere.
func firstImage(target, oracle []compare.Detail) *Image {
	p := compare.First(target, oracle)
	if p == nil {
		return nil
	}
	return &Image{Path: p.Path, Target: p.A, Oracle: p.B, TargetOffset: p.OffsetA, OracleOffset: p.OffsetB, Context: p.Context}
}

// contextLines is how many messages before a difference are shown.
const contextLines = 4

// Compare compares what one side said in two captures of the same scenarios, connection by
// connection. opts are those of reading.
func Compare(target, oracle string, side wire.Role, opts dialogue.Options) ([]Difference, error) {
	of, err := read(target, opts)
	if err != nil {
		return nil, err
	}
	with, err := read(oracle, opts)
	if err != nil {
		return nil, err
	}
	var out []Difference
	for i := range max(len(of), len(with)) {
		switch {
		case opts.Abandoned():
			return nil, dialogue.ErrAbandoned
		case i >= len(of):
			out = append(out, Difference{Connection: with[i].Conn.Index, Target: "no such connection", Oracle: fmt.Sprintf("a connection of %d lines and frames", len(with[i].Items))})
		case i >= len(with):
			out = append(out, Difference{Connection: of[i].Conn.Index, Target: fmt.Sprintf("a connection of %d lines and frames", len(of[i].Items)), Oracle: "no such connection"})
		default:
			if d := compareConnections(of[i], with[i], side); d != nil {
				out = append(out, *d)
			}
		}
	}
	return out, nil
}

// read reads the connections of kernels in a capture, in the order in which they were opened.
func read(path string, opts dialogue.Options) ([]*dialogue.Connection, error) {
	r, err := capture.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all, err := connections(r.Events(capture.Limits{}), opts)
	if err == nil && len(all) > 0 && !slices.ContainsFunc(all, func(c *dialogue.Connection) bool { return !c.Unreached }) {
		err = fmt.Errorf("%w: %s: %d connections, and none of them got there", ErrUnreached, path, len(all))
	}
	return all, err
}

// connections are those of kernels among events, in the order in which they were opened. There are
// none with an error: of an abandoned reading, those that are missing may be any.
func connections(events dialogue.Source, opts dialogue.Options) ([]*dialogue.Connection, error) {
	byIndex := map[int]*dialogue.Connection{}
	if err := dialogue.Read(events, opts, func(c *dialogue.Connection) { byIndex[c.Conn.Index] = c }); err != nil {
		return nil, err
	}
	all := make([]*dialogue.Connection, 0, len(byIndex))
	for i := range len(byIndex) {
		if byIndex[i].Control == nil {
			all = append(all, byIndex[i])
		}
	}
	return all, nil
}

// ErrUnreached is wrapped by an error that says that nobody was there to say anything: what was
// recorded is no difference.
var ErrUnreached = errors.New("the server was not reached")

// said is something that a side said, made alike.
type said struct {
	item   dialogue.Item
	text   string           // on one line
	params string           // what of it are a message's params, "" for a line
	detail []compare.Detail // of the image, nil for a line
}

// compareConnections compares what a side replied and what it sent by itself, each in order: what a
// state posts is queued, so whether it comes before or after the answers to later calls is a matter
// of time.
func compareConnections(target, oracle *dialogue.Connection, side wire.Role) *Difference {
	replied, own := saidBy(target, side, false), saidBy(target, side, true)
	shouldReply, shouldOwn := saidBy(oracle, side, false), saidBy(oracle, side, true)
	reply, at := compareList(target, replied, shouldReply)
	ofOwn, atOwn := compareList(target, own, shouldOwn)
	if ofOwn == nil {
		return reply
	}
	if reply == nil {
		return ofOwn
	}
	if atOwn < len(own) && at < len(shouldReply) && own[atOwn].params != "" && own[atOwn].params == shouldReply[at].params {
		// The reply was given, to somebody who did not ask for it.
		if d := difference(target, own, atOwn, shouldReply, at); d != nil {
			return d
		}
	}
	if ofOwn.Packet < reply.Packet {
		return ofOwn
	}
	return reply
}

// compareList is the first difference of two lists, and its index.
func compareList(target *dialogue.Connection, of, with []said) (*Difference, int) {
	for i := range max(len(of), len(with)) {
		if d := difference(target, of, i, with, i); d != nil {
			return d, i
		}
	}
	return nil, 0
}

// difference is how of[i] differs from with[j], nil if it does not; where a list ends, nothing was
// said.
func difference(target *dialogue.Connection, of []said, i int, with []said, j int) *Difference {
	d := &Difference{Connection: target.Conn.Index, Target: "nothing", Oracle: "nothing"}
	if i < len(of) {
		d.Target = of[i].text
	}
	if j < len(with) {
		d.Oracle = with[j].text
	}
	if i < len(of) && j < len(with) {
		d.Image = firstImage(of[i].detail, with[j].detail)
		if d.Image == nil && d.Target == d.Oracle {
			return nil
		}
	}
	d.place(target, of, i)
	return d
}

// place says where in the target's capture a difference is.
func (d *Difference) place(c *dialogue.Connection, of []said, i int) {
	if i >= len(of) {
		i = len(of) - 1
	}
	if i < 0 {
		return
	}
	item := of[i].item
	d.Packet = item.Stamp().Packet
	if f, ok := item.(*dialogue.Frame); ok {
		d.Frame = f.Number
	}
	alike := newAlike(c)
	for n, it := range c.Items {
		if it == item {
			for _, before := range c.Items[max(0, n-contextLines):n] {
				d.Before = append(d.Before, before.Sender().String()+": "+alike.line(before))
			}
		}
	}
}

// saidBy is what a side said, in order: posts and calls, or the rest.
func saidBy(c *dialogue.Connection, side wire.Role, requests bool) (out []said) {
	alike := newAlike(c)
	for _, item := range c.Items {
		f, isFrame := item.(*dialogue.Frame)
		isRequest := isFrame && f.Message != nil && (f.Message.Kind == dialogue.Post || f.Message.Kind == dialogue.Call)
		if item.Sender() != side || isRequest != requests || isFrame && ofCrowd(f) {
			continue
		}
		s := said{item: item, text: alike.line(item)}
		if isFrame && f.Message != nil && f.Message.Params() != nil {
			s.params = alike.text(perl.Format(f.Message.Params(), format))
		}
		if isFrame && !toEvery(f) {
			s.detail = compare.Image(f.Image, "message", alike.text)
		}
		out = append(out, s)
	}
	return out
}

// ofCrowd tells whether a frame answers one of several connections that count together: how far
// depends on which was first.
func ofCrowd(f *dialogue.Frame) bool {
	m := f.Message
	if m == nil || m.Kind != dialogue.Answer || m.Exchange == nil {
		return false
	}
	to := m.Exchange.Request.To
	return to.Session == contract.CrowdSession && to.State == "count"
}

// toEvery tells whether a frame goes to every kernel. The original gives the same hash to its own
// kernel, so that what that notes in it goes out as well, or not: that is a matter of time.
func toEvery(f *dialogue.Frame) bool { return f.Message != nil && f.Message.Event.Kernel == "*" }

// withoutNotes is a message without what the original's own kernel notes in it.
func withoutNotes(message *perl.Value) *perl.Value {
	h := perl.NewHash()
	for _, p := range message.Target().Pairs() {
		if p.Key != "call" && p.Key != "errors_to" {
			h.Set(p.Key, p.Value)
		}
	}
	return perl.NewRef(h)
}

// alike makes what must differ between runs the same.
type alike struct{ names *strings.Replacer }

// unique is what else is another every time. Each begins with something that is there as it is: in
// the text of long images, what may begin in two ways takes ten times as long to look for.
var unique = []struct {
	pattern *regexp.Regexp
	as      string
}{
	{regexp.MustCompile(`PID=\d+`), "PID=<pid>"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "<address>"},
	{regexp.MustCompile(`\[::1\]:\d+`), "<address>"},
	// The state that an answer to do_you_have goes to is named by a counter, and by a sub's address
	// in Perl.
	{regexp.MustCompile(`IKC:receipt [^']*`), "IKC:receipt <unique>"},
}

func newAlike(c *dialogue.Connection) alike {
	var pairs []string
	seen := map[string]bool{"": true}
	add := func(name, as string) {
		if !seen[name] {
			seen[name] = true
			pairs = append(pairs, name, as)
		}
	}
	for _, side := range []wire.Role{wire.Server, wire.Client} {
		p := c.Negotiation.Peers[side]
		for _, name := range p.Aliases {
			if strings.Contains(name, ":") {
				add(name, "<address of the "+side.String()+">")
			}
		}
		add(p.ID, "<id of the "+side.String()+">")
	}
	return alike{strings.NewReplacer(pairs...)}
}

func (a alike) text(s string) string {
	s = a.names.Replace(s)
	for _, u := range unique {
		s = u.pattern.ReplaceAllString(s, u.as)
	}
	return s
}

// format is how values are written: on one line, hashes sorted by key.
var format = perl.FormatOptions{MaxWidth: 2000, SortKeys: true}

// line is an item on one line.
func (a alike) line(item dialogue.Item) string {
	switch item := item.(type) {
	case *dialogue.Line:
		return a.text(fmt.Sprintf("%q", item.Text+item.End))
	case *dialogue.Frame:
		v := item.Value()
		if v == nil {
			return fmt.Sprintf("%d octets that are no image: %v", len(item.Image), item.Err)
		}
		if toEvery(item) {
			v = withoutNotes(v)
		}
		return a.text(perl.Format(v, format))
	}
	return ""
}

// where is where in the capture it is.
func (d *Difference) where() string {
	where := fmt.Sprintf("connection %d", d.Connection)
	if d.Frame > 0 {
		where += fmt.Sprintf(", frame %d", d.Frame)
	}
	if d.Packet > 0 {
		where += fmt.Sprintf(", packet %d", d.Packet)
	}
	return where
}

// Write shows differences to people.
func Write(w io.Writer, target, oracle string, list []Difference) error {
	var b strings.Builder
	for _, d := range list {
		fmt.Fprintf(&b, "  %s\n", d.where())
		for _, line := range d.Before {
			fmt.Fprintf(&b, "      %s\n", clip(line))
		}
		fmt.Fprintf(&b, "    - %s: %s\n    + %s: %s\n", target, clip(d.Target), oracle, clip(d.Oracle))
		if i := d.Image; i != nil {
			fmt.Fprintf(&b, "    the images differ first in %s, at octet %d (%s: octet %d)\n", i.Path, i.TargetOffset, oracle, i.OracleOffset)
			for _, line := range i.Context {
				fmt.Fprintf(&b, "      %s\n", clip(line))
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

const clipped = 200

func clip(s string) string {
	if len(s) <= clipped {
		return s
	}
	return s[:clipped] + "..."
}
