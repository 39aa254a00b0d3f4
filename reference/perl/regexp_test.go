package perl

import (
	"os"
	"strings"
	"testing"
)

// TestRegexpString has modifiers as Storable of Perl 5.36 writes them, or as people do, and what
// Perls 5.32 and 5.42 show of the pattern.
func TestRegexpString(t *testing.T) {
	rows := [][2]string{{"", "(?^:a)"}, {"p", "(?^p:a)"}, {"ip", "(?^pi:a)"}, {"up", "(?^up:a)"}, {"aap", "(?^aap:a)"}, {"lp", "(?^lp:a)"},
		{"msixxnp", "(?^pmsixxn:a)"}, {"xxp", "(?^pxx:a)"}, {"np", "(?^pn:a)"}, {"uip", "(?^upi:a)"}, {"aaipm", "(?^aapmi:a)"}, {"pnx", "(?^pxn:a)"},
		{"lpxx", "(?^lpxx:a)"}, {"ims", "(?^msi:a)"}}
	if text, err := os.ReadFile("../../../shared/cases/perls/regexps-with-p.5.36.tsv"); err == nil {
		for line := range strings.Lines(string(text)) {
			if fields := strings.Split(line, "\t"); len(fields) > 2 {
				rows = append(rows, [2]string{fields[2], fields[1]})
			}
		}
	}
	for _, row := range rows {
		if got := RegexpString(NewRegexp("a", row[0])); got != row[1] {
			t.Errorf("modifiers %q: expected %s, got %s", row[0], row[1], got)
		}
	}
	if got, want := RegexpString(NewRegexp("a # b", "x")), "(?^x:a # b\n)"; got != want {
		t.Errorf("a pattern that ends within a comment: expected %q, got %q", want, got)
	}
}
