package dialogue

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/internal/visible"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Printer shows connections to people as Write does, part by part.
type Printer struct {
	w     io.Writer
	opts  WriteOptions
	last  *capture.Conn // whose items were shown last
	begun bool          // something was shown

	foreign map[string]int // connections that are not IKC, by what they look like
}

// maxForeign is how many connections that are not IKC, but look alike, are shown. All are counted.
const maxForeign = 3

// NewPrinter makes a Printer.
func NewPrinter(w io.Writer, opts WriteOptions) *Printer {
	if opts.Width == 0 {
		opts.Width = 100
	}
	if opts.Sequence && opts.Columns == 0 {
		opts.Columns = 100
	}
	return &Printer{w: w, opts: opts, foreign: map[string]int{}}
}

// Shown tells whether anything was shown so far.
func (p *Printer) Shown() bool { return p.begun }

// Part shows a part of a connection. With a filter, connections of which nothing is kept are left
// out.
func (p *Printer) Part(part *Part) error {
	c := part.Connection
	if !p.opts.Filter.connection(c) {
		return nil
	}
	var said []Remark
	if p.opts.Remarks != nil {
		said = p.opts.Remarks.Remarks(part)
	}
	if c.Foreign != "" {
		if p.foreign[c.Foreign]++; p.foreign[c.Foreign] > maxForeign {
			return nil
		}
	}
	var b strings.Builder
	for _, item := range part.Items {
		if c.readable() && p.opts.Filter.Keep(c, item) {
			p.under(&b, c)
			p.item(&b, c, item)
		}
	}
	if part.Last && (p.opts.Filter == nil || p.last == c.Conn) {
		p.under(&b, c)
		p.end(&b, c, said)
	}
	_, err := io.WriteString(p.w, b.String())
	return err
}

// End sums up connections that are not IKC, if not all of them were shown.
func (p *Printer) End() error {
	text := ForeignSummary(p.foreign, maxForeign)
	if text == "" || p.opts.Filter != nil {
		return nil
	}
	var b strings.Builder
	b.WriteString("\n")
	p.cut(&b, stylePlain, text)
	_, err := io.WriteString(p.w, b.String())
	return err
}

// Item shows an item at once: with the head of its connection, unless the item before was of the
// same one.
func (p *Printer) Item(c *Connection, item Item) error {
	if !p.opts.Filter.Keep(c, item) {
		return nil
	}
	var b strings.Builder
	p.under(&b, c)
	p.item(&b, c, item)
	_, err := io.WriteString(p.w, b.String())
	return err
}

// under sees to it that what follows stands under the head of its connection.
func (p *Printer) under(b *strings.Builder, c *Connection) {
	if p.last == c.Conn {
		return
	}
	if p.begun {
		b.WriteString("\n")
	}
	p.begun, p.last = true, c.Conn
	p.cut(b, styleHead, fmt.Sprintf("connection %d  %v -> %v  opened %s", c.Conn.Index, c.Conn.End(capture.FromClient), c.Conn.End(capture.FromServer),
		c.Opened.Time.UTC().Format("2006-01-02 15:04:05.000000 UTC")))
	if c.IsIKC && (len(c.Items) > 1 || c.Joined) { // what is followed has nothing to sum up yet
		p.cut(b, stylePlain, strings.TrimSuffix(summary(c), "\n"))
	}
	if c.Control != nil && len(c.Items) > 1 {
		p.cut(b, stylePlain, controlSummary(c.Control))
	}
	if p.opts.Sequence && c.readable() {
		p.lifelines(b, c)
	}
}

func (p *Printer) item(b *strings.Builder, c *Connection, item Item) {
	s := step(c, item, p.opts)
	if p.opts.Sequence {
		p.arrow(b, s)
	} else {
		if p.opts.Columns > 0 && !p.opts.Values {
			s.shorten(utf8.RuneCountInString(s.String()) - p.opts.Columns)
		}
		p.cut(b, styleOf(s), s.String())
	}
	if f, ok := item.(*Frame); ok && p.opts.Values && f.Message != nil && f.Message.Params() != nil {
		b.WriteString(indent(perl.Format(f.Message.Params(), perl.FormatOptions{Indent: "  ", SortKeys: true})))
	}
}

func (p *Printer) end(b *strings.Builder, c *Connection, said []Remark) {
	warn := func(text string) { p.cut(b, styleWrong, "  ! "+text) }
	if c.Control != nil && c.Control.Partial != "" {
		warn("not all of it was read: " + c.Control.Partial)
	}
	for _, r := range remarks(c, said, p.opts.Remarks != nil) {
		text := r.Text
		if r.ID != "" {
			text += " (" + r.ID + ")"
		}
		warn(text)
	}
	if text := ending(c); text != "" {
		p.cut(b, stylePlain, text)
	}
}

// How lines look in colour.
const (
	stylePlain  = visible.Plain
	styleHead   = visible.Bold
	styleLine   = visible.Faint
	styleCall   = visible.Cyan
	styleAnswer = visible.Green
	stylePost   = visible.Blue
	styleWrong  = visible.Red
)

func styleOf(s Step) visible.Style {
	switch s.Kind {
	case "line":
		return styleLine
	case "command", "reply", "event", "closed":
		return stylePlain
	case "call":
		return styleCall
	case "answer":
		return styleAnswer
	case "post":
		return stylePost
	}
	return styleWrong
}

// cut writes a line, no longer than the columns there are, with what cannot be seen escaped.
func (p *Printer) cut(b *strings.Builder, s visible.Style, line string) {
	line = visible.Text(line)
	if p.opts.Columns > 0 && !p.opts.Values {
		line = fit(line, p.opts.Columns)
	}
	if p.opts.Color {
		line = visible.Paint(s, line)
	}
	b.WriteString(line + "\n")
}

// What is left of parameters and of a title, in columns, however narrow a line is.
const (
	leastParams = 8
	leastTitle  = 16
)

// shorten makes a step shorter by a number of columns as far as that goes: by its parameters first,
// then by its title, so that the rsvp stays.
func (s *Step) shorten(over int) {
	for _, part := range []struct {
		text  *string
		least int
	}{{&s.Params, leastParams}, {&s.Title, leastTitle}} {
		have := utf8.RuneCountInString(*part.text)
		if less := min(over, have-part.least); less > 0 {
			*part.text = fit(*part.text, have-less)
			over -= less
		}
	}
}

// fit cuts a text to a number of columns.
func fit(s string, columns int) string {
	if utf8.RuneCountInString(s) <= columns {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(columns-1, 0)]) + "…"
}
