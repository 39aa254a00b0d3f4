// Package report turns what runs and judges found into something to read: by people, by CI
// services, or by programs.
//
// A [Document] holds the reports of one use of the command, is stored as JSON ([Schema]), and can
// be read again, merged with others, compared with an older one, and rendered in each of [Formats].
package report

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Exit statuses of the command.
const (
	ExitConformant    = 0
	ExitNotConformant = 1
	ExitUsage         = 2
	ExitBroken        = 3 // the target or the harness broke
	ExitStale         = 4 // a known deviation no longer deviates, or a known sensitivity no longer shows
	ExitNothing       = 5 // nothing was checked
	ExitSeen          = 7 // conformant as far as seen: a capture is incomplete; 6 is of other commands
	// ExitInterrupted is that of a process that SIGINT ended, as shells give it: an interrupt ended
	// the work, and the report is of what was found by then.
	ExitInterrupted = 130
)

// Report is the outcome of a run over one target, or of judging files.
type Report struct {
	// Subject is the target, or what was judged.
	Subject  string        `json:"subject"`
	Identity *driver.Hello `json:"identity,omitempty"`
	Started  time.Time     `json:"started"`
	Took     time.Duration `json:"took_ns"`
	// Gate is the level up to which a failed check counts.
	Gate    judge.Level    `json:"gate"`
	Parts   []*Part        `json:"parts"`
	Checks  []*CheckResult `json:"checks"`
	Summary Summary        `json:"summary"`
	// Partial says where an interrupt ended the work: the report is of what was found by then.
	// Empty if the work came to its end.
	Partial string `json:"partial,omitempty"`
	// Exit is the exit status that the report amounts to.
	Exit int `json:"exit"`
	// Deviations are those that are known of the subject; of captures, those that do not show in them.
	// Stale are the ones among them that did not show, though the check was decided.
	Deviations known.Deviations `json:"deviations,omitempty"`
	Stale      known.Deviations `json:"stale,omitempty"`
	// Flapped are the checks that did not always come to the same, of a target that was tried several
	// times.
	Flapped []Flapped `json:"flapped,omitempty"`
	// Noticed is what is worth knowing of captures without being a violation. It does not count.
	Noticed []*Noticed `json:"noticed,omitempty"`
	// Segmentation is set if the run was repeated with each segmentation.
	Segmentation *Segmentation `json:"segmentation,omitempty"`
}

// Problems are what kept parts from being tried to the end, in order.
func (r *Report) Problems() (out []string) {
	for _, p := range r.Parts {
		out = append(out, p.Problems...)
		if p.Error != "" {
			out = append(out, p.Error)
		}
	}
	return out
}

// Part is one cell of a run, or one side of a file.
type Part struct {
	Name string `json:"name"`
	// Run is the number of the run that it is of, if there were several; the name ends with it.
	Run int `json:"run,omitempty"`
	// Role is what the subject is in it: server, client or clientlite. Dialect is IKC0, IKC or
	// fallback, Serializer the Perl package; each is empty if any may occur.
	Role       string `json:"role"`
	Dialect    string `json:"dialect,omitempty"`
	Serializer string `json:"serializer,omitempty"`
	// Peer is the implementation on the other side, empty for the harness, or if unknown.
	Peer     string        `json:"peer,omitempty"`
	Capture  string        `json:"capture,omitempty"`
	Took     time.Duration `json:"took_ns,omitempty"`
	Summary  Summary       `json:"summary"`
	Skipped  string        `json:"skipped,omitempty"`
	Problems []string      `json:"problems,omitempty" visible:"lines"`
	Notes    []string      `json:"notes,omitempty" visible:"lines"`
	// Lacks says what the capture does not hold: then nothing passes but as far as seen.
	Lacks []string `json:"lacks,omitempty"`
	Error string   `json:"error,omitempty" visible:"lines"`
	// Fits say, of a side of a capture, which releases its kernels can be, and MoreFits how many
	// kernels are of others.
	Fits     []*Fit `json:"fits,omitempty"`
	MoreFits int    `json:"more_fits,omitempty"`
}

