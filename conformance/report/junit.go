package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// The elements and attributes of JUnit XML that Jenkins' junit-10.xsd and windyroad's JUnit.xsd
// both accept. They differ in what they demand; this keeps both.
type (
	junitSuites struct {
		XMLName xml.Name      `xml:"testsuites"`
		Suites  []*junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Package    string          `xml:"package,attr"`
		ID         int             `xml:"id,attr"`
		Name       string          `xml:"name,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		Hostname   string          `xml:"hostname,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []*junitCase    `xml:"testcase"`
		Out        string          `xml:"system-out"`
		Err        string          `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitMessage `xml:"skipped"`
		Error     *junitMessage `xml:"error"`
		Failure   *junitMessage `xml:"failure"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes a document as JUnit XML: a test suite for each part of each report, a test case
// for each check. A failure that does not count, a known deviation, and what could not be decided
// are skipped, with the reason; what broke, or was interrupted, is an error. What depends on the
// segmentation is a suite of its own: a case for each segmentation that was tried, failed if
// a check of level MUST fails with it, skipped if something else depends on it, since that does not
// count. Sensitivities that are known and did not show
// are an error, so that the suite is not good where the exit status is not.
func WriteJUnit(w io.Writer, d *Document) error {
	d = visible.Copy(d)
	var all junitSuites
	for _, r := range d.Reports {
		for _, p := range r.Parts {
			s := r.junit(p)
			s.ID = len(all.Suites)
			all.Suites = append(all.Suites, s)
		}
		if r.Partial != "" {
			s := r.junitPartial()
			s.ID = len(all.Suites)
			all.Suites = append(all.Suites, s)
		}
		if r.Segmentation != nil {
			s := r.junitSegmentation()
			s.ID = len(all.Suites)
			all.Suites = append(all.Suites, s)
		}
	}
	var b strings.Builder
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return visible.Print(w, b.String()+"\n")
}

func (r *Report) junit(p *Part) *junitSuite {
	s := &junitSuite{
		Package: token(r.Subject), Name: token(r.Subject + ", " + p.Name), Hostname: "localhost",
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Time: fmt.Sprintf("%.3f", p.Took.Seconds()),
	}
	property := func(name, value string) {
		if value != "" {
			s.Properties = append(s.Properties, junitProperty{name, value})
		}
	}
	if r.Identity != nil {
		property("implementation", r.Identity.Implementation)
		property("release", r.Identity.Release)
	}
	property("gate", r.Gate.String())
	property("role", p.Role)
	property("dialect", p.Dialect)
	property("serializer", p.Serializer)
	property("peer", p.Peer)
	property("capture", p.Capture)
	for _, lack := range p.Lacks {
		property("not in the capture", lack)
	}
	s.Out = strings.Join(p.Notes, "\n")
	class := token(r.Subject + "." + strings.ReplaceAll(p.Name, ", ", "."))
	add := func(c *junitCase) {
		c.ClassName, c.Time = class, "0"
		s.Cases = append(s.Cases, c)
		s.Tests++
	}
	if p.Skipped != "" {
		add(&junitCase{Name: "target", Skipped: &junitMessage{Message: p.Skipped}})
		s.Skipped++
	}
	problems := p.Problems
	if p.Error != "" {
		problems = append([]string{p.Error}, problems...)
	}
	if len(problems) > 0 {
		add(&junitCase{Name: "target", Error: &junitMessage{Message: problems[0], Type: "broken", Text: strings.Join(problems, "\n")}})
		s.Errors++
	}
	for _, c := range r.Checks {
		for _, v := range c.Verdicts {
			if v.Part != p.Name {
				continue
			}
			k := &junitCase{Name: token(c.ID + " " + c.Requirement)}
			add(k)
			switch {
			case v.Outcome == judge.Fail && c.Level <= r.Gate:
				s.Failures++
				k.Failure = &junitMessage{Message: v.brief(), Type: c.Level.String(),
					Text: fmt.Sprintf("%s (%v) %s\nsource: %s\n%s", c.ID, c.Level, c.Requirement, c.Source, v.detail())}
			case v.Outcome == judge.Fail:
				s.Skipped++
				k.Skipped = &junitMessage{Message: fmt.Sprintf("failed, but a %v does not count: %s", c.Level, v.brief())}
			case v.Outcome != judge.Pass:
				s.Skipped++
				k.Skipped = &junitMessage{Message: v.Outcome.String() + ": " + v.Reason}
			}
		}
	}
	return s
}

// junitPartial is a suite for an error: that an interrupt ended the work.
func (r *Report) junitPartial() *junitSuite {
	return &junitSuite{
		Package: token(r.Subject), Name: token(r.Subject + ", interrupted"), Hostname: "localhost",
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Time: "0", Tests: 1, Errors: 1,
		Cases: []*junitCase{{Name: "target", ClassName: token(r.Subject + ".interrupted"), Time: "0",
			Error: &junitMessage{Message: interrupted(r), Type: "interrupted"}}},
	}
}

func (r *Report) junitSegmentation() *junitSuite {
	s := &junitSuite{
		Package: token(r.Subject), Name: token(r.Subject + ", segmentation"), Hostname: "localhost",
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Time: "0",
	}
	add := func(name string) *junitCase {
		c := &junitCase{Name: name, ClassName: token(r.Subject + ".segmentation"), Time: "0"}
		s.Cases = append(s.Cases, c)
		s.Tests++
		return c
	}
	for _, how := range r.Segmentation.Tried {
		c := add(string(how))
		list := append(lines(r.Segmentation.with(how, false)), summarized(r.Segmentation.with(how, true))...)
		message := &junitMessage{Message: "depends on it: " + strings.Join(list, "; ")}
		switch {
		case slices.ContainsFunc(r.Segmentation.with(how, false), r.counts):
			s.Failures++
			message.Type, c.Failure = judge.Must.String(), message
		case len(list) > 0:
			s.Skipped++
			c.Skipped = message
		}
	}
	for _, k := range r.Segmentation.Stale {
		s.Errors++
		add("known sensitivities").Error = &junitMessage{Message: staleLine(k), Type: "stale"}
	}
	return s
}

// token makes an xs:token of a text: no space but single ones in the middle.
func token(s string) string { return strings.Join(strings.Fields(s), " ") }
