package reduce

import (
	"maps"
	"slices"
	"strconv"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// shrink makes params smaller, message by message.
func (r *reducer) shrink() {
	for _, c := range r.best.conns {
		for i, s := range c.steps {
			if r.best.steps[s] && s.frame != nil && s.frame.Message != nil {
				r.params(c, i)
			}
		}
	}
}

// params makes the params of a message smaller as long as that goes.
func (r *reducer) params(c *connection, i int) {
	for again := true; again; {
		again = false
		now := c.steps[i]
		image := now.octets[len(now.frame.Head)+1:]
		if now.frame.Image != nil {
			image = now.frame.Image
		}
		z := serializer(image)
		top, err := z.Thaw(image)
		if err != nil || top.Target() == nil {
			return
		}
		pairs := top.Target().Pairs()
		at := slices.IndexFunc(pairs, func(p perl.Pair) bool { return p.Key == "params" })
		if at < 0 {
			return
		}
		for _, v := range variants(pairs[at].Value, 0) {
			changed := slices.Clone(pairs)
			changed[at].Value = v
			next, err := z.Freeze(perl.HashRef(changed...))
			if err != nil || len(next) >= len(image) {
				continue
			}
			if again = r.replace(c, i, next); again {
				break
			}
		}
	}
}

// replace tries another image in the place of one.
func (r *reducer) replace(c *connection, i int, image []byte) bool {
	was := c.steps[i]
	frame := &dialogue.Frame{Head: strconv.Itoa(len(image)), Image: image, Message: was.frame.Message}
	next := new(*was)
	next.frame, next.octets = frame, frameOctets(frame.Head, image)
	steps := maps.Clone(r.best.steps)
	delete(steps, was)
	steps[next] = true
	c.steps[i] = next
	if r.try(chosen{r.best.conns, steps}) {
		return true
	}
	c.steps[i] = was
	return false
}

func serializer(image []byte) wire.Serializer {
	switch dialogue.GuessSerializer(image) {
	case freezethaw.Serializer{}.Name():
		return freezethaw.Serializer{}
	case dumper.Serializer{}.Name():
		return dumper.Serializer{}
	}
	return storable.Serializer{}
}

// deepest is how many levels of a value are made smaller, and mostParts of how many parts of a
// container.
const deepest, mostParts = 16, 64

// variants are smaller values, the smallest first: nothing, parts left out, parts made smaller.
func variants(v *perl.Value, depth int) (list []*perl.Value) {
	if v == nil || depth > deepest {
		return nil
	}
	if v.Kind() != perl.Undef {
		list = append(list, perl.NewUndef())
	}
	switch v.Kind() {
	case perl.Bytes, perl.Text:
		list = append(list, perl.NewBytes(""))
		if s := v.Str(); v.Kind() == perl.Bytes && len(s) > 1 {
			list = append(list, perl.NewBytes(s[:1]), perl.NewBytes(s[:len(s)/2]), perl.NewBytes(s[:len(s)-1]))
		}
	case perl.Int, perl.Uint, perl.Double:
		list = append(list, perl.NewInt(0))
	case perl.Ref:
		for _, target := range contents(v.Target(), depth) {
			list = append(list, perl.NewRef(target.Bless(v.Target().Class())))
		}
	}
	return list
}

// contents are what a reference may refer to in place of a value.
func contents(t *perl.Value, depth int) (list []*perl.Value) {
	switch t.Kind() {
	case perl.Array:
		elems := t.Elems()
		for _, rest := range fewer(elems) {
			list = append(list, perl.NewArray(rest...))
		}
		for i, e := range elems[:min(len(elems), mostParts)] {
			for _, smaller := range variants(e, depth+1) {
				changed := slices.Clone(elems)
				changed[i] = smaller
				list = append(list, perl.NewArray(changed...))
			}
		}
	case perl.Hash:
		pairs := t.Pairs()
		for _, rest := range fewer(pairs) {
			list = append(list, perl.NewHash(rest...))
		}
		for i, p := range pairs[:min(len(pairs), mostParts)] {
			for _, smaller := range variants(p.Value, depth+1) {
				changed := slices.Clone(pairs)
				changed[i].Value = smaller
				list = append(list, perl.NewHash(changed...))
			}
		}
	default:
		list = variants(t, depth+1)
	}
	return list
}

// fewer are lists with some left out: all, each half, each single one.
func fewer[T any](list []T) (out [][]T) {
	if len(list) == 0 {
		return nil
	}
	half := len(list) / 2
	out = append(out, nil)
	if half > 0 {
		out = append(out, list[:half], list[half:])
	}
	for i := range list[:min(len(list), mostParts)] {
		out = append(out, slices.Concat(list[:i], list[i+1:]))
	}
	return out
}
