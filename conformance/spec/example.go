package spec

import (
	_ "embed" // examples.json
	"encoding/json"
)

// Example is an exchange that agrees with a check, as a real kernel had it.
type Example struct {
	Check string `json:"check"`
	// Capture is where it is from, a file under captures/ or the run of an implementation, and Where
	// the place in it.
	Capture string   `json:"capture"`
	Where   string   `json:"where"`
	Lines   []string `json:"lines"`
}

//go:embed examples.json
var examplesJSON []byte

// Examples returns an example for each check. 'make rejudge' collects those that the captures of
// release 0.2402 show, 'make examples' the others.
func Examples() (map[string]Example, error) {
	var list []Example
	if err := json.Unmarshal(examplesJSON, &list); err != nil {
		return nil, err
	}
	byCheck := make(map[string]Example, len(list))
	for _, e := range list {
		byCheck[e.Check] = e
	}
	return byCheck, nil
}
