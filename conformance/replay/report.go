package replay

import (
	_ "embed"
	"fmt"
	"io"

	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/replay/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is how what came back differs from what was recorded.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Compared counts answers, error reports and posts back that came; Unsure those of them whose
	// values were not compared, since the recording does not tell which request they are for.
	Compared int `json:"compared"`
	Unsure   int `json:"unsure"`
	// Result is what deviates; what differs in the recording itself was learned. The connections and
	// frames are those of the recording.
	compare.Result
	// Left counts connections that could not be replayed, Lost says why others were not to the end.
	Left int      `json:"left"`
	Lost []string `json:"lost,omitempty"`
	// Partial: an interrupt ended it.
	Partial bool `json:"partial"`
}

// finish makes the report.
func (f *findings) finish(partial bool) *Report {
	r := &f.report
	r.Schema, r.Partial, r.Result = SchemaID, partial, f.Tally.Result()
	if f.lost > len(r.Lost) {
		r.Lost = append(r.Lost, fmt.Sprintf("and %d more", f.lost-len(r.Lost)))
	}
	return r
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "replay", r) }
