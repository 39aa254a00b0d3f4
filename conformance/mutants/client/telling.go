package client

import (
	"bytes"
	"encoding/json"
	"io"
	"sync"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// What a kernel does for those who use it is not on the wire: what its monitors are told, what its
// states are given, what its methods return. Here a defect changes that between the kernel and its
// driver.

// telling is what a driver says, as a defect has it.
type telling struct {
	defect *Behaviour
	out    io.Writer
	said   cutter

	mu       sync.Mutex
	commands map[int64]command // that were not answered yet

	held *driver.Event // for a defect that changes the order
}

// command is what the harness asked for.
type command struct {
	ID   int64  `json:"id"`
	Name string `json:"cmd"`
	line []byte
}

// between returns what a driver is to read commands from and write lines to, so that it tells what
// the defect makes of it.
func (d *Behaviour) between(in io.Reader, out io.Writer) (io.Reader, io.Writer) {
	if d.event == nil && d.answer == nil && d.excuse == nil {
		return in, out
	}
	t := &telling{defect: d, out: out, commands: map[int64]command{}}
	return io.TeeReader(in, &heard{t: t}), t
}

// cutter cuts octets into lines.
type cutter struct{ rest []byte }

// lines returns those that are whole with p, without their ends.
func (c *cutter) lines(p []byte) (lines [][]byte) {
	c.rest = append(c.rest, p...)
	for {
		line, rest, ok := bytes.Cut(c.rest, []byte("\n"))
		if !ok {
			return lines
		}
		lines, c.rest = append(lines, line), bytes.Clone(rest)
	}
}

// heard notes the commands.
type heard struct {
	t    *telling
	said cutter
}

func (h *heard) Write(p []byte) (int, error) {
	for _, line := range h.said.lines(p) {
		var c command
		if json.Unmarshal(line, &c) == nil {
			c.line = line
			h.t.mu.Lock()
			h.t.commands[c.ID] = c
			h.t.mu.Unlock()
		}
	}
	return len(p), nil
}

func (t *telling) Write(p []byte) (int, error) {
	for _, line := range t.said.lines(p) {
		for _, l := range t.lines(line) {
			if _, err := t.out.Write(append(l, '\n')); err != nil {
				return 0, err
			}
		}
	}
	return len(p), nil
}

// lines are what becomes of a line. A line that is not of the protocol stays.
func (t *telling) lines(line []byte) [][]byte {
	var head struct {
		ID    int64           `json:"id"`
		Event string          `json:"event"`
		OK    json.RawMessage `json:"ok"`
		Error *driver.Error   `json:"error"`
	}
	if json.Unmarshal(line, &head) != nil {
		return [][]byte{line}
	}
	if head.Event != "" {
		var e driver.Event
		if t.defect.event == nil || json.Unmarshal(line, &e) != nil {
			return [][]byte{line}
		}
		var out [][]byte
		for _, e := range t.defect.event(t, e) {
			if l, err := json.Marshal(e); err == nil {
				out = append(out, l)
			}
		}
		return out
	}
	t.mu.Lock()
	c, ok := t.commands[head.ID]
	delete(t.commands, head.ID)
	t.mu.Unlock()
	if !ok {
		return [][]byte{line}
	}
	said := struct {
		ID    int64         `json:"id"`
		OK    any           `json:"ok,omitempty"`
		Error *driver.Error `json:"error,omitempty"`
	}{ID: head.ID}
	if t.defect.answer != nil {
		said.OK = t.defect.answer(c, head.OK)
	}
	if t.defect.excuse != nil && head.Error != nil {
		said.Error = &driver.Error{Code: head.Error.Code, Message: t.defect.excuse(c, head.Error.Message)}
	}
	if said.OK == nil && said.Error == nil {
		return [][]byte{line}
	}
	if changed, err := json.Marshal(said); err == nil {
		line = changed
	}
	return [][]byte{line}
}
