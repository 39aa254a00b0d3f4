package compare

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// What is shown of a shape.
const (
	maxShapeLevels = 6
	maxShapeKeys   = 24
	maxShape       = 400 // octets
	maxShapePlaces = 100_000
)

// Shape is the type of a value and of what it holds:
//
//	{'id' => integer, 'tags' => [byte string ...]}
//
// A list whose elements have one shape is shown with one element, a hash of more than 24 keys by
// the shapes of its values. What may differ, as allows says of the pieces of its path, is "any";
// allows may be nil. It has at most 400 octets and 6 levels, beyond which stands "...".
func Shape(v *perl.Value, allows func(steps []string) bool) string {
	s := shaper{allows: allows}
	text := s.shape(v, nil, 0)
	if len(text) > maxShape {
		text = strings.ToValidUTF8(text[:maxShape], "") + "..."
	}
	return text
}

type shaper struct {
	allows func([]string) bool
	seen   int
}

func (s *shaper) shape(v *perl.Value, steps []string, level int) string {
	if s.allows != nil && s.allows(steps) {
		return "any"
	}
	before := ""
	if v != nil && v.Kind() == perl.Ref {
		target := v.Target()
		if target == nil || target.Kind() != perl.Array && target.Kind() != perl.Hash {
			before = "reference to "
		}
		v = target
	}
	if s.seen++; level > maxShapeLevels || s.seen > maxShapePlaces {
		return "..."
	}
	kind := "nothing"
	if v != nil {
		kind = v.Kind().String()
		if class := v.Class(); class != "" {
			before += "object of " + class + " "
		}
		switch v.Kind() {
		case perl.Array:
			return before + s.array(v.Elems(), steps, level+1)
		case perl.Hash:
			return before + s.hash(v.Pairs(), steps, level+1)
		case perl.Ref:
			return before + s.shape(v, steps, level+1)
		}
	}
	return before + kind
}

func (s *shaper) array(list []*perl.Value, steps []string, level int) string {
	var shapes []string
	for i, e := range list {
		shapes = append(shapes, s.shape(e, append(slices.Clip(steps), fmt.Sprintf("[%d]", i)), level))
	}
	if same := slices.Compact(slices.Clone(shapes)); len(same) == 1 && len(list) > 1 {
		return "[" + same[0] + " ...]"
	}
	return "[" + strings.Join(shapes, ", ") + "]"
}

func (s *shaper) hash(pairs []perl.Pair, steps []string, level int) string {
	sorted := slices.SortedStableFunc(slices.Values(pairs), perl.Pair.Compare)
	var out []string
	for _, p := range sorted {
		shape := s.shape(p.Value, append(slices.Clip(steps), "{"+key(p)+"}"), level)
		if len(sorted) <= maxShapeKeys {
			shape = key(p) + " => " + shape
		}
		out = append(out, shape)
	}
	if len(sorted) > maxShapeKeys {
		slices.Sort(out)
		return "{... => " + strings.Join(slices.Compact(out), " or ") + "}"
	}
	return "{" + strings.Join(out, ", ") + "}"
}

// key is the key of a pair as paths have it.
func key(p perl.Pair) string {
	v := perl.NewBytes(p.Key)
	if p.Flags&perl.KeyUTF8 != 0 {
		v = perl.NewText(p.Key)
	}
	return perl.Format(v, perl.FormatOptions{})
}
