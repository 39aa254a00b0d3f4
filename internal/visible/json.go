package visible

import (
	"encoding/json"
	"io"
)

// JSON makes a Writer of lines of JSON: what cannot be seen is written as \u escapes, which say the
// same to whoever reads it back.
func JSON(w io.Writer) *Writer { return &Writer{w: w, json: true} }

// NewEncoder is json.NewEncoder by way of JSON.
func NewEncoder(w io.Writer) *json.Encoder { return json.NewEncoder(JSON(w)) }
