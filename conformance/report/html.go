package report

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

var (
	//go:embed page/page.tmpl
	pageText string
	//go:embed page/script.js
	pageScript string
)

var pageTemplate = sync.OnceValues(func() (*template.Template, error) { return template.New("page").Parse(pageText) })

// The page that the template shows. Classes are those of the style sheet: pass, fail, known, open,
// skip.
type (
	page struct {
		Title, Kind, Heading, Lead, Tone, Icon string
		Tool                                   string
		Style                                  template.CSS
		Script                                 template.JS
		Bar                                    []tally
		Versus                                 []side
		Facts                                  []fact
		Matrix                                 *matrix
		Segmentations                          []segmentationView
		Noticed                                []noticedView
		Things, List                           string // what is listed, in small letters, and the title of the list
		Levels, Areas, Parts                   []string
		Chips                                  []tally
		Groups                                 []group
		Footer                                 []string
	}
	// tally is a number of checks with an outcome, or of changes of a kind.
	tally struct {
		Class, Key, Mark, Word string
		Count                  int
	}
	side struct {
		Label, Name, When string
		Bar               []tally
	}
	fact  struct{ Name, Value string }
	group struct {
		Title   string
		Entries []*entry
	}
	// entry is a check, or a change.
	entry struct {
		tally
		Anchor, ID, Level, Area, Requirement, Letters, Where string
		Strip                                                []string     // a class for each part
		Page                                                 template.URL // of the check, on the site
		Meta                                                 []fact
		Parts                                                []partView
		Verdicts                                             []verdictView
		Example                                              *exampleView
	}
	partView struct {
		tally
		Title, About string
		Findings     []findingView
		Also         []alsoView
		Omitted      string
	}
	alsoView    struct{ Actual, Where string }
	verdictView struct {
		tally
		Part, Reason string
		Evidence     int
	}
	exampleView struct {
		Title   string
		Finding findingView
	}
	findingView struct {
		Good                             bool
		Expected, Actual, Where, Capture string
		Steps                            []stepView
		Wide, Narrow                     template.HTML
		Omitted                          string
	}
	// segmentationView is what depends on the segmentation in a report.
	segmentationView struct {
		Subject, Lead string
		Lines         []sensitivityView
		Notes         []matrixNote
	}
	sensitivityView struct {
		tally
		Part, Segmentation, What, Known string
	}
	// noticedView is what was noticed of captures.
	noticedView struct {
		tally
		ID, Title, Text string
		Page            template.URL
	}
	stepView struct {
		Kind, Title, Params, RSVP, Place string
		Subject                          bool
	}
)

// signs says how each outcome looks.
func signs(o judge.Outcome) tally {
	switch o {
	case judge.Pass:
		return tally{Class: "pass", Key: "pass", Mark: "✓", Word: "passed"}
	case judge.Seen:
		return tally{Class: "known", Key: "upto", Mark: "✓", Word: "passed as far as seen"}
	case judge.Fail:
		return tally{Class: "fail", Key: "fail", Mark: "✕", Word: "failed"}
	case judge.Known:
		return tally{Class: "known", Key: "known", Mark: "!", Word: "known deviations"}
	case judge.Skipped:
		return tally{Class: "skip", Key: "skip", Mark: "–", Word: "skipped"}
	}
	return tally{Class: "open", Key: "open", Mark: "?", Word: "inconclusive"}
}

// byWeight are the outcomes as lists show them, Seen only where there is one.
func byWeight(s Summary) []judge.Outcome {
	return shownOutcomes(s, judge.Fail, judge.Known, judge.Inconclusive, judge.Skipped, judge.Seen, judge.Pass)
}

// shownOutcomes leaves out Seen where nothing came to it: it is of incomplete captures.
func shownOutcomes(s Summary, all ...judge.Outcome) []judge.Outcome {
	return slices.DeleteFunc(all, func(o judge.Outcome) bool { return o == judge.Seen && s.Seen == 0 })
}

func tallies(s Summary) (out []tally) {
	for _, o := range shownOutcomes(s, judge.Pass, judge.Seen, judge.Fail, judge.Known, judge.Inconclusive, judge.Skipped) {
		t := signs(o)
		t.Count = s.Of(o)
		out = append(out, t)
	}
	return out
}

