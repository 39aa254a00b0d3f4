package oracle

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// detail is one value of an image: where in the data, where in the image, and its tag and content.
type detail struct {
	path   string
	offset int
	text   string
}

// node is a line of storable.Dump and those that belong to it.
type node struct {
	offset   int
	text     string
	children []*node
}

// details are the values of a Storable image, hashes sorted by key; nil for images of other
// serializers, whose text says it all.
func (a alike) details(f *dialogue.Frame) []detail {
	if len(f.Image) == 0 || f.Image[0] != 4 && f.Image[0] != 5 {
		return nil
	}
	var b bytes.Buffer
	if err := storable.Dump(&b, f.Image); err != nil {
		return nil // that it is no image is in its text
	}
	var out []detail
	for _, n := range parseDump(b.String()) {
		a.flatten(f.Image, n, "message", &out)
	}
	return out
}

// parseDump reads what storable.Dump wrote: the lines by their indentation.
func parseDump(dump string) []*node {
	var roots []*node
	var open []*node // by level
	for _, line := range strings.Split(dump, "\n") {
		rest := strings.TrimLeft(line, " ")
		digits, text, ok := strings.Cut(rest, " ")
		offset, err := strconv.Atoi(digits)
		if !ok || err != nil {
			continue
		}
		trimmed := strings.TrimLeft(text, " ")
		level := (len(text) - len(trimmed)) / 2
		n := &node{offset: offset, text: trimmed}
		if level > len(open) {
			level = len(open)
		}
		open = append(open[:level], n)
		if level == 0 {
			roots = append(roots, n)
			continue
		}
		open[level-1].children = append(open[level-1].children, n)
	}
	return roots
}

// index is the number that an SV has in its image, which depends on the order of hashes.
var index = regexp.MustCompile(`#\d+ ?`)

// cut is a string that Dump did not show whole. What follows might be what must differ.
var cut = regexp.MustCompile(` \d*'.*'\.\.\.$`)

// stringAt is the string whose tag is at an octet of an image, "" if there is none.
func stringAt(image []byte, offset int) string {
	rest := image[min(offset, len(image)):]
	if len(rest) < 5 {
		return ""
	}
	size := uint64(rest[1])
	switch rest[0] {
	case tagScalar, tagUTF8:
		rest = rest[2:]
	case tagLong, tagLongUTF8:
		size = uint64(binary.BigEndian.Uint32(rest[1:]))
		rest = rest[5:]
	default:
		return ""
	}
	return string(rest[:min(size, uint64(len(rest)))])
}

// The tags of strings. Source: Storable.xs.
const (
	tagLong     = 1
	tagScalar   = 10
	tagUTF8     = 23
	tagLongUTF8 = 24
)

var element = regexp.MustCompile(`^\[(\d+)\] `)

// flatten writes a node and what is below.
func (a alike) flatten(image []byte, n *node, path string, out *[]detail) {
	text := index.ReplaceAllString(element.ReplaceAllString(n.text, ""), "")
	if tag := cut.ReplaceAllString(text, ""); tag != text {
		text = tag + " '" + strings.ReplaceAll(stringAt(image, n.offset), "'", "\\'") + "'"
	}
	*out = append(*out, detail{path, n.offset, a.text(text)})
	type member struct {
		node *node
		path string
	}
	var members []member
	keyed := false
	for i := 0; i < len(n.children); i++ {
		child := n.children[i]
		switch {
		case i+1 < len(n.children) && strings.HasPrefix(n.children[i+1].text, "key "):
			key := strings.TrimPrefix(n.children[i+1].text, "key ")
			members, keyed = append(members, member{child, path + "{" + a.text(key) + "}"}), true
			i++
		case element.MatchString(child.text):
			members = append(members, member{child, path + "[" + element.FindStringSubmatch(child.text)[1] + "]"})
		default:
			members = append(members, member{child, path})
		}
	}
	if keyed {
		slices.SortStableFunc(members, func(x, y member) int { return strings.Compare(x.path, y.path) })
	}
	for _, m := range members {
		a.flatten(image, m.node, m.path, out)
	}
}

// around is how many lines are shown before and after the first that differs.
const around = 2

// firstDetail finds where two images differ first, nil if nowhere.
func firstDetail(target, oracle []detail) *Image {
	if target == nil || oracle == nil {
		return nil
	}
	for i := range max(len(target), len(oracle)) {
		t, o := at(target, i), at(oracle, i)
		if t.path == o.path && t.text == o.text {
			continue
		}
		image := &Image{Path: t.path, Target: t.text, Oracle: o.text, TargetOffset: t.offset, OracleOffset: o.offset}
		for j := max(0, i-around); j <= i+around; j++ {
			x, y := at(target, j), at(oracle, j)
			if x.path == y.path && x.text == y.text {
				if j < len(target) {
					image.Context = append(image.Context, "  "+x.String())
				}
				continue
			}
			x.text, y.text = closeUp(x.text, y.text)
			image.Context = append(image.Context, "- "+x.String(), "+ "+y.String())
		}
		return image
	}
	return nil
}

// lead is how much is shown of what two long texts have in common, before they differ.
const lead = 40

// closeUp leaves out what two long texts have in common at the start.
func closeUp(x, y string) (string, string) {
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	if same <= clipped/2 {
		return x, y
	}
	skip := same - lead
	left := fmt.Sprintf("%d octets and then ...", skip)
	return left + x[skip:], left + y[skip:]
}

func (d detail) String() string { return fmt.Sprintf("%6d %s %s", d.offset, d.path, d.text) }

// at is a detail, or the end.
func at(list []detail, i int) detail {
	if i < len(list) {
		return list[i]
	}
	d := detail{path: "message", text: "the end"}
	if len(list) > 0 {
		d.offset = list[len(list)-1].offset
	}
	return d
}
