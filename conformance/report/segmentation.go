package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/known"
	"github.com/perl-ikc/ikc-conform/conformance/sweep"
)

// Segmentation is what repeating a run with each segmentation showed: what the subject says depends
// on how TCP cuts what it is told. A check of level MUST that fails with one, and is not known to,
// is a failure of the run in every form. What else depends on one is worth knowing: forms tell it
// as what does not count, where they have a word for that. Badges have no room.
type Segmentation struct {
	// Tried are the segmentations.
	Tried []cell.Segmentation `json:"tried"`
	// Sensitive are the verdicts that depend on one.
	Sensitive []Sensitivity `json:"sensitive"`
	// Stale are sensitivities that are known of the subject and did not show.
	Stale []known.Sensitivity `json:"stale,omitempty"`
}

// Sensitivity is a verdict that depends on a segmentation, or a part that cannot be played with
// one.
type Sensitivity struct {
	Part         string            `json:"part"`
	Segmentation cell.Segmentation `json:"segmentation"`
	// Check is empty for a part that could not be played to the end with the segmentation; Error
	// says why.
	Check string `json:"check,omitempty"`
	Error string `json:"error,omitempty"`
	// Plain is the outcome as sent, Outcome that with the segmentation; nil without a check.
	Plain   *judge.Outcome `json:"as_sent,omitempty"`
	Outcome *judge.Outcome `json:"outcome,omitempty"`
	// Finding is the first violation of the run that fails, without the exchange. Capture is where
	// it is, if that was kept.
	Finding *judge.Finding `json:"finding,omitempty"`
	Capture string         `json:"capture,omitempty"`
	// Known is the reason if it is known, else empty.
	Known string `json:"known,omitempty"`
}

// AddSegmentation adds to the report of a run what repeating it showed.
func (r *Report) AddSegmentation(s *sweep.Result) {
	r.Segmentation = &Segmentation{Tried: s.Tried, Sensitive: []Sensitivity{}, Stale: s.Stale}
	for _, f := range s.Sensitive {
		v := Sensitivity{Part: f.Cell.String(), Segmentation: f.Segmentation, Capture: f.Capture}
		if f.Check != nil {
			v.Check, v.Plain, v.Outcome = f.Check.ID, &f.Plain, &f.Outcome
		}
		if f.Err != nil {
			v.Error = f.Err.Error()
		}
		if f.Finding != nil {
			finding := *f.Finding
			finding.Exchange = nil
			v.Finding = &finding
		}
		if f.Known != nil {
			v.Known = f.Known.Reason
		}
		r.Segmentation.Sensitive = append(r.Segmentation.Sensitive, v)
	}
	r.finish()
}

// staleSensitivities are those that are known and did not show; none if the run was not repeated.
func (r *Report) staleSensitivities() []known.Sensitivity {
	if r.Segmentation == nil {
		return nil
	}
	return r.Segmentation.Stale
}

// unknownSensitivities are those that nothing explains; none if the run was not repeated.
func (r *Report) unknownSensitivities() (list []Sensitivity) {
	if r.Segmentation == nil {
		return nil
	}
	for _, s := range r.Segmentation.Sensitive {
		if s.Known == "" {
			list = append(list, s)
		}
	}
	return list
}

// counts tells whether a check of level MUST fails with the segmentation, and is not known to: what
// TCP may do to everybody's stream must not keep a kernel from interoperating.
func (r *Report) counts(s Sensitivity) bool {
	is := func(c *CheckResult) bool { return c.ID == s.Check && c.Level == judge.Must }
	return s.Known == "" && s.Outcome != nil && *s.Outcome == judge.Fail && slices.ContainsFunc(r.Checks, is)
}

// failedCut counts the checks that fail with a segmentation only, so that it counts.
func (r *Report) failedCut() int {
	var ids []string
	for _, s := range r.unknownSensitivities() {
		failed := func(c *CheckResult) bool { return c.ID == s.Check && c.Outcome == judge.Fail }
		if r.counts(s) && !slices.Contains(ids, s.Check) && !slices.ContainsFunc(r.Checks, failed) {
			ids = append(ids, s.Check)
		}
	}
	return len(ids)
}

// with are those of one segmentation, known ones or the others.
func (s *Segmentation) with(how cell.Segmentation, known bool) (list []Sensitivity) {
	for _, f := range s.Sensitive {
		if f.Segmentation == how && (f.Known != "") == known {
			list = append(list, f)
		}
	}
	return list
}

// tried names the segmentations.
func (s *Segmentation) tried() string { return joined(s.Tried) }

