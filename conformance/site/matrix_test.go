package site_test

import (
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMatrices: the tables of the page have what was printed, line by line, and lead to the checks
// that a target deviates from, of its release and of its Perl.
func TestMatrices(t *testing.T) {
	page := string(whole(t).File("matrix.html"))
	tables := regexp.MustCompile(`(?s)<table class="verdicts matrix">.*?</table>`).FindAllString(page, -1)
	if len(tables) != 2 {
		t.Fatalf("expected two matrices, got %d", len(tables))
	}
	tags := regexp.MustCompile(`<[^>]*>`)
	row := regexp.MustCompile(`^(\S+)? +(Storable|FreezeThaw|Freezer)  `)
	for i, name := range []string{"releases", "perls"} {
		printed, err := os.ReadFile(filepath.Join(repository, "captures", name, "matrix.txt"))
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for line := range strings.Lines(string(printed)) {
			m := row.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			words := strings.Fields(line)
			if m[1] != "" {
				want, words = append(want, words[0]), words[1:]
			}
			want = append(want, strings.Join(words, " "))
		}
		for line := range strings.SplitSeq(tables[i], "</tr>") {
			words := strings.Fields(html.UnescapeString(tags.ReplaceAllString(line, " ")))
			if len(words) > 0 && words[0] != "Known:" && words[0] != "Target," && words[0] != "IKC0" {
				got = append(got, strings.Join(words, " "))
			}
		}
		if len(want) < 40 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: expected what was printed\n%s\ngot\n%s", name, strings.Join(want, "\n"), strings.Join(got, "\n"))
		}
	}
	for _, test := range []struct {
		table  int
		target string
		known  string // the checks, with blanks between
	}{
		{0, "reference", ""}, {0, "perl@0.2402", "ROB-001 ROB-002"},
		{0, "perl@0.2302", "HAVE-004 ERR-004 ERR-009 HS-IKC0-006 HC-IKC0-003 HC-IKC0-005 ROB-002"},
		{1, "perl@0.2402/5.36", "ROB-001 ROB-002"}, {1, "perl@0.2402/sid", "ROB-001 ROB-002 SER-004"},
		{1, "perl@0.2402/bookworm-s390x", "ROB-001 ROB-002"}, {1, "perl@0.2402/trixie-armhf", "ROB-001 ROB-002 SER-004"},
	} {
		_, rest, _ := strings.Cut(tables[test.table], ">"+test.target+"</th>")
		body, _, _ := strings.Cut(rest, "</tbody>")
		var known []string
		for _, m := range regexp.MustCompile(`<a href="checks/([^"]*).html">([^<]*)</a>`).FindAllStringSubmatch(body, -1) {
			if m[1] == m[2] {
				known = append(known, m[1])
			}
		}
		if got := strings.Join(known, " "); got != test.known {
			t.Errorf("%s: expected links to %q, got %q", test.target, test.known, got)
		}
	}
}
