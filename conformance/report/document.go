package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Document is what one use of the command found: a stored run.
type Document struct {
	// Schema is the id of the schema that it keeps.
	Schema string `json:"$schema"`
	// Tool is the ikc-conform that made it.
	Tool    Tool      `json:"tool"`
	Started time.Time `json:"started"`
	Reports []*Report `json:"reports"`
	// Exit is the worst of the reports' exit statuses.
	Exit int `json:"exit"`
	// Pages is the site that what is written leads to. It is not stored.
	Pages sheet.Pages `json:"-"`
}

// Tool names a program and its version.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// NewDocument puts reports together. version is that of the command.
func NewDocument(version string, reports ...*Report) *Document {
	d := &Document{Schema: SchemaID, Tool: Tool{Name: "ikc-conform", Version: version}, Started: time.Now(), Reports: append([]*Report{}, reports...)}
	for _, r := range reports {
		if r.Started.Before(d.Started) {
			d.Started = r.Started
		}
	}
	d.sum()
	return d
}

// severity orders exit statuses from good to bad.
var severity = map[int]int{ExitConformant: 0, ExitStale: 1, ExitSeen: 2, ExitNothing: 3,
	ExitNotConformant: 4, ExitBroken: 5, ExitInterrupted: 6}

func (d *Document) sum() {
	d.Exit = ExitConformant
	if len(d.Reports) == 0 {
		d.Exit = ExitNothing
	}
	for _, r := range d.Reports {
		if severity[r.Exit] > severity[d.Exit] {
			d.Exit = r.Exit
		}
	}
}

// Regate judges the stored verdicts by another gate.
func (d *Document) Regate(gate judge.Level) {
	for _, r := range d.Reports {
		r.Gate = gate
		r.finish()
	}
	d.sum()
}

// Summary counts the checks of all reports.
func (d *Document) Summary() Summary {
	var s Summary
	for _, r := range d.Reports {
		s.Passed += r.Summary.Passed
		s.Seen += r.Summary.Seen
		s.Failed += r.Summary.Failed
		s.Known += r.Summary.Known
		s.Inconclusive += r.Summary.Inconclusive
		s.Skipped += r.Summary.Skipped
	}
	return s
}

// WriteJSON writes the document for programs, and for Read.
func (d *Document) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "report", d) }

// MaxSize bounds a stored run that is read, in octets.
const MaxSize = 1 << 28

// ErrStored is what Read's errors about the contents of a file wrap.
var ErrStored = errors.New("not a stored run of ikc-conform (as --json writes it)")

// ReadFile reads a stored run from a file.
func ReadFile(path string) (*Document, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Read reads a stored run. One that does not keep the schema is an error that says where.
func Read(r io.Reader) (*Document, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxSize+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("%w: expected at most %d octets", ErrStored, MaxSize)
	}
	if err := Validate(b); err != nil {
		return nil, err
	}
	d := new(Document)
	if err := json.Unmarshal(b, d); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStored, err)
	}
	for i, r := range d.Reports {
		if err := r.consistent(); err != nil {
			return nil, fmt.Errorf("%w: report %d (%s): %w", ErrStored, i+1, r.Subject, err)
		}
		r.finish()
	}
	d.sum()
	return d, nil
}

// consistent says what a schema cannot: verdicts and sensitivities are about parts that the report
// has.
func (r *Report) consistent() error {
	for _, c := range r.Checks {
		for _, v := range c.Verdicts {
			if r.Part(v.Part) == nil {
				return fmt.Errorf("check %s: expected a verdict on one of the report's parts, got one on %q", c.ID, v.Part)
			}
		}
	}
	if r.Segmentation != nil {
		for _, s := range r.Segmentation.Sensitive {
			if r.Part(s.Part) == nil {
				return fmt.Errorf("segmentation: expected a sensitivity of one of the report's parts, got one of %q", s.Part)
			}
		}
	}
	return nil
}

// Merge puts documents together. Reports of the same subject, by name and identity, become one, if
// their parts differ: a part that is in two of them is an error, since either might be the right
// one.
func Merge(docs ...*Document) (*Document, error) {
	if len(docs) == 0 {
		return NewDocument(""), nil
	}
	var reports []*Report
	for _, d := range docs {
		for _, r := range d.Reports {
			i := slices.IndexFunc(reports, func(have *Report) bool { return have.Name() == r.Name() })
			if i < 0 {
				reports = append(reports, r)
				continue
			}
			if err := reports[i].merge(r); err != nil {
				return nil, err
			}
		}
	}
	return NewDocument(docs[0].Tool.Version, reports...), nil
}

// merge takes over the parts of another report of the same subject.
func (r *Report) merge(other *Report) error {
	if r.Gate != other.Gate {
		return fmt.Errorf("cannot merge two reports of %s: one has the gate %v, the other %v; expected the same (give --gate)", r.Subject, r.Gate, other.Gate)
	}
	for _, p := range other.Parts {
		if r.Part(p.Name) != nil {
			return fmt.Errorf("cannot merge two reports of %s: both have %q; expected different parts", r.Subject, p.Name)
		}
	}
	r.Parts = append(r.Parts, other.Parts...)
	sortParts(r.Parts)
	if other.Started.Before(r.Started) {
		r.Started = other.Started
	}
	r.Took += other.Took
	r.Partial = cmp.Or(r.Partial, other.Partial)
	for _, c := range other.Checks {
		i := slices.IndexFunc(r.Checks, func(have *CheckResult) bool { return have.ID == c.ID })
		if i < 0 {
			r.Checks = append(r.Checks, c)
			continue
		}
		have := r.Checks[i]
		have.Verdicts = append(have.Verdicts, c.Verdicts...)
		have.Reduced = cmp.Or(have.Reduced, c.Reduced)
		if have.Example == nil {
			have.Example = c.Example
		}
	}
	for _, d := range other.Deviations {
		if r.Deviations.Find(d.Check) == nil {
			r.Deviations = append(r.Deviations, d)
		}
	}
	r.Noticed = append(r.Noticed, other.Noticed...)
	switch {
	case r.Segmentation == nil:
		r.Segmentation = other.Segmentation
	case other.Segmentation != nil:
		r.Segmentation.merge(other.Segmentation)
	}
	r.sort()
	r.finish()
	return nil
}

// sortParts puts parts in the order of cells, unknown ones last.
func sortParts(parts []*Part) {
	place := map[string]int{}
	cells := cell.Cells(cell.Serializers()...)
	for i, c := range cells {
		place[c.String()] = i - len(cells)
	}
	slices.SortStableFunc(parts, func(a, b *Part) int { return place[a.Name] - place[b.Name] })
}

// sort puts checks in the order of the catalogue, unknown ones last.
func (r *Report) sort() {
	place := map[string]int{}
	catalogue := checks.Catalogue()
	for i, c := range catalogue {
		place[c.ID] = i - len(catalogue)
	}
	slices.SortStableFunc(r.Checks, func(a, b *CheckResult) int { return place[a.ID] - place[b.ID] })
}
