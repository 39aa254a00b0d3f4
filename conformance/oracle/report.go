package oracle

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// SchemaID names the schema of what WriteJSON writes.
const SchemaID = "https://github.com/perl-ikc/ikc-conform/conformance/oracle/schema.json"

// Schema is the JSON Schema (draft 2020-12) of what WriteJSON writes.
//
//go:embed schema.json
var Schema []byte

// Report is how targets differ from an oracle.
type Report struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	Oracle string `json:"oracle"`
	// Compared counts the combinations that were compared, Different the connections that differ in
	// them.
	Compared  int       `json:"compared"`
	Different int       `json:"different"`
	Targets   []*Target `json:"targets"`
	// Partial says where an interrupt ended the comparison, "" if all was compared.
	Partial string `json:"partial,omitempty"`
	// Broken counts the combinations that were not compared since a target or the oracle could not be
	// tried. It is not in the JSON, where each says so.
	Broken int `json:"-"`
}

// Target is how a target differs.
type Target struct {
	Target string `json:"target"`
	Cells  []Cell `json:"cells"`
}

// Cell is how a target differs in one combination of role and dialect.
type Cell struct {
	Name       string `json:"name"`
	Role       string `json:"role"`
	Dialect    string `json:"dialect"`
	Serializer string `json:"serializer,omitempty"`
	// NotCompared says why there was nothing to compare, "" if there was.
	NotCompared string `json:"not_compared,omitempty"`
	// Differences are the first of each connection that differs.
	Differences []Difference `json:"differences"`
}

// NewReport begins a report.
func NewReport(oracle string) *Report {
	return &Report{Schema: SchemaID, Oracle: oracle, Targets: []*Target{}}
}

// afterwards is how long Add goes on to compare after its context has ended, for what was found to
// be of use.
const afterwards = 2 * time.Second

// Add compares the run of a target with that of the oracle, by the captures of both, which have the
// same cells. Once ctx has ended, it compares for two seconds more, or until it has compared one
// cell, however long that takes; what is left then is not compared, and says so.
func (r *Report) Add(ctx context.Context, target, oracle *cell.TargetResult) error {
	lasting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(afterwards, cancel) })()
	return r.add(ctx, target, oracle, lasting.Done())
}

// add is Add, of which no more than one cell is left to be compared when over is closed.
func (r *Report) add(ctx context.Context, target, oracle *cell.TargetResult, over <-chan struct{}) error {
	t := &Target{Target: target.Target}
	for _, c := range target.Cells {
		o := &cell.Result{Skipped: "the oracle was not tried in it"} // what was interrupted ends in any order
		if i := slices.IndexFunc(oracle.Cells, func(o *cell.Result) bool { return o.Cell == c.Cell }); i >= 0 {
			o = oracle.Cells[i]
		}
		compared := Cell{
			Name: c.Cell.String(), Role: string(c.Cell.Role), Dialect: string(c.Cell.Dialect), Serializer: string(c.Cell.Serializer),
			NotCompared: why(c, o), Differences: []Difference{},
		}
		if compared.NotCompared == "" {
			opts := dialogue.Options{AssumeIKC: true}
			if r.Compared > 0 {
				opts.Done = over
			}
			list, err := Compare(c.Capture, o.Capture, c.Cell.Role.Side(), opts)
			switch {
			case errors.Is(err, dialogue.ErrAbandoned):
				compared.NotCompared = context.Cause(ctx).Error()
			case err != nil:
				return err
			default:
				compared.Differences = append(compared.Differences, list...)
				r.Compared++
				r.Different += len(list)
			}
		} else if c.Err != nil || o.Err != nil {
			r.Broken++
		}
		t.Cells = append(t.Cells, compared)
	}
	r.Targets = append(r.Targets, t)
	return nil
}

// why says why cells cannot be compared, "" if they can.
func why(cells ...*cell.Result) string {
	var reasons []string
	for _, c := range cells {
		switch {
		case c.Capture != "":
		case c.Skipped != "":
			reasons = append(reasons, c.Skipped)
		case c.Err != nil:
			reasons = append(reasons, c.Err.Error())
		default:
			reasons = append(reasons, "there is no capture")
		}
	}
	return strings.Join(reasons, "; ")
}

// WriteText shows the report to people.
func (r *Report) WriteText(w io.Writer) error {
	r = visible.Copy(r)
	var b strings.Builder
	for _, t := range r.Targets {
		fmt.Fprintf(&b, "%s, and %s as the oracle\n\n", t.Target, r.Oracle)
		for _, c := range t.Cells {
			if c.NotCompared != "" {
				fmt.Fprintf(&b, "%s: not compared; %s\n\n", c.Name, c.NotCompared)
				continue
			}
			fmt.Fprintf(&b, "%s: connections that differ: %d\n\n", c.Name, len(c.Differences))
			if err := Write(&b, t.Target, r.Oracle, c.Differences); err != nil {
				return err
			}
		}
	}
	b.WriteString(r.sum() + "\n")
	return visible.Print(w, b.String())
}

// sum is the result in a sentence.
func (r *Report) sum() string {
	switch {
	case r.Partial != "":
		return fmt.Sprintf("Interrupted: %s; so far, connections that differ: %d.", r.Partial, r.Different)
	case r.Different > 0:
		return fmt.Sprintf("Connections that differ, in all: %d.", r.Different)
	case r.Compared == 0:
		return "Nothing was compared."
	}
	return "No difference."
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "oracle", r) }
