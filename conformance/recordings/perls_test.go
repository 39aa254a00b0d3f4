package recordings_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// gridded are the Perls and the releases of the table in captures/perls.
var (
	gridded      = []string{"5.36", "bullseye", "trixie", "sid", "trixie-i386", "sid-s390x", "trixie-armhf", "bookworm-s390x"}
	storableOnly = []string{"trixie-armhf", "bookworm-s390x"}
	// slow are cells that decide one check more, SEQ-004, since a second passes between two calls.
	slow = map[string][]int{"0.2402 sid-s390x Freezer": {1, 5}}
	// sending are those whose ClientLite sends booleans with tags of their own.
	sending        = []string{"trixie", "sid", "trixie-i386", "sid-s390x", "trixie-armhf"}
	griddedRelease = []string{"0.1904", "0.2305", "0.2402"}
)

var (
	gridRow  = regexp.MustCompile(`^(?:perl@([0-9.]+)/(\S+))? +(Storable|FreezeThaw|Freezer) +(\S.*)$`)
	gridCell = regexp.MustCompile(`(-|!|F[0-9]*|[0-9]+(?: k([0-9]+))?)(?: {2,}|$)`)
)

// TestPerls: the table in the tree is of all Perls and releases, nothing in it failed, and on every
// Perl a release does what it does on 5.36, but for the booleans of a ClientLite.
func TestPerls(t *testing.T) {
	text, err := os.ReadFile("perls/matrix.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows, target := map[string][]string{}, [2]string{}
	for line := range strings.Lines(string(text)) {
		m := gridRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		if m[1] != "" {
			target = [2]string{m[1], m[2]}
		}
		key := fmt.Sprint(target[0], " ", target[1], " ", m[3])
		for _, c := range gridCell.FindAllStringSubmatch(m[4], -1) {
			rows[key] = append(rows[key], c[1])
		}
		if len(rows[key]) != 9 {
			t.Errorf("%s: expected nine cells, got %q", key, rows[key])
		}
	}
	want := 0
	for _, release := range griddedRelease {
		for _, perl := range gridded {
			for _, serializer := range []string{"Storable", "FreezeThaw", "Freezer"} {
				if serializer != "Storable" && slices.Contains(storableOnly, perl) {
					continue
				}
				want++
				got := rows[fmt.Sprint(release, " ", perl, " ", serializer)]
				for i, usual := range rows[fmt.Sprint(release, " 5.36 ", serializer)] {
					if i >= 6 && serializer == "Storable" && slices.Contains(sending, perl) {
						usual = withKnown(t, usual)
					}
					if slices.Contains(slow[fmt.Sprint(release, " ", perl, " ", serializer)], i) {
						usual = oneMore(t, usual)
					}
					if i >= len(got) || got[i] != usual || strings.ContainsAny(usual, "F!") {
						t.Errorf("%s on %s, %s: expected %q in column %d, got %q", release, perl, serializer, usual, i+1, got)
					}
				}
			}
		}
	}
	if len(rows) != want {
		t.Errorf("expected %d rows, got %d", want, len(rows))
	}
}

// TestCapturesOfPerls: there are captures of the newest release on each Perl of the table beside
// that of all other captures, and nothing in them fails.
func TestCapturesOfPerls(t *testing.T) {
	const dir = "perls"
	missing := map[string]bool{}
	for _, perl := range gridded[1:] {
		for _, what := range []string{"client", "clientlite", "clientlite-freezer"} {
			missing[perl+"-"+what+".pcapng"] = true
		}
	}
	for _, s := range loadFrom(t, dir) {
		if !missing[s.Capture] {
			t.Errorf("%s: expected one of the table, once", s.Capture)
		}
		delete(missing, s.Capture)
		if a, b := s.Server.Versions["perl"], s.Client.Versions["perl"]; a != b || s.Server.Release != newest || s.Client.Release != newest {
			t.Errorf("%s: expected %s on one Perl, got %+v and %+v", s.Capture, newest, s.Server, s.Client)
		}
		conforms(t, dir, s)
	}
	for name := range missing {
		t.Errorf("no capture %s", name)
	}
}

// oneMore is a cell in which one check more passed.
func oneMore(t *testing.T, cell string) string {
	t.Helper()
	passed, rest, _ := strings.Cut(cell, " ")
	n, err := strconv.Atoi(passed)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprint(n+1, " ", rest))
}

// withKnown is a cell of which one check that passes is a known deviation instead.
func withKnown(t *testing.T, cell string) string {
	t.Helper()
	if cell == "-" {
		return cell
	}
	var passed, known int
	if n, _ := fmt.Sscanf(cell, "%d k%d", &passed, &known); n == 0 {
		t.Fatalf("expected a number, got %q", cell)
	}
	return fmt.Sprintf("%d k%d", passed-1, known+1)
}
