package release

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Watcher writes which releases the two sides of each connection can be, when it has ended; nothing
// of sides of which nothing is known. Each connection stands for itself.
type Watcher struct {
	w       io.Writer
	asJSON  bool
	columns int
	prints  map[*capture.Conn]*Print
}

// NewWatcher makes a Watcher that writes lines for people, broken to a number of columns if that is
// not 0.
func NewWatcher(w io.Writer, columns int) *Watcher {
	return &Watcher{w: w, columns: columns, prints: map[*capture.Conn]*Print{}}
}

// NewJSONWatcher makes a Watcher that writes objects of JSON, one a line.
func NewJSONWatcher(w io.Writer) *Watcher {
	return &Watcher{w: w, asJSON: true, prints: map[*capture.Conn]*Print{}}
}

// told is an object of a Watcher.
type told struct {
	Type       string     `json:"type"` // release
	Connection int        `json:"connection"`
	From       string     `json:"from"` // client or server
	Releases   []string   `json:"releases"`
	Perls      []string   `json:"perls,omitempty"`
	Text       string     `json:"text"`
	Evidence   []Evidence `json:"evidence"`
}

// Part looks at a part of a connection, and writes if it is the last.
func (w *Watcher) Part(part *dialogue.Part) error {
	p := w.prints[part.Conn]
	if p == nil {
		p = new(Print)
		w.prints[part.Conn] = p
	}
	p.Part(part)
	if !part.Last {
		return nil
	}
	delete(w.prints, part.Conn)
	peers := p.Connection(part.Connection)
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		if peer := peers[side]; peer.Known() {
			if err := w.write(side, peer); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Watcher) write(side wire.Role, p *Peer) error {
	if !w.asJSON {
		_, err := io.WriteString(w.w, broken(fmt.Sprintf("  %s: %v", side, p), w.columns))
		return err
	}
	o := told{
		Type: "release", Connection: p.First, From: side.String(),
		Releases: append([]string{}, p.Releases.Names()...), Text: p.Fits(), Evidence: p.Evidence,
	}
	if !p.Perls.Full() {
		o.Perls = p.Perls.Names()
	}
	return json.NewEncoder(w.w).Encode(o)
}

// broken breaks a line at spaces, so that no part of it is longer than a number of columns, if that
// is not 0 and the words allow.
func broken(line string, columns int) string {
	const indent = "      "
	var b strings.Builder
	for columns > len(indent) && len(line) > columns {
		at := strings.LastIndexByte(line[:columns+1], ' ')
		if at <= len(indent) {
			break
		}
		b.WriteString(line[:at] + "\n")
		line = indent + line[at+1:]
	}
	return b.String() + line + "\n"
}
