package dialogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ForeignSummary sums up how many connections are not IKC, by what they look like: "" if there are
// no more than most of each.
func ForeignSummary(foreign map[string]int, most int) string {
	all, many := 0, false
	var kinds []string
	for _, looks := range slices.Sorted(maps.Keys(foreign)) {
		n := foreign[looks]
		all += n
		many = many || n > most
		kinds = append(kinds, fmt.Sprintf("%d %s", n, looks))
	}
	if !many {
		return ""
	}
	return fmt.Sprintf("%d connections are not IKC, by what they look like: %s", all, strings.Join(kinds, ", "))
}
