package perltest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// Difference is something that a module of Perl writes or reads otherwise than Go does, on purpose.
type Difference struct {
	Module string
	// From is the first of the versions tried that has it, "" for all.
	From string
	Text string
}

// The differences that there are. All else is equal.
var (
	BooleanTags = &Difference{"Storable", "3.32", "Booleans have tags of their own, of which Storable of Perl 5.36 dies. " +
		"Go writes them if `FreezeOptions.Booleans` asks for it, else `1` and the empty string, which every Perl reads."}
	LockedBooleans = &Difference{"Storable", "3.32", "A boolean that is read-only, such as one in a locked hash, is written as a string. Go keeps it a boolean."}
	DumpedBooleans = &Difference{"Data::Dumper", "2.189", "Booleans are `!!1` and `!!0`. Go reads them, and writes `1` and `''`, which every Perl reads."}
	RepeatedTexts  = &Difference{"FreezeThaw", "", "Regexps that have the same text are taken for one, and one that comes twice is thawed as one that matches " +
		"anything. Two such make a text that cannot be thawed. Go reads what there is to read, and writes each where it stands."}
	NULKeys = &Difference{"Data::Dumper", "", "The path to what is shared below an array below a key with a NUL has other octets of memory behind the NUL. " +
		"Go writes the key."}
)

// Differences are all, in the order in which they are told.
var Differences = []*Difference{BooleanTags, LockedBooleans, DumpedBooleans, NULKeys, RepeatedTexts}

// In tells whether a version of the module has the difference.
func (d *Difference) In(version string) bool {
	return d.From == "" || number(version) >= number(d.From)
}

// number is a version of Perl's modules as a number: 3.37 of 3.37_01.
func number(version string) (n float64) {
	_, _ = fmt.Sscan(strings.Split(version, "_")[0], &n)
	return n
}

// Table shows the differences, as Markdown.
func Table() string {
	var b strings.Builder
	b.WriteString("| module | from | what it does |\n|---|---|---|\n")
	for _, d := range Differences {
		from := d.From
		if from == "" {
			from = "all"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", d.Module, from, d.Text)
	}
	return b.String()
}

// Seen counts in how many structures differences showed.
type Seen map[*Difference]int

// Hold fails a test of so many structures with a Perl if a difference of a module did not show
// though its version has it, or the other way round.
func (s Seen) Hold(t *testing.T, with driver.Perl, module string, structures int) {
	t.Helper()
	const enough = 1000 // structures, for each difference to show
	versions, err := with.About(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range Differences {
		if d.Module != module {
			continue
		}
		n, has := s[d], d.In(versions[module])
		if n > 0 && !has || n == 0 && has && structures >= enough {
			t.Errorf("%s %s: expected this to show: %v, got it in %d of %d structures: %s", module, versions[module], has, n, structures, d.Text)
		}
		t.Logf("%s %s: in %d of %d structures: %s", module, versions[module], n, structures, d.Text)
	}
}