func joined[S ~string](list []S) string {
	var names []string
	for _, how := range list {
		names = append(names, string(how))
	}
	return strings.Join(names, ", ")
}

// what is the check, or why there is none.
func (s Sensitivity) what() string {
	if s.Check == "" {
		return s.Error
	}
	return s.Check
}

// change says how the verdict depends on the segmentation.
func (s Sensitivity) change() string {
	if s.Check == "" {
		return fmt.Sprintf("cannot be played with %s: %s", s.Segmentation, s.Error)
	}
	text := fmt.Sprintf("%s as sent, %s with %s", s.Plain, s.Outcome, s.Segmentation)
	if s.Finding != nil {
		text += fmt.Sprintf(": expected %s, got %s", s.Finding.Expected, s.Finding.Actual)
	}
	return text
}

// line tells it in a line.
func (s Sensitivity) line() string {
	if s.Check == "" {
		return s.Part + ": " + s.change()
	}
	return s.Check + ", " + s.Part + ": " + s.change()
}

func lines(list []Sensitivity) (out []string) {
	for _, s := range list {
		out = append(out, s.line())
	}
	return out
}

// staleLine tells of a known sensitivity that did not show.
func staleLine(k known.Sensitivity) string {
	return fmt.Sprintf("%s of %s %s to %s is listed as depending on the segmentation (%s), but does not: %s",
		joined(k.Roles), k.Implementation, k.From, k.To, joined(k.Segmentations), k.Reason)
}

// sensitivities writes for people what depends on the segmentation, what of it is known, and what
// is known wrongly.
func (r *Report) sensitivities(b *strings.Builder) {
	s := r.Segmentation
	if len(s.Sensitive) == 0 {
		fmt.Fprintf(b, "No verdict depends on the segmentation: %s.\n", s.tried())
	}
	title := "Segmentation-sensitive"
	if r.Exit == ExitConformant || r.Exit == ExitStale {
		title = "Conformant but segmentation-sensitive"
	}
	var failed, unknown, known, stale []string
	for _, how := range s.Tried {
		for _, f := range s.with(how, false) {
			if r.counts(f) {
				failed = append(failed, f.line())
			} else {
				unknown = append(unknown, f.line())
			}
		}
		known = append(known, summarized(s.with(how, true))...)
	}
	for _, k := range s.Stale {
		stale = append(stale, staleLine(k))
	}
	for _, part := range []struct {
		title string
		lines []string
	}{
		{"Failed with a segmentation", failed},
		{title, unknown},
		{title + ", as is known", append(known, reasons(s.Sensitive)...)},
		{"Known to depend on the segmentation, but does not, remove it from conformance/sensitivities.json", stale},
	} {
		if len(part.lines) == 0 {
			continue
		}
		fmt.Fprintln(b, part.title+":")
		for _, line := range part.lines {
			fmt.Fprintln(b, "  "+line)
		}
	}
}

// summarized tells of sensitivities with one segmentation in a line for each part: a part in which
// lines are not understood fails many checks.
func summarized(list []Sensitivity) (out []string) {
	for _, of := range byPart(list) {
		out = append(out, fmt.Sprintf("%s with %s: %s", of[0].Part, of[0].Segmentation, whats(of)))
	}
	return out
}

func byPart(list []Sensitivity) (out [][]Sensitivity) {
	for i, s := range list {
		if i == 0 || s.Part != list[i-1].Part {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

func whats(list []Sensitivity) string {
	var what []string
	for _, s := range list {
		what = append(what, s.what())
	}
	return strings.Join(what, ", ")
}

// reasons are why sensitivities are known, each once.
func reasons(list []Sensitivity) (out []string) {
	for _, s := range list {
		if line := "  " + s.Known; s.Known != "" && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

// merge takes over what repeating other parts of the same subject showed. What is stale in one of
// the two may have shown in the other.
func (s *Segmentation) merge(other *Segmentation) {
	for _, how := range other.Tried {
		if !slices.Contains(s.Tried, how) {
			s.Tried = append(s.Tried, how)
		}
	}
	s.Sensitive = append(s.Sensitive, other.Sensitive...)
	stale := append(s.Stale, other.Stale...)
	s.Stale = nil
	for _, k := range stale {
		same := func(have known.Sensitivity) bool { return have.Reason == k.Reason }
		seen := slices.ContainsFunc(s.Sensitive, func(f Sensitivity) bool { return f.Known == k.Reason })
		if !seen && !slices.ContainsFunc(s.Stale, same) {
			s.Stale = append(s.Stale, k)
		}
	}
}
