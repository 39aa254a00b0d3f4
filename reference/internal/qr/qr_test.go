package qr_test

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/internal/qr"
)

func TestLook(t *testing.T) {
	for _, row := range []struct {
		pattern, modifiers string
		want               qr.Traits
	}{
		{"", "", qr.Traits{}},
		{"a # b", "", qr.Traits{}},
		{"a # b", "x", qr.Traits{RunsOn: true}},
		{"a # b\n", "x", qr.Traits{}},
		{`a \#`, "x", qr.Traits{}},
		{"[#", "x", qr.Traits{}},
		{"[[:alpha:]#]", "x", qr.Traits{}},
		{"(?x)a # b", "", qr.Traits{RunsOn: true}},
		{"(?x:a)#", "", qr.Traits{}},
		{"(?^x:a # b\n)", "", qr.Traits{}},
		{"(?-x:a)# (?p:a)", "x", qr.Traits{RunsOn: true}},
		{"a(?^px:b)", "", qr.Traits{Keeps: true}},
		{"(?#", "x", qr.Traits{}},
		{"(?", "x", qr.Traits{}},
		{`\`, "x", qr.Traits{}},
		{"[[:", "x", qr.Traits{}},
	} {
		if got := qr.Look(row.pattern, row.modifiers); got != row.want {
			t.Errorf("qr/%s/%s: expected %+v, got %+v", row.pattern, row.modifiers, row.want, got)
		}
	}
}

// TestPerl compares with what Perl makes of random patterns.
func TestPerl(t *testing.T) {
	perltest.Each(t, func(t *testing.T, p driver.Perl) {
		const count = 3000
		cmd := p.Cmd(t.Context(), "testdata/patterns.pl", "1", fmt.Sprint(count))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		lines, traits := 0, map[qr.Traits]int{}
		for line := range strings.Lines(string(out)) {
			var octets, modifiers string
			var newline, keeps int
			if _, err := fmt.Sscan(line, &octets, &modifiers, &newline, &keeps); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			pattern, err := hex.DecodeString(strings.TrimPrefix(octets, "-"))
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			want := qr.Traits{RunsOn: newline == 1, Keeps: keeps == 1}
			if got := qr.Look(string(pattern), strings.TrimPrefix(modifiers, "-")); got != want {
				t.Errorf("qr/%s/%s: expected %+v, got %+v", pattern, modifiers, want, got)
			}
			traits[want]++
			lines++
		}
		if lines != count || traits[qr.Traits{RunsOn: true}] < 50 || traits[qr.Traits{Keeps: true}] < 50 {
			t.Errorf("expected %d patterns, got %d: %v", count, lines, traits)
		}
	})
}
