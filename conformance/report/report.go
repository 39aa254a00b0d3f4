// Package report turns what a run or a judge found into something to read: by people, or by programs.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
)

// Exit statuses of the command.
const (
	ExitConformant    = 0
	ExitNotConformant = 1
	ExitUsage         = 2
	ExitBroken        = 3 // the target or the harness broke
	ExitStale         = 4 // a known deviation no longer deviates
	ExitNothing       = 5 // nothing was checked
)

// Report is the outcome of a run over one target, or of judging files.
type Report struct {
	// Subject is the target, or what was judged.
	Subject  string        `json:"subject"`
	Identity *driver.Hello `json:"identity,omitempty"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took_ns"`
	Parts    []*Part       `json:"parts"`
	Checks   []*Result     `json:"checks"`
	Summary  Summary       `json:"summary"`
	// Exit is the exit status that the report amounts to.
	Exit int `json:"exit"`

	// Stale are known deviations of this target that did not show, though the check was decided.
	Stale []conformance.Deviation `json:"stale,omitempty"`

	gate       conformance.Level
	deviations conformance.Deviations
}

// Part is one cell of a run, or one side of a file.
type Part struct {
	Name     string        `json:"name"`
	Capture  string        `json:"capture,omitempty"`
	Took     time.Duration `json:"took_ns,omitempty"`
	Summary  Summary       `json:"summary"`
	Skipped  string        `json:"skipped,omitempty"`
	Problems []string      `json:"problems,omitempty"`
	Notes    []string      `json:"notes,omitempty"`
	Error    string        `json:"error,omitempty"`
}

// Result is what a check came to over all parts.
type Result struct {
	ID          string     `json:"id"`
	Level       string     `json:"level"`
	Requirement string     `json:"requirement"`
	Source      string     `json:"source"`
	Rationale   string     `json:"rationale,omitempty"`
	Outcome     string     `json:"outcome"`
	Reason      string     `json:"reason,omitempty"`
	Verdicts    []*Verdict `json:"verdicts"`

	level   conformance.Level
	outcome conformance.Outcome
}

// Verdict is what a check came to in one part.
type Verdict struct {
	Part     string                `json:"part"`
	Outcome  string                `json:"outcome"`
	Evidence int                   `json:"evidence"`
	Findings []conformance.Finding `json:"findings,omitempty"`
	More     int                   `json:"more,omitempty"`
	Reason   string                `json:"reason,omitempty"`
	Capture  string                `json:"capture,omitempty"`
}

// Summary counts checks by outcome.
type Summary struct {
	Passed       int `json:"passed"`
	Failed       int `json:"failed"`
	Known        int `json:"known_deviations"`
	Inconclusive int `json:"inconclusive"`
	Skipped      int `json:"skipped"`
}

func (s *Summary) count(o conformance.Outcome) {
	switch o {
	case conformance.Pass:
		s.Passed++
	case conformance.Fail:
		s.Failed++
	case conformance.Known:
		s.Known++
	case conformance.Inconclusive:
		s.Inconclusive++
	case conformance.Skipped:
		s.Skipped++
	}
}

// FromRun makes a report of a run. gate is the level up to which a failed check counts against the
// target; known are the deviations that do not, for targets that say who they are.
func FromRun(r *harness.Result, gate conformance.Level, known conformance.Deviations) *Report {
	rep := &Report{Subject: r.Target, Identity: r.Identity, Started: r.Started, Took: r.Took, gate: gate}
	if r.Identity != nil {
		rep.deviations = known.Of(r.Identity.Implementation, r.Identity.Release)
	}
	for _, c := range r.Cells {
		p := &Part{Name: c.Cell.String(), Capture: c.Capture, Took: c.Took, Skipped: c.Skipped, Problems: c.Problems, Notes: c.Notes}
		if c.Err != nil {
			p.Error = c.Err.Error()
		}
		rep.add(p, c.Verdicts)
	}
	rep.finish()
	return rep
}

