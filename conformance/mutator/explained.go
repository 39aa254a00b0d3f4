package mutator

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Explanation says why no check can notice mutations of some kinds.
type Explanation struct {
	// Op and Place are those of the mutations: all of the name, or its beginning if a * is behind it.
	// Empty for any.
	Op    string `json:"op"`
	Place string `json:"place"`
	// Reason is a sentence.
	Reason string `json:"reason"`
}

//go:embed explained.json
var explanations []byte

// Explained lists the explanations that there are.
func Explained() (list []Explanation, err error) {
	if err := json.Unmarshal(explanations, &list); err != nil {
		return nil, fmt.Errorf("conformance/mutator/explained.json: %w", err)
	}
	for i, e := range list {
		if e.Reason == "" || e.Op == "" && e.Place == "" {
			return nil, fmt.Errorf("conformance/mutator/explained.json: entry %d: expected a reason, and op or place, got %+v", i+1, e)
		}
	}
	return list, nil
}

// of tells whether a mutation is of the kinds.
func (e *Explanation) of(m *Mutation) bool { return matches(e.Op, m.Op) && matches(e.Place, m.Place) }

func matches(pattern, name string) bool {
	if beginning, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, beginning)
	}
	return pattern == "" || pattern == name
}

// explain is the explanation of a mutation, nil if there is none.
func explain(m *Mutation, list []Explanation) *Explanation {
	for i := range list {
		if list[i].of(m) {
			return &list[i]
		}
	}
	return nil
}
