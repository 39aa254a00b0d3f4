package conformance

import (
	_ "embed" // sensitivities.json
	"encoding/json"
	"fmt"
	"slices"
)

// Segmentation is how what the two sides of a connection say is cut into pieces on its way, and how the connection ends. TCP is
// a stream: verdicts must not depend on it.
type Segmentation string

// The segmentations.
const (
	// AsSent passes everything on as it came.
	AsSent Segmentation = ""
	// SingleOctets passes octets on one by one.
	SingleOctets Segmentation = "single octets"
	// LineEndsCut passes the LF of a line on some time after its CR.
	LineEndsCut Segmentation = "line ends cut"
	// Coalesced waits for more and passes it on in one piece.
	Coalesced Segmentation = "coalesced"
	// Pieces passes pieces on that end in the middle of lines and frames, the rest of each some time later.
	Pieces Segmentation = "delayed pieces"
	// ResetEnds ends connections that the client closes with a reset (RST) instead of a FIN.
	ResetEnds Segmentation = "RST for FIN"
)

// Segmentations are all but AsSent.
func Segmentations() []Segmentation {
	return []Segmentation{SingleOctets, LineEndsCut, Coalesced, Pieces, ResetEnds}
}

// KnownSensitivity is a dependence on the segmentation that releases of an implementation are known to have.
type KnownSensitivity struct {
	Segmentations []Segmentation `json:"segmentations"`
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

// KnownSensitivities reads those that come with this package.
func KnownSensitivities() ([]KnownSensitivity, error) {
	var list []KnownSensitivity
	if err := json.Unmarshal(sensitivitiesJSON, &list); err != nil {
		return nil, fmt.Errorf("known sensitivities: %w", err)
	}
	for i, k := range list {
		for _, s := range k.Segmentations {
			if !slices.Contains(Segmentations(), s) {
				return nil, fmt.Errorf("known sensitivities: entry %d: expected one of %q, got %q", i+1, Segmentations(), s)
			}
		}
		if len(k.Segmentations) == 0 || len(k.Roles) == 0 || k.Implementation == "" || k.Reason == "" || k.From > k.To {
			return nil, fmt.Errorf("known sensitivities: entry %d: expected segmentations, roles, an implementation, releases from and to, and a reason; got %+v", i+1, k)
		}
	}
	return list, nil
}

// Of tells whether a release of an implementation is known for it.
func (k KnownSensitivity) Of(implementation, release string) bool {
	return k.Implementation == implementation && release >= k.From && release <= k.To
}

// Covers tells whether it explains verdicts of a role that depend on a segmentation.
func (k KnownSensitivity) Covers(role string, s Segmentation) bool {
	return slices.Contains(k.Roles, role) && slices.Contains(k.Segmentations, s)
}
