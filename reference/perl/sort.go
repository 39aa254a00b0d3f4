package perl

import (
	"slices"
	"strings"
)

// sortedPairs returns pairs in the order of their keys' characters, as Perl sorts them.
func sortedPairs(pairs []Pair) []Pair {
	return slices.SortedFunc(slices.Values(pairs), Pair.Compare)
}

// Name returns the key as characters in UTF-8, whichever way Perl holds it.
func (p Pair) Name() string {
	if p.Flags&KeyUTF8 != 0 {
		return p.Key
	}
	return FromLatin1(p.Key)
}

// Compare tells by the sign whether the key of p comes before that of q in the order of their
// characters, as Perl sorts them. It allocates only if one of them is UTF-8 and the other is not.
func (p Pair) Compare(q Pair) int {
	if (p.Flags^q.Flags)&KeyUTF8 == 0 {
		return strings.Compare(p.Key, q.Key) // Latin-1 and UTF-8 both sort as their characters do
	}
	return strings.Compare(p.Name(), q.Name())
}
