package compare

import "fmt"

// Detail is one place of a value: where in the data, and what is there.
type Detail struct {
	Path string
	// Type is its type with its class, "" if the detail is of an image.
	Type string
	Text string
	// Offset is where in the image it is, in octets.
	Offset int
}

// String shows a detail of an image.
func (d Detail) String() string { return fmt.Sprintf("%6d %s %s", d.Offset, d.Path, d.Text) }

// Place is the first place at which two lists of details differ.
type Place struct {
	// Path is where, in the first list.
	Path string
	// A and B are what is there, and OffsetA and OffsetB where in the two images.
	A, B             string
	OffsetA, OffsetB int
	// Context are the lines around it, those of the first list marked with -, of the second with +.
	Context []string
}

// around is how many lines are shown before and after the first that differs.
const around = 2

// First finds where two lists differ first, nil if nowhere, or if one is nil.
func First(a, b []Detail) *Place {
	if a == nil || b == nil {
		return nil
	}
	for i := range max(len(a), len(b)) {
		x, y := at(a, i), at(b, i)
		if x.Path == y.Path && x.Text == y.Text {
			continue
		}
		place := &Place{Path: x.Path, A: x.Text, B: y.Text, OffsetA: x.Offset, OffsetB: y.Offset}
		for j := max(0, i-around); j <= i+around; j++ {
			x, y := at(a, j), at(b, j)
			if x.Path == y.Path && x.Text == y.Text {
				if j < len(a) {
					place.Context = append(place.Context, "  "+x.String())
				}
				continue
			}
			x.Text, y.Text = closeUp(x.Text, y.Text)
			place.Context = append(place.Context, "- "+x.String(), "+ "+y.String())
		}
		return place
	}
	return nil
}

// at is a detail, or the end.
func at(list []Detail, i int) Detail {
	if i < len(list) {
		return list[i]
	}
	d := Detail{Path: "message", Text: "the end"}
	if len(list) > 0 {
		d.Offset = list[len(list)-1].Offset
	}
	return d
}

const (
	// alike is how much two long texts may have in common at the start and be shown whole.
	alike = 100
	// lead is how much of it is shown otherwise, before they differ.
	lead = 40
)

// closeUp leaves out what two long texts have in common at the start.
func closeUp(x, y string) (string, string) {
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	if same <= alike {
		return x, y
	}
	skip := same - lead
	left := fmt.Sprintf("%d octets and then ...", skip)
	return left + x[skip:], left + y[skip:]
}