// CheckResult is what a check came to over all parts.
type CheckResult struct {
	ID          string         `json:"id"`
	Level       judge.Level    `json:"level"`
	Party       string         `json:"party"`
	Requirement string         `json:"requirement"`
	Source      string         `json:"source"`
	Rationale   string         `json:"rationale,omitempty"`
	Needs       string         `json:"needs,omitempty"`
	Outcome     judge.Outcome  `json:"outcome"`
	Reason      string         `json:"reason,omitempty"`
	Verdicts    []*PartVerdict `json:"verdicts"`
	// Reduced is the smallest capture that shows that it fails, "" if nobody asked for one.
	Reduced string `json:"reduced,omitempty"`
	// Example is evidence that agrees, from the first part that has some.
	Example *Example `json:"example,omitempty"`
}

// Example is a piece of evidence that agrees with a check.
type Example struct {
	Part string `json:"part"`
	judge.Finding
}

// PartVerdict is what a check came to in one part.
type PartVerdict struct {
	Part     string        `json:"part"`
	Outcome  judge.Outcome `json:"outcome"`
	Evidence int           `json:"evidence"`
	// Findings are the first violations; More counts those that were left out.
	Findings []judge.Finding `json:"findings,omitempty"`
	More     int             `json:"more,omitempty"`
	Reason   string          `json:"reason,omitempty"`
	// Capture is the file that the findings are in, if it was kept.
	Capture string `json:"capture,omitempty"`
}

// MaxFindings is how many findings of a verdict a report keeps, and MaxExchanges for how many of
// them, in the order of the findings, it keeps the exchange. The rest is counted, or says where it
// is.
const (
	MaxKeptFindings = 20
	MaxExchanges    = 5
)

// Summary counts checks by outcome.
type Summary struct {
	Passed int `json:"passed"`
	// Seen counts those that passed as far as an incomplete capture shows.
	Seen         int `json:"passed_as_far_as_seen,omitempty"`
	Failed       int `json:"failed"`
	Known        int `json:"known_deviations"`
	Inconclusive int `json:"inconclusive"`
	Skipped      int `json:"skipped"`
}

// Of is how many came to an outcome.
func (s Summary) Of(o judge.Outcome) int { return *s.counter(o) }

// Total is how many there are.
func (s Summary) Total() int {
	return s.Passed + s.Seen + s.Failed + s.Known + s.Inconclusive + s.Skipped
}

func (s *Summary) counter(o judge.Outcome) *int {
	switch o {
	case judge.Pass:
		return &s.Passed
	case judge.Seen:
		return &s.Seen
	case judge.Fail:
		return &s.Failed
	case judge.Known:
		return &s.Known
	case judge.Skipped:
		return &s.Skipped
	}
	return &s.Inconclusive
}

// FromRun makes a report of a run. gate is the level up to which a failed check counts against the
// target; known are the deviations that do not, for targets that say who they are.
func FromRun(r *cell.TargetResult, gate judge.Level, known known.Deviations) *Report {
	rep := &Report{Subject: r.Target, Identity: r.Identity, Started: r.Started, Took: r.Took, Gate: gate}
	if r.Identity != nil {
		rep.Deviations = known.Of(r.Identity.Implementation, r.Identity.Release, r.Identity.Versions)
	}
	for _, c := range r.Cells {
		p := &Part{
			Name: c.Cell.String(), Role: string(c.Cell.Role), Dialect: string(c.Cell.Dialect), Serializer: string(c.Cell.Serializer),
			Capture: c.Capture, Took: c.Took, Skipped: c.Skipped, Problems: c.Problems, Notes: c.Notes,
		}
		if c.Err != nil {
			p.Error = visible.Error(c.Err)
		}
		rep.add(p, c.Verdicts)
	}
	if r.Untried > 0 {
		rep.Partial = fmt.Sprintf("%d of %s tried to the end", len(r.Cells), plural(len(r.Cells)+r.Untried, "combination"))
	}
	rep.finish()
	return rep
}

