package dialogue_test

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// TestMetrics: what is counted, in the text format of Prometheus: each family once, with its type
// before its samples, and labels quoted.
func TestMetrics(t *testing.T) {
	r, err := capture.Open("../../captures/field/post-respond.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stats := dialogue.NewLiveStats(nil)
	observe := func(c *dialogue.Connection, item dialogue.Item) { _ = stats.Item(c, item) }
	opts := dialogue.Options{Related: true, Observe: observe}
	err = dialogue.ReadParts(r.Events(capture.Limits{}), opts, dialogue.Window{}, func(*dialogue.Part) {})
	if err != nil {
		t.Fatal(err)
	}
	stats.Errors["a \"quoted\" \\ name\nof two lines \xff"] = 1
	var b strings.Builder
	if err := stats.WriteMetrics(&b); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, line := range []string{
		`ikc_connections_total 2`,
		`ikc_frames_total 5`,
		`ikc_octets_total{from="client"} 654`,
		`ikc_octets_total{from="server"} 552`,
		`ikc_requests_total{state="svc/pr",kind="request"} 2`,
		`ikc_requests_total{state="svc/silent",kind="call"} 0`,
		`ikc_open{state="svc/silent"} 1`,
		`ikc_answer_seconds{state="svc/pr",quantile="0.5"} 0.001220302`,
		`ikc_answer_seconds_count{state="svc/silent"} 0`,
		`ikc_error_reports_total{operation="a \"quoted\" \\ name\nof two lines ` + "\ufffd" + `"} 1`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("expected the line %s in\n%s", line, text)
		}
	}
	typed, family := map[string]bool{}, ""
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			family, _, _ = strings.Cut(name, " ")
			if typed[family] {
				t.Errorf("%s: expected one type", family)
			}
			typed[family] = true
		} else if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, family) {
			t.Errorf("expected samples of %s, got %s", family, line)
		}
	}
}
