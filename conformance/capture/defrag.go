package capture

import "slices"

const (
	// maxFragmented is how many incomplete packets are kept. The oldest makes room.
	maxFragmented = 64

	// maxDatagram is the largest packet that can be sent in fragments.
	maxDatagram = 1 << 16

	// maxPieces bounds the fragments of one packet.
	maxPieces = 1 << 13
)

type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	proto    byte
}

// datagram is a packet of which not all fragments have come.
type datagram struct {
	octets []byte
	spans  [][2]int // what of octets is filled in, sorted and disjoint
	size   int      // -1 until the last fragment has come
}

// defragmenter puts the fragments of IP packets together. The zero value is ready.
type defragmenter struct {
	packets map[fragmentKey]*datagram
	order   []fragmentKey // oldest first
}

// add takes a fragment with its offset in the packet and its size on the wire. When the packet is
// complete, it returns its body. Where fragments overlap, the later counts.
func (d *defragmenter) add(key fragmentKey, offset int, body []byte, size int, more bool) ([]byte, bool) {
	end := offset + len(body)
	if len(body) < size || end > maxDatagram {
		return nil, false // cut by the snapshot length, or not valid: the packet is lost
	}
	g := d.packets[key]
	if g == nil {
		if len(d.order) == maxFragmented {
			delete(d.packets, d.order[0])
			d.order = d.order[1:]
		}
		if d.packets == nil {
			d.packets = map[fragmentKey]*datagram{}
		}
		g = &datagram{size: -1}
		d.packets[key] = g
		d.order = append(d.order, key)
	}
	if len(g.octets) < end {
		g.octets = append(g.octets, make([]byte, end-len(g.octets))...)
	}
	copy(g.octets[offset:], body)
	g.fill(offset, end)
	if !more {
		g.size = end
	}
	complete := g.size >= 0 && len(g.spans) == 1 && g.spans[0][0] == 0
	if !complete && len(g.spans) < maxPieces {
		return nil, false
	}
	delete(d.packets, key)
	d.order = slices.DeleteFunc(d.order, func(k fragmentKey) bool { return k == key })
	if !complete {
		return nil, false
	}
	return g.octets[:g.size], true
}

func (g *datagram) fill(lo, hi int) {
	i := 0
	for i < len(g.spans) && g.spans[i][1] < lo {
		i++
	}
	j := i
	for j < len(g.spans) && g.spans[j][0] <= hi {
		lo, hi = min(lo, g.spans[j][0]), max(hi, g.spans[j][1])
		j++
	}
	g.spans = slices.Replace(g.spans, i, j, [2]int{lo, hi})
}
