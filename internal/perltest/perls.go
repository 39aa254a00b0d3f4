package perltest

import (
	"flag"
	"os"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// GridEnv names the variable of the environment that has tests be done with each Perl of this
// machine: all, or write, which also writes down what differs.
const GridEnv = "IKC_GRID"

var structures = flag.Int("structures", 0, "structures of a differential test; 0: 5,000, 2,000 with -short")

// Structures is how many structures a differential test has with each Perl.
func Structures() int {
	switch {
	case *structures > 0:
		return *structures
	case testing.Short():
		return 2000
	}
	return 5000
}

// Need skips a test where the Perl does not have what it takes: modules are as in "use", with a
// version where one is needed, such as "Storable 3.26", or a version of Perl.
func Need(t testing.TB, p driver.Perl, modules ...string) {
	t.Helper()
	args := []string{"-e", "1"}
	for _, m := range modules {
		args = append([]string{"-M" + m}, args...)
	}
	if text, err := p.Cmd(t.Context(), args...).CombinedOutput(); err != nil {
		t.Skipf("perl %s has not all of %v: %v: %.200s", p, modules, err, text)
	}
}

// Local is the perl in PATH. Without one the test is skipped.
func Local(t testing.TB) driver.Perl {
	t.Helper()
	p, err := driver.LocalPerl()
	if err != nil {
		t.Skip(err)
	}
	return p
}

// Each does a test with the perl in PATH and, if IKC_GRID asks for it, with each other Perl of this
// machine that works.
func Each(t *testing.T, do func(t *testing.T, p driver.Perl)) {
	t.Helper()
	all := []driver.Perl{Local(t)}
	if os.Getenv(GridEnv) == "" {
		t.Logf("with the perl in PATH only: %s=all has each Perl of %s", GridEnv, driver.PerlsDir())
	} else {
		all = append(all, driver.Perls(driver.PerlsDir())...)
	}
	for _, p := range all {
		t.Run(p.String(), func(t *testing.T) {
			if p.Err != nil {
				t.Skip(p.Err)
			}
			do(t, p)
		})
	}
}
