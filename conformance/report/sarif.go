package report

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	sheet "github.com/perl-ikc/ikc-conform/conformance/page"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// The part of SARIF 2.1.0 that is used.
type (
	sarifLog struct {
		Schema  string      `json:"$schema"`
		Version string      `json:"version"`
		Runs    []*sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Language    string            `json:"language"`
		Automation  sarifAutomation   `json:"automationDetails"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Language       string      `json:"language"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string       `json:"id"`
		Short   sarifText    `json:"shortDescription"`
		Full    sarifText    `json:"fullDescription"`
		Help    sarifText    `json:"help"`
		HelpURI string       `json:"helpUri,omitempty"`
		Default sarifDefault `json:"defaultConfiguration"`
	}
	sarifDefault struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifAutomation struct {
		ID string `json:"id"`
	}
	sarifInvocation struct {
		Successful bool                `json:"executionSuccessful"`
		ExitCode   int                 `json:"exitCode"`
		Start      string              `json:"startTimeUtc"`
		Notices    []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Kind         string             `json:"kind"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
	sarifLogical struct {
		Name          string `json:"name"`
		QualifiedName string `json:"fullyQualifiedName"`
		Kind          string `json:"kind"`
	}
)

const (
	sarifSchema   = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifLanguage = "en-US"
	projectURL    = "https://github.com/perl-ikc/ikc-conform"
)

// WriteSARIF writes a document as SARIF 2.1.0: a run for each report, a rule for each check, a
// result for each part in which a check failed. GitHub shows a result only at a line of a file:
// that is the capture, if it was kept, or else the name of the target; where in it is among the
// logical locations and in the message. A verdict that depends on a segmentation is a result as
// well, an error if it counts, else a note, suppressed if it is known; what is stale of that is a
// notification.
func WriteSARIF(w io.Writer, d *Document) error {
	all := sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []*sarifRun{}}
	for _, r := range d.Reports {
		all.Runs = append(all.Runs, r.sarif(d.Tool, d.Pages))
	}
	e := visible.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

// sarifLevel is how SARIF weighs a level.
func sarifLevel(l judge.Level) string {
	return [...]string{"error", "warning", "note"}[l]
}

func (r *Report) sarif(tool Tool, pages sheet.Pages) *sarifRun {
	run := &sarifRun{
		Tool: sarifTool{sarifDriver{Name: tool.Name, Version: tool.Version,
			InformationURI: projectURL, Language: sarifLanguage, Rules: []sarifRule{}}},
		Language:   sarifLanguage,
		Automation: sarifAutomation{ID: "ikc-conform/" + r.Subject + "/"},
		Results:    []sarifResult{},
	}
	ended := r.Exit != ExitBroken && r.Exit != ExitInterrupted
	invocation := sarifInvocation{Successful: ended, ExitCode: r.Exit, Start: r.Started.UTC().Format("2006-01-02T15:04:05.000Z")}
	for _, p := range r.Parts {
		for _, problem := range append([]string{p.Error}, p.Problems...) {
			if problem != "" {
				invocation.Notices = append(invocation.Notices, sarifNotification{"error", sarifText{p.Name + ": " + problem}})
			}
		}
	}
	if r.Partial != "" {
		invocation.Notices = append(invocation.Notices, sarifNotification{"error", sarifText{interrupted(r)}})
	}
	for _, p := range r.Parts {
		for _, lack := range p.Lacks {
			invocation.Notices = append(invocation.Notices, sarifNotification{"warning", sarifText{p.Name + ": not in the capture: " + lack}})
		}
	}
	for _, k := range r.staleSensitivities() {
		invocation.Notices = append(invocation.Notices, sarifNotification{"warning", sarifText{staleLine(k)}})
	}
	run.Invocations = []sarifInvocation{invocation}
	for i, c := range r.Checks {
		full := c.Requirement
		if c.Rationale != "" {
			full += " " + c.Rationale
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: c.ID, Short: sarifText{c.Requirement}, Full: sarifText{full},
			Help:    sarifText{fmt.Sprintf("Source: %s. `ikc-conform explain %s` has the rest.", c.Source, c.ID)},
			HelpURI: pages.Check(c.ID),
			Default: sarifDefault{sarifLevel(c.Level)},
		})
		for _, v := range c.Verdicts {
			if v.Outcome == judge.Fail || v.Outcome == judge.Known {
				run.Results = append(run.Results, r.sarifResult(i, c, v))
			}
		}
		if r.Segmentation == nil {
			continue
		}
		for _, s := range r.Segmentation.Sensitive {
			if s.Check == c.ID {
				run.Results = append(run.Results, r.sarifSensitivity(i, s))
			}
		}
	}
	r.sarifNoticed(run, pages)
	return run
}

// sarifNoticed adds what was noticed: notes, whatever their severity, since they are no failures.
func (r *Report) sarifNoticed(run *sarifRun, pages sheet.Pages) {
	rules := map[string]int{}
	for _, n := range r.Noticed {
		rule, ok := rules[n.ID]
		if !ok {
			rule = len(run.Tool.Driver.Rules)
			rules[n.ID] = rule
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
				ID: n.ID, Short: sarifText{n.Title}, Full: sarifText{n.Title},
				Help:    sarifText{fmt.Sprintf("`ikc-conform explain %s` says why, and what to do.", n.ID)},
				HelpURI: pages.Notice(n.ID),
				Default: sarifDefault{"note"},
			})
		}
		run.Results = append(run.Results, sarifResult{
			RuleID: n.ID, RuleIndex: rule, Kind: "fail", Level: "note", Message: sarifText{n.Line()},
			Locations: []sarifLocation{{
				Physical: sarifPhysical{sarifArtifact{artifact(n.Capture, r.Subject)}, sarifRegion{1}},
				Logical:  []sarifLogical{{Name: "noticed", QualifiedName: fmt.Sprintf("%s, connection %d", r.Subject, n.First[0].Connection), Kind: "member"}},
			}},
			Fingerprints: map[string]string{"check/v1": strings.Join([]string{r.Subject, n.ID, n.About}, "|")},
		})
	}
}

func (r *Report) sarifResult(rule int, c *CheckResult, v *PartVerdict) sarifResult {
	where := v.Part
	if len(v.Findings) > 0 {
		where += ", " + v.Findings[0].Where()
	}
	res := sarifResult{
		RuleID: c.ID, RuleIndex: rule, Kind: "fail", Level: sarifLevel(c.Level),
		Message: sarifText{fmt.Sprintf("%s In %s of %s: %s", c.Requirement, v.Part, r.Subject, v.brief())},
		Locations: []sarifLocation{{
			Physical: sarifPhysical{sarifArtifact{artifact(v.Capture, r.Subject)}, sarifRegion{1}},
			Logical:  []sarifLogical{{Name: v.Part, QualifiedName: r.Subject + ", " + where, Kind: "member"}},
		}},
		Fingerprints: map[string]string{"check/v1": strings.Join([]string{r.Subject, v.Part, c.ID}, "|")},
	}
	if v.Outcome == judge.Known {
		res.Suppressions = []sarifSuppression{{"external", v.Reason}}
	}
	return res
}

func (r *Report) sarifSensitivity(rule int, s Sensitivity) sarifResult {
	res := sarifResult{
		RuleID: s.Check, RuleIndex: rule, Kind: "fail", Level: "note",
		Message: sarifText{fmt.Sprintf("It depends on the segmentation. In %s of %s: %s", s.Part, r.Subject, s.change())},
		Locations: []sarifLocation{{
			Physical: sarifPhysical{sarifArtifact{artifact(s.Capture, r.Subject)}, sarifRegion{1}},
			Logical:  []sarifLogical{{Name: s.Part, QualifiedName: fmt.Sprintf("%s, %s with %s", r.Subject, s.Part, s.Segmentation), Kind: "member"}},
		}},
		Fingerprints: map[string]string{"check/v1": strings.Join([]string{r.Subject, s.Part, s.Check, string(s.Segmentation)}, "|")},
	}
	if r.counts(s) {
		res.Level = sarifLevel(judge.Must)
	}
	if s.Known != "" {
		res.Suppressions = []sarifSuppression{{"external", s.Known}}
	}
	return res
}

// artifact is the URI reference of a file that a result is about: the capture, or one named like
// the subject.
func artifact(capture, subject string) string {
	name := capture
	if name == "" {
		name = subject
	}
	name = filepath.ToSlash(name)
	var b strings.Builder
	for _, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/@", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
