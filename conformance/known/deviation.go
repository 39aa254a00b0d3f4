package known

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
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
	var list Deviations
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("known deviations: %s: expected a list of deviations: %w", name, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("known deviations: %s: expected one list and nothing behind it", name)
	}
	catalogue := checks.Catalogue()
	for i, d := range list {
		if !slices.ContainsFunc(catalogue, func(c *judge.Check) bool { return c.ID == d.Check }) {
			return nil, fmt.Errorf("known deviations: %s: entry %d: expected a check of the catalogue, got %q", name, i+1, d.Check)
		}
		if d.Reason == "" {
			return nil, fmt.Errorf("known deviations: %s: entry %d: expected a reason, got none", name, i+1)
		}
		if err := d.check(); err != nil {
			return nil, fmt.Errorf("known deviations: %s: entry %d: %w", name, i+1, err)
		}
		for _, role := range d.Roles {
			if !slices.ContainsFunc(cell.Cells(), func(c cell.Cell) bool { return role == c.Role }) {
				return nil, fmt.Errorf("known deviations: %s: entry %d: roles: expected server, client or clientlite, got %q", name, i+1, role)
			}
		}
		for _, p := range d.Prevents {
			if !slices.ContainsFunc(cell.Cells(), func(c cell.Cell) bool { return p == string(c.Role)+"/"+string(c.Dialect) }) {
				return nil, fmt.Errorf("known deviations: %s: entry %d: prevents: expected role/dialect such as client/IKC0, got %q", name, i+1, p)
			}
		}
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
