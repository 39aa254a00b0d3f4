package known

import (
	_ "embed"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
)

// Deviation is a requirement that releases of an implementation are known to violate.
type Deviation struct {
	Check string `json:"check"`
	Releases
	Reason string `json:"reason"`
	// Roles are those in which it shows, if that is not any in which the check is decided: where
	// none of them was tried, it is not stale.
	Roles []cell.Role `json:"roles,omitempty"`
	// Sometimes: it depends on the time, so that it is not stale where it does not show.
	Sometimes bool `json:"sometimes,omitempty"`
	// Prevents are the combinations that cannot be tried to the end because of it, as role/dialect.
	// Problems there are explained by it, if it shows.
	Prevents []string `json:"prevents,omitempty"`
}

// Deviations are what is known.
type Deviations []Deviation

//go:embed deviations.json
var deviationsJSON []byte

// Load reads the deviations that come with this package, and those of files in the same
// form. One that names no check of the catalogue, or gives no reason, is an error.
func Load(files ...string) (Deviations, error) {
	all, err := parseDeviations("deviations.json", deviationsJSON)
	if err != nil {
		return nil, err
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("known deviations: %w", err)
		}
		more, err := parseDeviations(path, b)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

func parseDeviations(name string, b []byte) (Deviations, error) {
	entries, err := readEntries(b)
	if err != nil {
		return nil, fmt.Errorf("known deviations: %s:%w", name, err)
	}
	var list Deviations
	catalogue := checks.Catalogue()
	for _, e := range entries {
		d, err := e.read(catalogue)
		if err != nil {
			return nil, fmt.Errorf("known deviations: %s:%v: entry %d: %w", name, e.at, len(list)+1, err)
		}
		list = append(list, d)
	}
	return list, nil
}

// Of returns the deviations of a release, and those of the Perl among the versions that it runs on.
func (ds Deviations) Of(implementation, release string, versions map[string]string) Deviations {
	return slices.DeleteFunc(slices.Clone(ds), func(d Deviation) bool {
		return !d.Has(implementation, release) && !d.Has(perl, series(versions[perl]))
	})
}

// series is the stable version of Perl that a version is of: 5.40 of 5.40.1.
func series(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// Find returns the deviation from a check, nil if there is none.
func (ds Deviations) Find(check string) *Deviation {
	for i := range ds {
		if ds[i].Check == check {
			return &ds[i]
		}
	}
	return nil
}
