package known

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/go-version"
)

// original is the implementation whose releases are numbers as Perl reads them.
const original = "POE::Component::IKC"

// Releases is a range of releases of an implementation, both ends included.
//
// Releases of POE::Component::IKC are decimal fractions, as on CPAN: 0.18 is before 0.1801. Those
// of all others are versions: 1.9.0 is before 1.12.0, and 2.0.0-rc1 before 2.0.0.
type Releases struct {
	Implementation string `json:"implementation"`
	// From and To are the first and the last release concerned.
	From string `json:"from"`
	To   string `json:"to"`
}

// check says what is wrong with a range that a file gives.
func (r Releases) check() error {
	if r.Implementation == "" {
		return errors.New("expected an implementation, got none")
	}
	order, err := r.compare(r.From, r.To)
	if err != nil {
		return err
	}
	if order > 0 {
		return fmt.Errorf("expected releases from and to in this order, got from %q to %q", r.From, r.To)
	}
	return nil
}

// Has tells whether a release of an implementation is in the range. One that is no version is in
// none.
func (r Releases) Has(implementation, release string) bool {
	if implementation != r.Implementation {
		return false
	}
	from, bad := r.compare(r.From, release)
	to, worse := r.compare(release, r.To)
	return bad == nil && worse == nil && from <= 0 && to <= 0
}

// compare is negative if release a is before b, positive if it is after, and 0 if they are the
// same.
func (r Releases) compare(a, b string) (int, error) {
	if r.Implementation == original {
		return compareDecimals(a, b)
	}
	x, err := parseVersion(a)
	if err != nil {
		return 0, err
	}
	y, err := parseVersion(b)
	if err != nil {
		return 0, err
	}
	return x.Compare(y), nil
}

func parseVersion(release string) (*version.Version, error) {
	v, err := version.NewVersion(release)
	if err != nil {
		return nil, fmt.Errorf("expected a release such as 1.12.0, got %q", release)
	}
	return v, nil
}

// compareDecimals compares two releases as the decimal fractions that they are.
func compareDecimals(a, b string) (int, error) {
	for _, release := range []string{a, b} {
		if whole, fraction, ok := strings.Cut(release, "."); !ok || !isDigits(whole) || !isDigits(fraction) {
			return 0, fmt.Errorf("expected a release of %s such as 0.2402, got %q", original, release)
		}
	}
	x, xFraction, _ := strings.Cut(a, ".")
	y, yFraction, _ := strings.Cut(b, ".")
	x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y),
		cmp.Compare(strings.TrimRight(xFraction, "0"), strings.TrimRight(yFraction, "0"))), nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
