package compare

import (
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// Difference is a place at which two values differ.
type Difference struct {
	Path string
	// Kind is what differs: value, type, missing (the second has none) or extra (the first has none).
	Kind Kind
	// A and B are what is there, "" if nothing is.
	A, B string
	// TypeA and TypeB are their types.
	TypeA, TypeB string
}

// ofNumber tells whether what differs is how one number was frozen, as of dialogue.SameNumber.
func (d Difference) ofNumber() bool {
	whole, text := d.A, d.B
	if d.TypeA == perl.Bytes.String() {
		whole, text = text, whole
	}
	digits, ok := strings.CutPrefix(whole, perl.Int.String()+" ")
	if !ok || text != perl.Bytes.String()+" '"+digits+"'" {
		return false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	return err != nil || n < -128 || n > 127
}

// Kind says what differs at a place.
type Kind string

// The kinds of Difference.
const (
	OfValues Kind = "value"
	OfTypes  Kind = "type"
	Missing  Kind = "missing"
	Extra    Kind = "extra"
)

// Values tells how two values differ, as Details writes them with a root: at every place, but for
// what is below a place that differs. They do not differ if perl.Equal says so.
func Values(a, b *perl.Value, root string) []Difference {
	if perl.Equal(a, b) {
		return nil
	}
	out := Lists(Details(a, root), Details(b, root))
	if len(out) == 0 { // what is shared with what, flags of keys, or more than is looked at
		_, how, _ := strings.Cut(perl.Diff(a, b), ": ")
		x, y, _ := strings.Cut(how, ", other ")
		out = append(out, Difference{Path: root, Kind: OfTypes, A: x, B: y})
	}
	return out
}

// Lists tells how two lists of details differ, of which each has a path once.
func Lists(a, b []Detail) (out []Difference) {
	add := func(d Difference) {
		if n := len(out); n == 0 || !below(d.Path, out[n-1].Path) {
			out = append(out, d)
		}
	}
	inB, inA := paths(b), paths(a)
	for _, x := range a {
		i, ok := inB[x.Path]
		switch {
		case !ok:
			add(Difference{Path: x.Path, Kind: Missing, A: x.Text, TypeA: x.Type})
		case b[i].Text != x.Text:
			d := Difference{Path: x.Path, Kind: OfValues, TypeA: x.Type, TypeB: b[i].Type}
			if x.Type != b[i].Type {
				d.Kind = OfTypes
			}
			d.A, d.B = closeUp(x.Text, b[i].Text)
			add(d)
		}
	}
	of := len(out)
	for _, y := range b {
		if _, ok := inA[y.Path]; !ok && !slices.ContainsFunc(out[:of], func(d Difference) bool { return below(y.Path, d.Path) }) {
			add(Difference{Path: y.Path, Kind: Extra, B: y.Text, TypeB: y.Type})
		}
	}
	return out
}

func paths(list []Detail) map[string]int {
	out := make(map[string]int, len(list))
	for i, d := range list {
		out[d.Path] = i
	}
	return out
}

// below tells whether a path is that of a place below another.
func below(path, top string) bool {
	rest, ok := strings.CutPrefix(path, top)
	return ok && rest != "" && (rest[0] == '[' || rest[0] == '{')
}
