package compare

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/perl-ikc/ikc-conform/reference/storable"
)

// node is a line of storable.Dump and those that belong to it.
type node struct {
	offset   int
	text     string
	children []*node
}

// Image are the places of a Storable image with their offsets, a reference and its target each,
// hashes sorted by key; nil for images of other serializers, whose text says it all, and for what
// is no image. alike makes what must differ the same; nil leaves all as it is.
func Image(image []byte, root string, alike func(string) string) []Detail {
	if len(image) == 0 || image[0] != 4 && image[0] != 5 {
		return nil
	}
	var b bytes.Buffer
	if err := storable.Dump(&b, image); err != nil {
		return nil // that it is no image is in its text
	}
	if alike == nil {
		alike = func(s string) string { return s }
	}
	i := imageReader{image: image, alike: alike}
	for _, n := range parseDump(b.String()) {
		i.flatten(n, root)
	}
	return i.out
}

// imageReader makes details of the nodes of an image.
type imageReader struct {
	image []byte
	alike func(string) string
	out   []Detail
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
func (r *imageReader) flatten(n *node, path string) {
	text := index.ReplaceAllString(element.ReplaceAllString(n.text, ""), "")
	if tag := cut.ReplaceAllString(text, ""); tag != text {
		text = tag + " '" + strings.ReplaceAll(stringAt(r.image, n.offset), "'", "\\'") + "'"
	}
	r.out = append(r.out, Detail{Path: path, Text: r.alike(text), Offset: n.offset})
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
			members, keyed = append(members, member{child, path + "{" + r.alike(key) + "}"}), true
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
		r.flatten(m.node, m.path)
	}
}