// FromFiles makes a report of judged captures, a part for each side.
func FromFiles(files []*conformance.FileVerdict, gate conformance.Level) *Report {
	rep := &Report{Subject: "captures", Started: time.Now(), gate: gate}
	if len(files) == 1 {
		rep.Subject = files[0].File
	}
	for _, f := range files {
		var first *Part
		for i := 0; i < len(f.Verdicts); {
			j := i
			for j < len(f.Verdicts) && f.Verdicts[j].Side == f.Verdicts[i].Side {
				j++
			}
			p := &Part{Name: filepath.Base(f.File) + ", " + f.Verdicts[i].Side.String(), Capture: f.File}
			rep.add(p, f.Verdicts[i:j])
			if first == nil {
				first = p
			}
			i = j
		}
		if first == nil {
			first = &Part{Name: filepath.Base(f.File), Capture: f.File}
			rep.Parts = append(rep.Parts, first)
		}
		first.Notes = f.Notes
		if f.Err != nil {
			first.Error = f.Err.Error()
		}
	}
	rep.finish()
	return rep
}

func (r *Report) add(p *Part, verdicts []conformance.Verdict) {
	r.Parts = append(r.Parts, p)
	for _, v := range verdicts {
		if d := r.deviations.Find(v.Check.ID); d != nil && v.Outcome == conformance.Fail {
			v.Outcome, v.Reason = conformance.Known, d.Reason
		}
		p.Summary.count(v.Outcome)
		r.result(v.Check).Verdicts = append(r.result(v.Check).Verdicts, &Verdict{
			Part: p.Name, Outcome: v.Outcome.String(), Evidence: v.Evidence, Findings: v.Findings, More: v.More, Reason: v.Reason, Capture: p.Capture,
		})
	}
}

func (r *Report) result(c *conformance.Check) *Result {
	for _, k := range r.Checks {
		if k.ID == c.ID {
			return k
		}
	}
	k := &Result{ID: c.ID, Level: c.Level.String(), Requirement: c.Requirement, Source: c.Source, Rationale: c.Rationale, level: c.Level}
	r.Checks = append(r.Checks, k)
	return k
}

// finish sums up: a check fails if it fails anywhere, and passes if it passes somewhere.
func (r *Report) finish() {
	counted, broken := 0, false
	for _, c := range r.Checks {
		c.outcome = conformance.Inconclusive
		skipped := 0
		for _, v := range c.Verdicts {
			switch v.Outcome {
			case conformance.Fail.String():
				c.outcome = conformance.Fail
			case conformance.Known.String():
				if c.outcome != conformance.Fail {
					c.outcome, c.Reason = conformance.Known, v.Reason
				}
			case conformance.Pass.String():
				if c.outcome == conformance.Inconclusive {
					c.outcome = conformance.Pass
				}
			case conformance.Skipped.String():
				skipped++
				fallthrough
			default:
				if c.outcome == conformance.Inconclusive {
					c.Reason = v.Reason
				}
			}
		}
		if skipped == len(c.Verdicts) && skipped > 0 {
			c.outcome = conformance.Skipped
		}
		c.Outcome = c.outcome.String()
		if c.outcome == conformance.Pass {
			c.Reason = ""
			if d := r.deviations.Find(c.ID); d != nil {
				r.Stale = append(r.Stale, *d)
			}
		}
		if c.outcome != conformance.Inconclusive && c.outcome != conformance.Skipped {
			counted++
		}
		r.Summary.count(c.outcome)
	}
	for _, p := range r.Parts {
		broken = broken || p.Error != "" || len(p.Problems) > 0
	}
	switch {
	case r.deviates():
		r.Exit = ExitNotConformant
	case broken:
		r.Exit = ExitBroken
	case counted == 0:
		r.Exit = ExitNothing
	case len(r.Stale) > 0:
		r.Exit = ExitStale
	}
}

// deviates tells whether a check failed that counts.
func (r *Report) deviates() bool {
	for _, c := range r.Checks {
		if c.outcome == conformance.Fail && c.level <= r.gate {
			return true
		}
	}
	return false
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
