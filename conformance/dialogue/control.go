package dialogue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Control is a conversation of the driver protocol (conformance/DRIVER.md): what a harness had a
// kernel do, and what the kernel's driver said that happened. Captures of the harness hold it as a
// connection beside the kernel's own traffic: the harness is the client, the driver the server.
type Control struct {
	// Lines are in the order of the capture.
	Lines []*ControlLine
	// Partial says why Lines are not all there were, "" if they are.
	Partial string

	dirs     [2]controlDirection
	commands map[int64]*ControlLine // that have no answer yet
	foreign  bool                   // it only began like one
}

// ControlLine is a line of a Control. Exactly one of Command, Answer, Event and Err is set.
type ControlLine struct {
	From   wire.Role // the harness is the client
	At     capture.Stamp
	Offset int64 // of its first octet in the stream of its direction
	Octets int   // with the LF

	Command *Command
	Answer  *Reply
	Event   *driver.Event
	Err     error // why the line is not one of the driver protocol

	text json.RawMessage // nil if it is no JSON
}

// Command is what the harness asked for.
type Command struct {
	ID     int64
	Name   string
	To     string          // the field to, "" if there is none
	Fields json.RawMessage // the whole line
	// Answer is the line of the driver's answer, nil if there is none.
	Answer *ControlLine

	decoded reflect.Value // what Decode made last
}

// Reply is what the driver answered: OK, or Error.
type Reply struct {
	ID    int64
	OK    json.RawMessage
	Error *driver.Error
	// To is the line of the command, nil if the capture does not show it.
	To *ControlLine
}

// Sender implements Item.
func (l *ControlLine) Sender() wire.Role { return l.From }

// Stamp implements Item.
func (l *ControlLine) Stamp() capture.Stamp { return l.At }

// Decode reads the fields of a command as what the driver package says they are. What it gives is
// kept, since many checks ask for it: it must not be changed. It is for one goroutine at a time.
func (c *Command) Decode(into any) error {
	to := reflect.ValueOf(into).Elem()
	if !c.decoded.IsValid() || c.decoded.Type() != to.Type() {
		read := reflect.New(to.Type())
		if err := json.Unmarshal(c.Fields, read.Interface()); err != nil {
			to.Set(read.Elem())
			return err
		}
		c.decoded = read.Elem()
	}
	to.Set(c.decoded)
	return nil
}

// Failed tells whether the command was answered with an error.
func (c *Command) Failed() bool { return c.Answer != nil && c.Answer.Answer.Error != nil }

// Role is what the kernel that was driven did first: listen as a server, or connect as a client. ok
// is false if it was asked for neither.
func (c *Control) Role() (role wire.Role, ok bool) {
	for _, l := range c.Lines {
		if l.Command == nil {
			continue
		}
		switch l.Command.Name {
		case "listen":
			return wire.Server, true
		case "connect", "lite-connect":
			return wire.Client, true
		}
	}
	return 0, false
}

// Hello is what the driver said of itself, nil if the capture does not show it.
func (c *Control) Hello() *driver.Hello {
	for _, l := range c.Lines {
		if l.Answer != nil && l.Answer.To != nil && l.Answer.To.Command.Name == "hello" {
			h := new(driver.Hello)
			if json.Unmarshal(l.Answer.OK, h) != nil {
				return nil
			}
			return h
		}
	}
	return nil
}

// maxControl bounds what a Builder keeps of all Controls together, in octets of memory: those of
// the lines, and controlValue for each value that may be in them.
const (
	maxControl   = 64 << 20
	controlValue = 128
)

// controlCost is what a line takes in memory, at most.
func controlCost(line []byte) int {
	return len(line) + controlValue*(1+bytes.Count(line, []byte(","))+bytes.Count(line, []byte("[")))
}

// controlDirection is what one side has said so far.
type controlDirection struct {
	rest     []byte
	searched int   // how many octets of rest hold no LF
	base     int64 // offset of rest in the stream
}