// maxDiagrams is how many diagrams a page holds, and maxDiagramsOfVerdict how many of one verdict:
// each takes about 8 KiB.
const (
	maxDiagrams          = 300
	maxDiagramsOfVerdict = 2
)

// pageMaker makes the entries of a page.
type pageMaker struct {
	page     *page
	pages    sheet.Pages
	diagrams int
	anchors  map[string]bool
	examples map[string]bool // by id of the check
}

func newPage(kind string, tool Tool, pages sheet.Pages) *pageMaker {
	return &pageMaker{pages: pages, anchors: map[string]bool{}, examples: map[string]bool{}, page: &page{
		Kind: kind, Tool: tool.Name + " " + tool.Version, Style: template.CSS(sheet.Style), Script: template.JS(pageScript),
		Levels: []string{"MUST", "SHOULD", "MAY"},
	}}
}

func (m *pageMaker) write(w io.Writer) error {
	t, err := pageTemplate()
	if err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	shown := visible.NewWriter(w)
	if err := errors.Join(t.Execute(shown, m.page), shown.Flush()); err != nil {
		return fmt.Errorf("report: page: %w", err)
	}
	return nil
}

// WriteHTML writes a document as one page that needs nothing else: no server, no network, and no
// script either, but for filters and search. What is too much for a page is left out, and it says
// so.
func WriteHTML(w io.Writer, d *Document) error {
	d = visible.Copy(d)
	m := newPage("conformance report", d.Tool, d.Pages)
	p := m.page
	p.Things, p.List = "checks", "Checks"
	p.Bar = tallies(d.Summary())
	p.Tone, p.Icon, p.Heading = tone(d.Exit, d.Reports...)
	if len(d.Reports) == 1 {
		r := d.Reports[0]
		p.Heading = r.sentence()
		p.Lead = r.Verdict()
		p.Facts = r.facts(d)
		p.Title = p.Icon + " " + r.Subject + " · " + r.word()
	} else {
		p.Lead = fmt.Sprintf("%s: %s.", plural(len(d.Reports), "report"), d.headline())
		p.Facts = []fact{{"Started", d.Started.UTC().Format(time.DateTime + " UTC")}, {"Made by", p.Tool}}
		p.Title = p.Icon + " " + d.headline()
	}
	p.Title += " · IKC conformance"
	var columns partIndex
	p.Matrix = columns.matrix(d)
	for _, r := range d.Reports {
		if r.Segmentation != nil {
			p.Segmentations = append(p.Segmentations, r.segmentationView())
		}
		p.Noticed = append(p.Noticed, r.noticedViews(d.Pages)...)
	}
	p.Parts = columns.names
	for _, o := range byWeight(d.Summary()) {
		p.Chips = append(p.Chips, signs(o))
	}
	order := slices.Clone(d.Reports) // the worst first
	slices.SortStableFunc(order, func(a, b *Report) int { return severity[b.Exit] - severity[a.Exit] })
	for i, r := range order {
		g := group{}
		if len(d.Reports) > 1 {
			g.Title = r.Name() + " — " + r.Verdict()
		}
		for _, o := range byWeight(r.Summary) {
			for _, c := range r.Checks {
				if c.Outcome == o {
					g.Entries = append(g.Entries, m.check(r, c, &columns, i))
				}
			}
		}
		p.Groups = append(p.Groups, g)
	}
	p.Areas = areas(p.Groups)
	p.Footer = []string{
		fmt.Sprintf("A check fails if it fails in any part, and passes if it passes in some and fails in none. Made by %s.", p.Tool),
	}
	if m.diagrams > maxDiagrams {
		p.Footer = append(p.Footer, fmt.Sprintf("%d diagrams were left out: a page holds %d. The JSON report has the exchanges.", m.diagrams-maxDiagrams, maxDiagrams))
	}
	return m.write(w)
}

// tone is the class of a result, its sign, and the result.
func tone(exit int, reports ...*Report) (class, icon, heading string) {
	switch exit {
	case ExitInterrupted:
		return "known", "!", "Interrupted: what was found so far"
	case ExitConformant:
		return "pass", "✓", "Conformant"
	case ExitSeen:
		return "known", "✓", "Conformant as far as seen"
	case ExitNotConformant:
		return "fail", "✕", "Not conformant"
	case ExitBroken:
		return "known", "!", "No verdict: something broke"
	case ExitStale:
		return "known", "!", "Known " + stale(reports...) + " are stale"
	}
	return "open", "?", "Nothing was checked"
}

