package recordings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// ErrTable is wrapped by errors about a table of outcomes.
var ErrTable = errors.New("table of outcomes")

// Shown is what the captures show of a check for one side.
type Shown struct {
	Side wire.Role
	// Captures by outcome, in the order of the table, as paths below the directory of all captures.
	Captures map[judge.Outcome][]string
}

// ParseOutcomes reads a table as Outcomes makes it, by id of the check. Errors wrap ErrTable.
func ParseOutcomes(text string) (map[string][]Shown, error) {
	var captures []string
	shown := map[string][]Shown{}
	_, table, _ := strings.Cut(text, "\n\n")
	list, rows, found := strings.Cut(table, "\n\n")
	if !found {
		return nil, fmt.Errorf("%w: expected a list of captures, an empty line, and rows", ErrTable)
	}
	for line := range strings.Lines(list) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] != fmt.Sprint(len(captures)+1) {
			return nil, fmt.Errorf("%w: expected capture %d, got %q", ErrTable, len(captures)+1, line)
		}
		captures = append(captures, fields[1])
	}
	for line := range strings.Lines(rows) {
		id, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name, marks, _ := strings.Cut(strings.TrimLeft(rest, " "), "  ")
		side := slices.IndexFunc([]wire.Role{wire.Server, wire.Client}, func(r wire.Role) bool { return r.String() == name })
		if side < 0 || len(marks) != len(captures) {
			return nil, fmt.Errorf("%w: expected a check, a side and a mark for each of %d captures, got %q", ErrTable, len(captures), line)
		}
		of := Shown{Side: []wire.Role{wire.Server, wire.Client}[side], Captures: map[judge.Outcome][]string{}}
		for i, mark := range []byte(marks) {
			outcome, ok := outcomeOf(mark)
			if !ok {
				return nil, fmt.Errorf("%w: %s: expected one of the marks that outcomes have, got %q", ErrTable, id, mark)
			}
			of.Captures[outcome] = append(of.Captures[outcome], captures[i])
		}
		shown[id] = append(shown[id], of)
	}
	return shown, nil
}

// outcomeOf is the outcome that a mark of the table stands for.
func outcomeOf(mark byte) (judge.Outcome, bool) {
	for outcome, m := range marks {
		if m == mark {
			return outcome, true
		}
	}
	return 0, false
}
