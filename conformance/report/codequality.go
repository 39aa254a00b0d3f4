package report

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/internal/visible"
)

// codeQuality is an entry of GitLab's code quality report.
type codeQuality struct {
	Description string   `json:"description"`
	CheckName   string   `json:"check_name"`
	Fingerprint string   `json:"fingerprint"`
	Severity    string   `json:"severity"`
	Location    location `json:"location"`
}

type location struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

// WriteCodeQuality writes a document as a code quality report of GitLab: an entry for each part in
// which a check failed. Its fingerprint is that of the check, the subject and the part, so that
// GitLab tells new ones from old ones. A verdict that depends on a segmentation, and is not known
// to, is an entry for information if it does not count. GitLab has no word for what is known or
// stale.
func WriteCodeQuality(w io.Writer, d *Document) error {
	entries := []codeQuality{}
	for _, r := range d.Reports {
		for _, c := range r.Checks {
			for _, v := range c.Verdicts {
				if v.Outcome != judge.Fail {
					continue
				}
				sum := sha256.Sum256([]byte(strings.Join([]string{r.Subject, v.Part, c.ID}, "\x00")))
				e := codeQuality{
					Description: fmt.Sprintf("%s %s (%s, %s) %s", c.ID, c.Requirement, r.Subject, v.Part, v.brief()),
					CheckName:   c.ID, Fingerprint: hex.EncodeToString(sum[:16]),
					Severity: [...]string{"critical", "major", "minor"}[c.Level],
				}
				e.Location.Path, e.Location.Lines.Begin = artifact(v.Capture, r.Subject), 1
				entries = append(entries, e)
			}
		}
		for _, s := range r.unknownSensitivities() {
			sum := sha256.Sum256([]byte(strings.Join([]string{r.Subject, s.Part, s.Check, string(s.Segmentation)}, "\x00")))
			e := codeQuality{
				Description: fmt.Sprintf("%s depends on the segmentation (%s, %s): %s", s.Check, r.Subject, s.Part, s.change()),
				CheckName:   s.Check, Fingerprint: hex.EncodeToString(sum[:16]), Severity: "info",
			}
			if r.counts(s) {
				e.Severity = "critical"
			}
			e.Location.Path, e.Location.Lines.Begin = artifact(s.Capture, r.Subject), 1
			entries = append(entries, e)
		}
	}
	e := visible.NewEncoder(w)
	e.SetIndent("", " ")
	if err := e.Encode(entries); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
