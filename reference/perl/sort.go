package perl

import (
	"slices"
	"strings"
)

// sortedPairs returns pairs in the order of their keys' characters, as Perl sorts them.
func sortedPairs(pairs []Pair) []Pair {
	return slices.SortedFunc(slices.Values(pairs), func(a, b Pair) int { return strings.Compare(a.Name(), b.Name()) })
}

// Name returns the key as characters in UTF-8, whichever way Perl holds it.
func (p Pair) Name() string {
	if p.Flags&KeyUTF8 != 0 {
		return p.Key
	}
	return FromLatin1(p.Key)
}
