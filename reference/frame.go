package ikc

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Buffers of frames are kept for other frames up to mostFrame octets; those from largeFrame octets on apart, so that
// small frames do not hold them.
const (
	largeFrame = 128 << 10
	mostFrame  = 4 << 20
)

var smallFrames, largeFrames sync.Pool

// newFrame returns a frame for an image of about size octets. Whoever has a frame releases it, unless an outbox
// took it.
func newFrame(size int) *wire.Outgoing {
	pool := &smallFrames
	if size > largeFrame {
		pool = &largeFrames
	}
	if f, _ := pool.Get().(*wire.Outgoing); f != nil {
		return f
	}
	return new(wire.Outgoing)
}

func release(f *wire.Outgoing) {
	switch n := f.Cap(); {
	case n <= largeFrame:
		smallFrames.Put(f)
	case n <= mostFrame:
		largeFrames.Put(f)
	}
}
