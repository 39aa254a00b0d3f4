package known

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/conformance/cell"
)

// Sensitivity is a dependence on the segmentation that releases of an implementation are known to
// have.
type Sensitivity struct {
	Segmentations []cell.Segmentation `json:"segmentations"`
	// Roles are those in which it shows: server, client, clientlite.
	Roles []cell.Role `json:"roles"`
	Releases
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
		for _, r := range k.Roles {
			if !slices.Contains(cell.Roles(), r) {
				return nil, fmt.Errorf("known sensitivities: entry %d: expected one of %q, got %q", i+1, cell.Roles(), r)
			}
		}
		if len(k.Segmentations) == 0 || len(k.Roles) == 0 || k.Reason == "" {
			return nil, fmt.Errorf("known sensitivities: entry %d: expected segmentations, roles and a reason; got %+v", i+1, k)
		}
		if err := k.check(); err != nil {
			return nil, fmt.Errorf("known sensitivities: entry %d: %w", i+1, err)
		}
	}
	return list, nil
}

// Covers tells whether it explains verdicts of a role that depend on a segmentation.
func (k Sensitivity) Covers(role cell.Role, s cell.Segmentation) bool {
	return slices.Contains(k.Roles, role) && slices.Contains(k.Segmentations, s)
}