// sentence is the result with its subject.
func (r *Report) sentence() string {
	_, _, result := tone(r.Exit, r)
	return r.Subject + ": " + strings.ToLower(result[:1]) + result[1:]
}

// maxFitFacts is how many fits of a part are shown at the top, where one capture was judged.
const maxFitFacts = 3

func (r *Report) facts(d *Document) []fact {
	var out []fact
	if h := r.Identity; h != nil {
		out = append(out, fact{"Implementation", identity(h)})
		var names []string
		for _, name := range []string{"perl", "POE", "Storable", "go"} {
			if v := h.Versions[name]; v != "" {
				names = append(names, name+" "+v)
			}
		}
		if len(names) > 0 {
			out = append(out, fact{"With", strings.Join(names, ", ")})
		}
	}
	for _, p := range r.Parts {
		for i, line := range p.fitLines() {
			if i < maxFitFacts && len(r.Parts) <= 2 {
				out = append(out, fact{"Release", line})
			}
		}
	}
	out = append(out, fact{"Gate", "up to " + r.Gate.String()}, fact{"Started", r.Started.UTC().Format(time.DateTime + " UTC")})
	if r.Took > 0 {
		out = append(out, fact{"Took", clock(r.Took.Seconds())})
	}
	return append(out, fact{"Made by", d.Tool.Name + " " + d.Tool.Version})
}

func area(id string) string {
	if i := strings.LastIndexByte(id, '-'); i > 0 {
		return id[:i]
	}
	return id
}

func areas(groups []group) (out []string) {
	for _, g := range groups {
		for _, e := range g.Entries {
			if e.Area != "" && !slices.Contains(out, e.Area) {
				out = append(out, e.Area)
			}
		}
	}
	slices.Sort(out)
	return out
}

// anchor makes a name for an entry that links may lead to: the id of the check, which other reports
// on the page prefix.
func (m *pageMaker) anchor(id string, report int) string {
	name := id
	if m.anchors[name] {
		name = fmt.Sprintf("r%d-%s", report+1, id)
	}
	for i := 2; m.anchors[name]; i++ {
		name = fmt.Sprintf("r%d-%s-%d", report+1, id, i)
	}
	m.anchors[name] = true
	return name
}

func (m *pageMaker) check(r *Report, c *CheckResult, columns *partIndex, report int) *entry {
	e := &entry{
		tally: signs(c.Outcome), Anchor: m.anchor(c.ID, report), ID: c.ID, Level: c.Level.String(), Area: area(c.ID), Requirement: c.Requirement,
		Page: template.URL(m.pages.Check(c.ID)), Meta: meta(c), Where: "Part",
	}
	if c.Outcome == judge.Fail && !c.Counts(r.Gate) {
		e.Meta = append(e.Meta, fact{"Gate", fmt.Sprintf("a %v does not count in this run", c.Level)})
	}
	letters := bytes.Repeat([]byte("-"), len(columns.names))
	for _, p := range r.Parts {
		class := "none"
		for _, v := range c.Verdicts {
			if v.Part != p.Name {
				continue
			}
			t := signs(v.Outcome)
			class = t.Class
			if i, ok := columns.index[p]; ok {
				letters[i] = t.Key[0]
			}
			e.add(verdictView{tally{Class: t.Class, Mark: t.Mark, Word: v.Outcome.String()}, p.Name, v.Reason, v.Evidence})
			if len(v.Findings) > 0 {
				e.Parts = append(e.Parts, m.part(p, v))
			}
		}
		e.Strip = append(e.Strip, class)
	}
	e.Letters = string(letters)
	if x := c.Example; x != nil {
		e.Example = &exampleView{Title: x.Part, Finding: m.finding(x.Finding, tested(r.Part(x.Part)), true, !m.examples[c.ID])}
		m.examples[c.ID] = true
	}
	return e
}

// add adds a verdict to the table of an entry. Parts of which the same is to be said share a line.
func (e *entry) add(v verdictView) {
	for i := range e.Verdicts {
		if have := &e.Verdicts[i]; have.Word == v.Word && have.Reason == v.Reason {
			have.Part += "; " + v.Part
			have.Evidence += v.Evidence
			return
		}
	}
	e.Verdicts = append(e.Verdicts, v)
}

