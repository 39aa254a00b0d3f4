package visible

import (
	"encoding/json"
	"fmt"
	"io"
)

// JSON makes a Writer of lines of JSON: what cannot be seen is written as \u escapes, which say the
// same to whoever reads it back.
func JSON(w io.Writer) *Writer { return &Writer{w: w, json: true} }

// NewEncoder is json.NewEncoder by way of JSON.
func NewEncoder(w io.Writer) *json.Encoder { return json.NewEncoder(JSON(w)) }

// WriteJSON writes a report for programs, indented by one blank. An error names what it is of.
func WriteJSON(w io.Writer, of string, v any) error {
	e := NewEncoder(w)
	e.SetIndent("", " ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("%s: %w", of, err)
	}
	return nil
}
