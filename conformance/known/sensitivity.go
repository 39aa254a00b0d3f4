package known

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
)

// Sensitivity is a dependence on the segmentation that releases of an implementation are known to have.
type Sensitivity struct {
	Segmentations []cell.Segmentation `json:"segmentations"`
	// Roles are those in which it shows: server, client, clientlite.
	Roles          []string `json:"roles"`
	Implementation string   `json:"implementation"`
	// From and To are the first and the last release concerned, compared as strings.
	From   string `json:"from"`
	To     string `json:"to"`
	Reason string `json:"reason"`
}

//go:embed sensitivities.json
var sensitivitiesJSON []byte

// Sensitivities reads those that come with this package.
func Sensitivities() ([]Sensitivity, error) {
	var list []Sensitivity
	if err := json.Unmarshal(sensitivitiesJSON, &list); err != nil {
		return nil, fmt.Errorf("known sensitivities: %w", err)
	}
	for i, k := range list {
		for _, s := range k.Segmentations {
			if !slices.Contains(cell.Segmentations(), s) {
				return nil, fmt.Errorf("known sensitivities: entry %d: expected one of %q, got %q", i+1, cell.Segmentations(), s)
			}
		}
		if len(k.Segmentations) == 0 || len(k.Roles) == 0 || k.Implementation == "" || k.Reason == "" || k.From > k.To {
			return nil, fmt.Errorf("known sensitivities: entry %d: expected segmentations, roles, an implementation, releases from and to, and a reason; got %+v", i+1, k)
		}
	}
	return list, nil
}

// Of tells whether a release of an implementation is known for it.
func (k Sensitivity) Of(implementation, release string) bool {
	return k.Implementation == implementation && release >= k.From && release <= k.To
}

// Covers tells whether it explains verdicts of a role that depend on a segmentation.
func (k Sensitivity) Covers(role string, s cell.Segmentation) bool {
	return slices.Contains(k.Roles, role) && slices.Contains(k.Segmentations, s)
}