// segmentationView shows what depends on the segmentation: a line for each verdict, and then one
// for each part in which that is known.
func (r *Report) segmentationView() segmentationView {
	s := r.Segmentation
	v := segmentationView{Subject: r.Name(), Lead: "No verdict depends on it: " + s.tried() + "."}
	if len(s.Sensitive) > 0 {
		v.Lead = "These verdicts depend on how TCP cuts what the target is told. A MUST that fails so counts, if it is not known; the rest does not."
	}
	for _, f := range r.unknownSensitivities() {
		is := tally{Class: "known", Mark: "!", Word: "not known"}
		if r.counts(f) {
			is = tally{Class: "fail", Mark: "✕", Word: "failed"}
		}
		v.Lines = append(v.Lines, sensitivityView{is, f.Part, string(f.Segmentation), f.what() + ": " + f.change(), ""})
	}
	for _, how := range s.Tried {
		for _, of := range byPart(s.with(how, true)) {
			v.Lines = append(v.Lines, sensitivityView{tally{Class: "open", Mark: "✓", Word: "known"}, of[0].Part, string(how), whats(of), of[0].Known})
		}
	}
	for _, k := range s.Stale {
		v.Notes = append(v.Notes, matrixNote{staleLine(k), true})
	}
	return v
}

func meta(c *CheckResult) []fact {
	out := []fact{{"Source", c.Source}}
	if c.Rationale != "" {
		out = append(out, fact{"Why", c.Rationale})
	}
	if c.Reduced != "" {
		out = append(out, fact{"Smallest capture that shows it", c.Reduced})
	}
	if c.Party != "" {
		out = append(out, fact{"Binds", "the " + c.Party})
	}
	if c.Needs != "" {
		out = append(out, fact{"Evidence", c.Needs})
	}
	if c.Reason != "" {
		out = append(out, fact{"Reason", c.Reason})
	}
	return out
}

// tested is the side of a part that is under test.
func tested(p *Part) string {
	switch {
	case p == nil || p.Role == "":
		return ""
	case p.Role == "server":
		return "server"
	}
	return "client"
}

// part shows what was wrong in a part.
func (m *pageMaker) part(p *Part, v *PartVerdict) partView {
	n := len(v.Findings) + v.More
	view := partView{tally: signs(v.Outcome), Title: p.Name, About: fmt.Sprintf("%d of %s disagree", n, plural(v.Evidence, "piece")+" of evidence")}
	if v.Evidence == 1 {
		view.About = "the one piece of evidence disagrees"
	}
	for i, f := range v.Findings {
		if i >= maxDiagramsOfVerdict {
			view.Also = append(view.Also, alsoView{f.Actual, f.Where()})
			continue
		}
		fv := m.finding(f, tested(p), false, true)
		fv.Capture = v.Capture
		view.Findings = append(view.Findings, fv)
	}
	if v.More > 0 {
		view.Omitted = fmt.Sprintf("%d more were only counted: a report keeps %d of each verdict.", v.More, MaxKeptFindings)
	}
	return view
}

// finding shows a finding, and the exchange if it is wanted and there is room.
func (m *pageMaker) finding(f judge.Finding, tested string, good, wanted bool) findingView {
	v := findingView{Good: good, Expected: f.Expected, Actual: f.Actual, Where: f.Where()}
	switch {
	case len(f.Exchange) == 0:
		return v
	case !wanted:
		v.Omitted = "The page shows the exchange with another report; the JSON report has this one."
		return v
	case !good:
		if m.diagrams++; m.diagrams > maxDiagrams {
			v.Omitted = "The exchange is left out of this page; the JSON report has it."
			return v
		}
	}
	for _, s := range f.Exchange {
		v.Steps = append(v.Steps, stepView{
			Kind: s.Kind, Title: number(s) + s.Title, Params: cmp.Or(s.Value, s.Params), RSVP: s.RSVP, Place: place(s), Subject: s.Subject,
		})
	}
	v.Wide = (&diagram{steps: f.Exchange, tested: tested, good: good}).draw()
	v.Narrow = (&diagram{steps: f.Exchange, tested: tested, good: good, narrow: true}).draw()
	return v
}
