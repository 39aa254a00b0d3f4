package dialogue

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// WriteMetrics writes the counts in the text format of Prometheus, version 0.0.4. Times are in
// seconds, and those of a sample where there are many.
func (s *Stats) WriteMetrics(w io.Writer) error {
	s.finish()
	var b strings.Builder
	family := func(name, kind, help string) {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
	}
	one := func(name, help string, n int) {
		family(name, "counter", help)
		fmt.Fprintf(&b, "%s %d\n", name, n)
	}
	one("ikc_connections_total", "Connections of IKC.", s.Connections)
	one("ikc_lines_total", "Lines of negotiations.", s.Lines)
	one("ikc_frames_total", "Frames.", s.Frames)
	one("ikc_unreadable_frames_total", "Frames that are no message.", s.Unreadable)
	one("ikc_gaps_total", "Places where octets are missing.", s.Gaps)
	family("ikc_octets_total", "counter", "Octets of lines and frames.")
	for _, side := range []wire.Role{wire.Client, wire.Server} {
		fmt.Fprintf(&b, "ikc_octets_total{from=\"%v\"} %d\n", side, s.Octets[side])
	}
	family("ikc_requests_total", "counter", "Messages to a state: posts, posts that ask for a response, calls.")
	s.each(&b, "ikc_requests_total", "kind=\"post\"", func(st *StateStats) int { return st.Posts })
	s.each(&b, "ikc_requests_total", "kind=\"request\"", func(st *StateStats) int { return st.Requests })
	s.each(&b, "ikc_requests_total", "kind=\"call\"", func(st *StateStats) int { return st.Calls })
	family("ikc_open", "gauge", "Calls, and posts that ask for a response, that nothing has come back for.")
	s.each(&b, "ikc_open", "", func(st *StateStats) int { return st.Unanswered })
	family("ikc_errors_total", "counter", "Requests that an error report came back for.")
	s.each(&b, "ikc_errors_total", "", func(st *StateStats) int { return st.Errors })
	family("ikc_ambiguous_total", "counter", "Answers that may be for one of several requests.")
	s.each(&b, "ikc_ambiguous_total", "", func(st *StateStats) int { return st.Ambiguous })
	family("ikc_answer_seconds", "summary", "From a request to its answer.")
	for _, st := range s.States {
		label := "state=" + quoted(st.State)
		for _, q := range []struct {
			at      string
			seconds float64
		}{{"0.5", st.P50}, {"0.9", st.P90}, {"0.99", st.P99}, {"1", st.Max}} {
			if st.Answered > 0 {
				fmt.Fprintf(&b, "ikc_answer_seconds{%s,quantile=%q} %s\n", label, q.at, number(q.seconds))
			}
		}
		fmt.Fprintf(&b, "ikc_answer_seconds_sum{%s} %s\nikc_answer_seconds_count{%s} %d\n", label, number(st.sum.Seconds()), label, st.Answered)
	}
	family("ikc_error_reports_total", "counter", "Error reports, by operation.")
	for _, operation := range slices.Sorted(maps.Keys(s.Errors)) {
		fmt.Fprintf(&b, "ikc_error_reports_total{operation=%s} %d\n", quoted(operation), s.Errors[operation])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// each writes what is counted of each state. more is another label, "" if there is none.
func (s *Stats) each(b *strings.Builder, name, more string, count func(*StateStats) int) {
	if more != "" {
		more = "," + more
	}
	for _, st := range s.States {
		fmt.Fprintf(b, "%s{state=%s%s} %d\n", name, quoted(st.State), more, count(st))
	}
}

// quoted is the value of a label.
func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\ufffd")) + `"`
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
