package report

import (
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// Kind tells what a change means.
type Kind string

// The kinds of change, from bad to good.
const (
	Broke   Kind = "broke"       // a part, or a whole report, can no longer be tried to the end
	Failure Kind = "new failure" // fails, and did not; that it is known of the new release makes it no better
	Lost    Kind = "lost"        // passed, and is no longer decided
	Changed Kind = "changed"     // anything else
	Fixed   Kind = "fixed"       // passes, and failed
)

// Kinds are all of them, from bad to good.
func Kinds() []Kind { return []Kind{Broke, Failure, Lost, Changed, Fixed} }

// Comparison is what differs between two stored runs.
type Comparison struct {
	Old Version `json:"old"`
	New Version `json:"new"`
	// Gate is the level up to which a new failure makes it worse.
	Gate    judge.Level `json:"gate"`
	Changes []Change    `json:"changes"`
	// Same counts the verdicts that are alike.
	Same int `json:"same"`
	// Worse: there is a change of the kinds broke, lost, or new failure up to the gate.
	Worse bool `json:"worse"`
	// Pages is the site that a page leads to. It is not stored.
	Pages sheet.Pages `json:"-"`
}

// Version says which run it was.
type Version struct {
	Name    string    `json:"name"`
	Started time.Time `json:"started"`
	Tool    Tool      `json:"tool"`
	Summary Summary   `json:"summary"`
}

// Change is a verdict that differs, or a part that does.
type Change struct {
	Kind    Kind   `json:"kind"`
	Subject string `json:"subject"`
	Part    string `json:"part,omitempty"`
	// Check, Level and Requirement are empty for a part or a report.
	Check       string       `json:"check,omitempty"`
	Level       *judge.Level `json:"level,omitempty"`
	Requirement string       `json:"requirement,omitempty"`
	// Old and New are outcomes, "absent" where there is no verdict.
	Old string `json:"old"`
	New string `json:"new"`
	// Detail says why it is as it is now.
	Detail string `json:"detail,omitempty" visible:"lines"`

	// What it is about in the new run, where there is something.
	result  *CheckResult
	verdict *PartVerdict
	part    *Part
}

const absent = "absent"

// Compare tells what differs between two documents. Reports are those of one subject; if there is
// only one on each side, they are compared whatever their subjects. Parts go by name, or else by
// role and dialect.
func Compare(old, current *Document, gate judge.Level) *Comparison {
	c := &Comparison{Old: version(old), New: version(current), Gate: gate}
	single := len(old.Reports) == 1 && len(current.Reports) == 1
	matched := map[*Report]bool{}
	for _, n := range current.Reports {
		i := slices.IndexFunc(old.Reports, func(o *Report) bool { return (single || o.Subject == n.Subject) && !matched[o] })
		if i < 0 {
			c.add(Change{Kind: Changed, Subject: n.Subject, Old: absent, New: n.word(), Detail: "it was not tested before"})
			continue
		}
		matched[old.Reports[i]] = true
		c.reports(old.Reports[i], n)
	}
	for _, o := range old.Reports {
		if !matched[o] {
			c.add(Change{Kind: Broke, Subject: o.Subject, Old: o.word(), New: absent, Detail: "it is no longer tested"})
		}
	}
	slices.SortStableFunc(c.Changes, func(a, b Change) int {
		return cmp.Compare(slices.Index(Kinds(), a.Kind), slices.Index(Kinds(), b.Kind))
	})
	return c
}

func version(d *Document) Version {
	v := Version{Started: d.Started, Tool: d.Tool, Summary: d.Summary()}
	for i, r := range d.Reports {
		if i > 0 {
			v.Name += "; "
		}
		v.Name += r.Name()
	}
	return v
}

// word is what a report amounts to, in a word.
func (r *Report) word() string {
	switch r.Exit {
	case ExitInterrupted:
		return "interrupted"
	case ExitConformant:
		return "conformant"
	case ExitNotConformant:
		return "not conformant"
	case ExitBroken:
		return "broken"
	case ExitSeen:
		return "conformant as far as seen"
	case ExitStale:
		return "stale " + stale(r)
	}
	return "nothing checked"
}

func (c *Comparison) add(ch Change) {
	switch {
	case ch.Kind == Broke, ch.Kind == Lost, ch.Kind == Failure && (ch.Level == nil || *ch.Level <= c.Gate):
		c.Worse = true
	}
	c.Changes = append(c.Changes, ch)
}

// partKey is what parts of two reports are matched by.
func partKey(old, current *Report) func(*Part) string {
	for _, p := range current.Parts {
		if old.Part(p.Name) != nil {
			return func(p *Part) string { return p.Name }
		}
	}
	return func(p *Part) string { return p.Role + "/" + p.Dialect + "/" + p.Serializer + "/" + p.Peer }
}

func (c *Comparison) reports(old, current *Report) {
	key := partKey(old, current)
	before, now := map[string]*Part{}, map[string]*Part{}
	for _, p := range old.Parts {
		before[key(p)] = p
	}
	for _, p := range current.Parts {
		now[key(p)] = p
		if before[key(p)] == nil {
			c.add(Change{Kind: Changed, Subject: current.Subject, Part: p.Name, Old: absent, New: "tried", Detail: "it was not tried before"})
		}
		problem := cmp.Or(p.Error, first(p.Problems))
		if o := before[key(p)]; problem != "" && o != nil && o.Error == "" && len(o.Problems) == 0 {
			c.add(Change{Kind: Broke, Subject: current.Subject, Part: p.Name, Old: "complete", New: "broken", Detail: problem})
		}
	}
	for _, p := range old.Parts {
		if now[key(p)] == nil {
			c.add(Change{Kind: Broke, Subject: current.Subject, Part: p.Name, Old: "tried", New: absent, Detail: "it is no longer tried"})
		}
	}
	results := map[string]*CheckResult{}
	for _, r := range old.Checks {
		results[r.ID] = r
	}
	for _, n := range current.Checks {
		o := results[n.ID]
		delete(results, n.ID)
		for _, v := range n.Verdicts {
			k := key(current.Part(v.Part))
			if before[k] == nil && v.Outcome != judge.Fail {
				continue // the part is new
			}
			var was *PartVerdict
			if o != nil {
				was = o.in(old, key, k)
			}
			c.verdicts(current, n, was, v, v.Part)
		}
		if o != nil {
			c.gone(old, current, o, n, key, now)
		}
	}
	for _, o := range old.Checks {
		if results[o.ID] != nil {
			c.gone(old, current, o, nil, key, now)
		}
	}
	c.segmentation(old, current, key)
}

// segmentation notes which verdicts depend on the segmentation and did not, and the other way
// round, where both runs tried that; what is known is left out. A failure that counts is a new one
// or fixed; nothing else makes anything worse.
func (c *Comparison) segmentation(old, current *Report, key func(*Part) string) {
	if old.Segmentation == nil || current.Segmentation == nil {
		return
	}
	only := func(of, than *Report, tell func(Sensitivity, *CheckResult)) {
		tried, has := map[string]bool{}, map[string]bool{}
		id := func(p *Part, s Sensitivity) string {
			return strings.Join([]string{key(p), s.Check, string(s.Segmentation)}, "\x00")
		}
		for _, p := range than.Parts {
			tried[key(p)] = true
		}
		for _, s := range than.unknownSensitivities() {
			if p := than.Part(s.Part); p != nil {
				has[id(p, s)] = true
			}
		}
		for _, s := range of.unknownSensitivities() {
			p, i := of.Part(s.Part), slices.IndexFunc(of.Checks, func(k *CheckResult) bool { return k.ID == s.Check })
			if p != nil && i >= 0 && tried[key(p)] && !has[id(p, s)] {
				tell(s, of.Checks[i])
			}
		}
	}
	change := func(s Sensitivity, k *CheckResult) Change {
		return Change{Kind: Changed, Subject: current.Subject, Part: s.Part,
			Check: s.Check, Level: &k.Level, Requirement: k.Requirement, result: k}
	}
	const independent, sensitive = "independent of the segmentation", "segmentation-sensitive"
	only(current, old, func(s Sensitivity, k *CheckResult) {
		ch := change(s, k)
		ch.Old, ch.New, ch.Detail = independent, sensitive, s.change()
		if current.counts(s) {
			ch.Kind = Failure
		}
		c.add(ch)
	})
	only(old, current, func(s Sensitivity, k *CheckResult) {
		ch := change(s, k)
		ch.Old, ch.New, ch.Detail = sensitive, independent, "with "+string(s.Segmentation)
		if old.counts(s) {
			ch.Kind = Fixed
		}
		c.add(ch)
	})
}

// gone notes the verdicts on a check that there are no more, in parts that there still are.
func (c *Comparison) gone(old, current *Report, was, is *CheckResult, key func(*Part) string, now map[string]*Part) {
	for _, v := range was.Verdicts {
		k := key(old.Part(v.Part))
		if p := now[k]; p != nil && (is == nil || is.in(current, key, k) == nil) {
			c.verdicts(current, was, v, nil, p.Name)
		}
	}
}

// in finds the verdict on the part of a key.
func (c *CheckResult) in(r *Report, key func(*Part) string, k string) *PartVerdict {
	for _, v := range c.Verdicts {
		if p := r.Part(v.Part); p != nil && key(p) == k {
			return v
		}
	}
	return nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// verdicts compares two on one check in one part; either may be nil.
func (c *Comparison) verdicts(r *Report, check *CheckResult, old, current *PartVerdict, part string) {
	level := check.Level
	ch := Change{
		Kind: Changed, Subject: r.Subject, Part: part, Check: check.ID, Level: &level, Requirement: check.Requirement,
		Old: absent, New: absent, result: check, verdict: current, part: r.Part(part),
	}
	passed, failed := old != nil && old.Outcome == judge.Pass, old != nil && old.Outcome == judge.Fail
	if old != nil {
		ch.Old = old.Outcome.String()
	}
	if current != nil {
		ch.New, ch.Detail = current.Outcome.String(), current.brief()
	}
	switch {
	case current != nil && (current.Outcome == judge.Fail && !failed || current.Outcome == judge.Known && passed):
		ch.Kind = Failure
	case current != nil && current.Outcome == judge.Pass && (failed || old != nil && old.Outcome == judge.Known):
		ch.Kind = Fixed
	case passed && (current == nil || current.Outcome == judge.Inconclusive || current.Outcome == judge.Skipped ||
		current.Outcome == judge.Seen):
		ch.Kind = Lost
	case ch.Old == ch.New && (!failed || alike(old, current)):
		c.Same++
		return
	}
	c.add(ch)
}

// alike tells whether two verdicts fail in the same way.
func alike(a, b *PartVerdict) bool {
	if len(a.Findings) == 0 || len(b.Findings) == 0 {
		return len(a.Findings) == len(b.Findings)
	}
	return a.Findings[0].Expected == b.Findings[0].Expected && a.Findings[0].Actual == b.Findings[0].Actual
}

// Count is how many checks changed in a way. A part, or a report, that broke counts as one.
func (c *Comparison) Count(k Kind) int { return len(c.groups(k)) }

// Exit is the exit status that the comparison amounts to: not conformant if something got worse.
func (c *Comparison) Exit() int {
	if c.Worse {
		return ExitNotConformant
	}
	return ExitConformant
}

// ComparisonFormats are the forms that a comparison can be written in, but for the text of
// WriteText.
func ComparisonFormats() []ComparisonFormat {
	return []ComparisonFormat{
		{"json", "a list of the changes, for programs", func(w io.Writer, c *Comparison) error { return c.WriteJSON(w) }},
		{"html", "one page that needs nothing else", WriteComparisonHTML},
		{"markdown", "a summary, for pull requests and step summaries", WriteComparisonMarkdown},
	}
}

// ComparisonFormat is a form that a comparison can be written in.
type ComparisonFormat struct {
	Name, About string
	Write       func(io.Writer, *Comparison) error
}

// WriteJSON writes the comparison for programs.
func (c *Comparison) WriteJSON(w io.Writer) error { return visible.WriteJSON(w, "report", c) }
