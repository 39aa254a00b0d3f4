package cell

import (
	"fmt"
)

// Cell is one combination that a target is tried in.
type Cell struct {
	Role    Role
	Dialect Dialect
	// Serializer is Storable if it is empty.
	Serializer Serializer
}

// String names the cell: "server, IKC0", with the serializer behind if it is not Storable.
func (c Cell) String() string {
	s := fmt.Sprintf("%s, %s", c.Role, c.Dialect)
	if c.Serializer != "" && c.Serializer != Storable {
		s += ", " + string(c.Serializer)
	}
	return s
}

// File is the name of the cell in those of files.
func (c Cell) File() string {
	s := string(c.Role) + "-" + string(c.Dialect)
	switch c.Serializer {
	case FreezeThaw:
		s += "-freezethaw"
	case Freezer:
		s += "-freezer"
	}
	return s
}

// Cells are all combinations with the serializers given, with Storable if there are none.
func Cells(serializers ...Serializer) []Cell {
	if len(serializers) == 0 {
		serializers = []Serializer{Storable}
	}
	var cells []Cell
	for _, s := range serializers {
		for _, role := range Roles() {
			for _, d := range []Dialect{IKC0, IKC, Fallback} {
				cells = append(cells, Cell{role, d, s})
			}
		}
	}
	return cells
}