// Interrupt marks the report as partial: where says where an interrupt ended the work.
func (r *Report) Interrupt(where string) {
	r.Partial = where
	r.finish()
}

// FromFiles makes a report of judged captures, a part for each side. unseen are deviations that
// should have shown, and did not.
func FromFiles(files []*judge.Judgement, gate judge.Level, unseen known.Deviations) *Report {
	rep := &Report{Subject: "captures", Started: time.Now(), Gate: gate}
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
			side := f.Verdicts[i].Side.String()
			p := &Part{Name: filepath.Base(f.File) + ", " + side, Role: side, Capture: f.File}
			p.Fits, p.MoreFits = fits(f, f.Verdicts[i].Side)
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
		first.Notes, first.Lacks = f.Notes, f.Lacks
		for _, n := range f.Noticed {
			rep.Noticed = append(rep.Noticed, &Noticed{Capture: f.File, Finding: *n})
		}
		if f.Stopped {
			rep.Partial = "not all that was captured has been read"
		}
		if err := f.Failed(); err != nil {
			first.Error = visible.Error(err)
		}
	}
	rep.Deviations = unseen
	rep.finish()
	return rep
}

// excuse explains problems of a part by deviations whose checks were not selected, so that they
// cannot show.
func (r *Report) excuse(p *Part, verdicts []judge.Verdict) {
	for i := range r.Deviations {
		d := &r.Deviations[i]
		if slices.Contains(d.Prevents, p.Role+"/"+p.Dialect) &&
			!slices.ContainsFunc(verdicts, func(v judge.Verdict) bool { return v.Check.ID == d.Check }) {
			p.explain(d)
		}
	}
}

// explain makes notes of the problems that a known deviation is the cause of.
func (p *Part) explain(d *known.Deviation) {
	for _, problem := range p.Problems {
		p.Notes = append(p.Notes, fmt.Sprintf("because of %s, which is known: %s", d.Check, problem))
	}
	p.Problems = nil
}

func (r *Report) add(p *Part, verdicts []judge.Verdict) {
	r.Parts = append(r.Parts, p)
	r.excuse(p, verdicts)
	for _, v := range verdicts {
		if d := r.Deviations.Find(v.Check.ID); d != nil && v.Outcome == judge.Fail {
			v.Outcome, v.Reason = judge.Known, d.Reason
			if slices.Contains(d.Prevents, p.Role+"/"+p.Dialect) {
				p.explain(d)
			}
		}
		*p.Summary.counter(v.Outcome)++
		kept := slices.Clone(v.Findings[:min(len(v.Findings), MaxKeptFindings)])
		for i := range kept {
			if i >= MaxExchanges {
				kept[i].Exchange = nil
			}
		}
		verdict := &PartVerdict{
			Part: p.Name, Outcome: v.Outcome, Evidence: v.Evidence, Findings: kept, More: v.More + len(v.Findings) - len(kept), Reason: v.Reason,
		}
		if len(kept) > 0 {
			verdict.Capture = p.Capture
		}
		k := r.result(v.Check)
		k.Verdicts = append(k.Verdicts, verdict)
		if k.Example == nil && v.Example != nil {
			k.Example = &Example{Part: p.Name, Finding: *v.Example}
		}
	}
}

func (r *Report) result(c *judge.Check) *CheckResult {
	for _, k := range r.Checks {
		if k.ID == c.ID {
			return k
		}
	}
	k := &CheckResult{
		ID: c.ID, Level: c.Level, Party: c.Party.String(), Requirement: c.Requirement, Source: c.Source,
		Rationale: c.Rationale, Needs: c.Needs,
	}
	r.Checks = append(r.Checks, k)
	return k
}

