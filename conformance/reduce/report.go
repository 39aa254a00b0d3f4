package reduce

import (
	_ "embed" // schema.json
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/reduce/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Size is how large a capture is.
type Size struct {
	Connections int `json:"connections"`
	// Messages are frames, and lines of driver logs; Octets are those of the connections.
	Messages int `json:"messages"`
	Octets   int `json:"octets"`
}

// Less tells whether it is smaller: in messages, else in octets.
func (s Size) Less(than Size) bool {
	return s.Messages < than.Messages || s.Messages == than.Messages && s.Octets < than.Octets
}

// String is the size for people.
func (s Size) String() string {
	return fmt.Sprintf("%s, %s, %s", plural(s.Connections, "connection"), plural(s.Messages, "message"), plural(s.Octets, "octet"))
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Result says what became of a capture.
type Result struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Wanted names what the capture still shows: Check, which Side fails, or Notice.
	Wanted string `json:"wanted"`
	Check  string `json:"check,omitempty"`
	Side   string `json:"side,omitempty"`
	Notice string `json:"notice,omitempty"`
	Before Size   `json:"before"`
	After  Size   `json:"after"`
	// Tries are how many captures were judged.
	Tries int `json:"tries"`
	// Stopped: it could be smaller, as not all was tried.
	Stopped bool `json:"stopped"`
}

// WriteJSON writes it for programs.
func (r *Result) WriteJSON(w io.Writer) error {
	return visible.WriteJSON(w, "reduce", r)
}

// WriteText writes it for people.
func (r *Result) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	text := fmt.Sprintf("%s still shows in %v, of %v.\n", r.Wanted, r.After, r.Before)
	if r.Stopped {
		text += fmt.Sprintf("It may go on: not all was tried, but %d captures.\n", r.Tries)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("reduce: %w", err)
	}
	return nil
}
