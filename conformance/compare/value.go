package compare

import (
	"fmt"
	"slices"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// maxDetails bounds the places of a value that are looked at, maxLevels how deep they are.
const (
	maxDetails = 100_000
	maxLevels  = 200
)

// Details are the places of a value, the value itself at the path root; hashes are sorted by key.
// Beyond 100,000 places and 200 levels there are none. A nil value has none.
func Details(v *perl.Value, root string) []Detail {
	if v == nil {
		return nil
	}
	w := walker{met: map[*perl.Value]string{}}
	w.walk(v, root, 0)
	return w.out
}

type walker struct {
	out []Detail
	met map[*perl.Value]string // containers, by the path at which they were met
}

func (w *walker) walk(v *perl.Value, path string, level int) {
	if len(w.out) >= maxDetails || level > maxLevels {
		return
	}
	refs := 0
	for v != nil && v.Kind() == perl.Ref && refs < maxLevels {
		refs++
		v = v.Target()
	}
	before := ""
	if refs > 1 {
		before = fmt.Sprintf("%d references to ", refs)
	} else if refs == 1 && v != nil && v.Kind() != perl.Array && v.Kind() != perl.Hash {
		before = "reference to "
	}
	if v != nil && (refs > 0 || v.Kind() == perl.Array || v.Kind() == perl.Hash) {
		if first, ok := w.met[v]; ok {
			w.out = append(w.out, Detail{Path: path, Type: "shared", Text: before + "what is at " + first})
			return
		}
		w.met[v] = path
	}
	kind, text := describe(v)
	w.out = append(w.out, Detail{Path: path, Type: before + kind, Text: before + text})
	if v == nil {
		return
	}
	switch v.Kind() {
	case perl.Array:
		for i, e := range v.Elems() {
			w.walk(e, fmt.Sprintf("%s[%d]", path, i), level+1)
		}
	case perl.Hash:
		pairs := v.Pairs()
		if !slices.IsSortedFunc(pairs, perl.Pair.Compare) {
			pairs = slices.SortedStableFunc(slices.Values(pairs), perl.Pair.Compare)
		}
		for _, p := range pairs {
			w.walk(p.Value, path+"{"+key(p)+"}", level+1)
		}
	}
}

// describe says what is at a place: its type, and what it holds unless that are places of their
// own.
func describe(v *perl.Value) (kind, text string) {
	if v == nil {
		return "nothing", "nothing"
	}
	kind = v.Kind().String()
	if class := v.Class(); class != "" {
		kind += " of class " + class
	}
	switch v.Kind() {
	case perl.Array:
		return kind, fmt.Sprintf("%s of %d", kind, len(v.Elems()))
	case perl.Hash, perl.Undef:
		return kind, kind
	}
	return kind, kind + " " + perl.Format(v, perl.FormatOptions{SortKeys: true})
}