// Part returns the part of a name, nil if there is none.
func (r *Report) Part(name string) *Part {
	for _, p := range r.Parts {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// finish sums up.
func (r *Report) finish() {
	counted, broken, lacking := 0, false, false
	r.Summary, r.Stale, r.Exit = Summary{}, nil, ExitConformant
	for _, c := range r.Checks {
		c.decide()
		if d := r.Deviations.Find(c.ID); d != nil && !d.Sometimes && c.Outcome == judge.Pass && r.tried(d.Roles) {
			r.Stale = append(r.Stale, *d)
		}
		if c.Outcome != judge.Inconclusive && c.Outcome != judge.Skipped {
			counted++
		}
		*r.Summary.counter(c.Outcome)++
	}
	r.Flapped = r.flaps()
	for _, p := range r.Parts {
		broken = broken || p.Error != "" || len(p.Problems) > 0
		lacking = lacking || len(p.Lacks) > 0
	}
	switch {
	case r.Partial != "":
		r.Exit = ExitInterrupted
	case r.deviates():
		r.Exit = ExitNotConformant
	case broken:
		r.Exit = ExitBroken
	case counted == 0:
		r.Exit = ExitNothing
	case lacking || r.Summary.Seen > 0:
		r.Exit = ExitSeen
	case len(r.Stale)+len(r.staleSensitivities()) > 0:
		r.Exit = ExitStale
	}
}

// tried tells whether a part is of one of the roles, or whether there are none.
func (r *Report) tried(roles []cell.Role) bool {
	return len(roles) == 0 || slices.ContainsFunc(r.Parts, func(p *Part) bool { return slices.Contains(roles, cell.Role(p.Role)) })
}

// decide says what a check came to: it fails if it fails anywhere, and passes if it passes
// somewhere; as far as seen, if that is so anywhere.
func (c *CheckResult) decide() {
	c.Outcome, c.Reason = judge.Inconclusive, ""
	skipped := 0
	for _, v := range c.Verdicts {
		switch v.Outcome {
		case judge.Fail:
			c.Outcome, c.Reason = judge.Fail, ""
		case judge.Known:
			if c.Outcome != judge.Fail {
				c.Outcome, c.Reason = judge.Known, v.Reason
			}
		case judge.Seen:
			if c.Outcome == judge.Inconclusive || c.Outcome == judge.Pass {
				c.Outcome, c.Reason = judge.Seen, v.Reason
			}
		case judge.Pass:
			if c.Outcome == judge.Inconclusive {
				c.Outcome, c.Reason = judge.Pass, ""
			}
		case judge.Skipped:
			skipped++
			fallthrough
		default:
			if c.Outcome == judge.Inconclusive {
				c.Reason = v.Reason
			}
		}
	}
	if skipped == len(c.Verdicts) && skipped > 0 {
		c.Outcome = judge.Skipped
	}
}

// deviates tells whether a check failed that counts, as sent or with a segmentation.
func (r *Report) deviates() bool {
	return slices.ContainsFunc(r.Checks, func(c *CheckResult) bool { return c.Counts(r.Gate) }) ||
		slices.ContainsFunc(r.unknownSensitivities(), r.counts)
}

// Counts tells whether a check failed and counts.
func (c *CheckResult) Counts(gate judge.Level) bool {
	return c.Outcome == judge.Fail && c.Level <= gate
}

// stale says of what reports list as known and what does not show; it is meant for those with
// ExitStale.
func stale(reports ...*Report) string {
	deviations, sensitivities := false, false
	for _, r := range reports {
		deviations = deviations || len(r.Stale) > 0
		sensitivities = sensitivities || len(r.staleSensitivities()) > 0
	}
	switch {
	case deviations && sensitivities:
		return "deviations and sensitivities"
	case sensitivities:
		return "sensitivities"
	}
	return "deviations"
}

// Name is the subject with what it says it is.
func (r *Report) Name() string {
	if r.Identity == nil {
		return r.Subject
	}
	return r.Subject + ": " + identity(r.Identity)
}

func identity(h *driver.Hello) string {
	return cmp.Or(h.Implementation, "unknown") + " " + h.Release
}