// controlStart is how a harness begins: no line or frame of IKC begins so. Whether it is one, the
// first line tells.
const controlStart = `{"id":`

// beginsControl tells whether the client's first octets, which end with these, are those of a
// harness.
func (s *stream) beginsControl(octets []byte) bool {
	before := s.dirs[wire.Client].buf
	if s.Joined || s.Gaps || s.dirs[wire.Server].total != 0 || s.dirs[wire.Client].total != int64(len(before)) {
		return false
	}
	rest, ok := strings.CutPrefix(controlStart, string(before))
	return ok && bytes.HasPrefix(octets, []byte(rest))
}

// control reads octets of a Control.
func (s *stream) control(from wire.Role, octets []byte, at capture.Stamp) {
	c := s.Control
	if c == nil {
		c = &Control{commands: map[int64]*ControlLine{}}
		s.Control, s.IsIKC = c, false
		first := s.dirs[wire.Client]
		c.dirs[wire.Client].rest = first.buf
		first.release()
		s.hold(len(c.dirs[wire.Client].rest))
	}
	s.dirs[from].seen(octets)
	d := &c.dirs[from]
	before := len(d.rest)
	d.rest = append(d.rest, octets...)
	defer func() { s.hold(len(d.rest) - before) }()
	for c.Partial == "" {
		n := bytes.IndexByte(d.rest[d.searched:], '\n') + 1
		if n > 0 {
			n += d.searched
		}
		switch {
		case n == 0 && len(d.rest) > driver.MaxLine:
			c.Partial = fmt.Sprintf("a line of more than %d octets", driver.MaxLine)
		case n == 0:
			d.searched = len(d.rest)
			return
		case s.b.controlled+controlCost(d.rest[:n]) > maxControl:
			c.Partial = "it is too long to be kept whole"
		default:
			s.b.controlled += controlCost(d.rest[:n])
			l := &ControlLine{From: from, At: at, Offset: d.base, Octets: n}
			if text := bytes.TrimSpace(d.rest[:n]); len(text) > 0 {
				c.read(l, bytes.Clone(text))
				if len(c.Lines) == 0 && l.Command == nil {
					c.Partial, c.foreign = "its first line is no command", true
					break
				}
				c.Lines = append(c.Lines, l)
				s.added(l)
				s.observe(l)
			}
			d.base += int64(n)
			d.rest, d.searched = d.rest[n:], 0
		}
	}
	d.rest = nil
}

// read finds out what a line is.
func (c *Control) read(l *ControlLine, text []byte) {
	var line struct {
		ID    *int64          `json:"id"`
		Cmd   string          `json:"cmd"`
		To    json.RawMessage `json:"to"`
		Event string          `json:"event"`
		OK    json.RawMessage `json:"ok"`
		Error *driver.Error   `json:"error"`
	}
	if l.Err = json.Unmarshal(text, &line); l.Err == nil {
		l.text = text
	}
	switch {
	case l.Err != nil:
	case l.From == wire.Client && line.Cmd != "" && line.ID != nil:
		l.Command = &Command{ID: *line.ID, Name: line.Cmd, Fields: text}
		_ = json.Unmarshal(line.To, &l.Command.To) // of another kind: none
		c.commands[*line.ID] = l
	case l.From == wire.Server && line.Event != "":
		e := new(driver.Event)
		if l.Err = e.UnmarshalJSON(text); l.Err == nil {
			l.Event = e
		}
	case l.From == wire.Server && line.ID != nil && (line.OK != nil || line.Error != nil):
		l.Answer = &Reply{ID: *line.ID, OK: line.OK, Error: line.Error, To: c.commands[*line.ID]}
		if to := l.Answer.To; to != nil {
			delete(c.commands, *line.ID)
			to.Command.Answer = l
		}
	default:
		l.Err = fmt.Errorf("expected a command, an answer or an event of the driver protocol, got %.80q", text)
	}
}
