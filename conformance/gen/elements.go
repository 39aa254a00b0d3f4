package gen

import (
	"fmt"
	"strings"
	"unicode"
)

// elementRules says what elementNames does.
const elementRules = "Its fields are Params and RSVP if all that came was asked by post, have the words of its key in the hash around it " +
	"if there is one for each (lat_lon), that of the class where always an object of one stood, and are Kernel where always the name of the kernel stood that sent it, " +
	"more than once; all others are V0, V1 and on."

// elementNames names the fields for the elements of an array, as elementRules says, and says which
// of that it was. The key is that of the array in a hash, "" if it has none.
func elementNames(s *shape, key string) (names []string, why string) {
	if s.pairs == s.arrays && len(s.elements) == 2 {
		return []string{"Params", "RSVP"}, ". All that came was asked by post"
	}
	fields := namer{"MarshalPerl": true, "UnmarshalPerl": true} // which are methods
	if words := wordsOf(key); len(words) == len(s.elements) {
		for _, w := range words {
			names = append(names, fields.pick(identifier(w)))
		}
		return names, ". Its fields have the words of its key"
	}
	for i, e := range s.elements {
		name := fmt.Sprintf("V%d", i)
		if class := sortedKeys(e.objects); e.family() == "object" {
			name = identifier(class[0][strings.LastIndexByte(class[0], ':')+1:])
		}
		if e.sender > 1 && e.sender == e.seen {
			name, why = "Kernel", ". Kernel has always named the kernel that sent it"
		}
		names = append(names, fields.pick(name))
	}
	return names, why
}

// wordsOf are the words of a key that has several, as lat_lon, each another.
func wordsOf(key string) []string {
	words := strings.FieldsFunc(key, func(r rune) bool { return strings.ContainsRune("_-,/: ", r) })
	seen := map[string]bool{}
	for _, w := range words {
		if strings.IndexFunc(w, unicode.IsLetter) != 0 || seen[w] {
			return nil
		}
		seen[w] = true
	}
	return words
}
