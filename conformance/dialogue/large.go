package dialogue

import (
	"sync"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// An image of many small values takes up to 64 times its size when it is thawed. So of large
// images, one is thawed at a time, whoever reads captures at the same time, and the values of those
// that were only sketched are kept of the last few alone.

const (
	// largeImage is from how many octets on an image is large.
	largeImage = manyValues
	// largeKept is of how many large images the values are kept: of a request and its answer.
	largeKept = 2
)

// inTurn is held while a large image is thawed.
var inTurn sync.Mutex

// thawInTurn thaws an image.
func thawInTurn(image []byte, thaw func([]byte) (*perl.Value, error)) (*perl.Value, error) {
	if len(image) > largeImage {
		inTurn.Lock()
		defer inTurn.Unlock()
	}
	return thaw(image)
}

// large has the values of the large images that were asked for last.
var large largeValues

type largeValues struct {
	mu   sync.Mutex
	last [largeKept]struct {
		frame *Frame
		value *perl.Value
	}
}

// value thaws the image of a frame, unless that is one of the last.
func (l *largeValues) value(f *Frame) *perl.Value {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, x := range l.last {
		if x.frame == f {
			l.last[0], l.last[i] = l.last[i], l.last[0]
			return x.value
		}
	}
	clear(l.last[largeKept-1:])
	v, err := thawInTurn(f.Image, f.by.ThawAliased)
	if err != nil {
		return nil // which the sketch has found out, but for a limit
	}
	copy(l.last[1:], l.last[:])
	l.last[0].frame, l.last[0].value = f, v
	return v
}

// forget lets go of the value of a frame that is not needed any more.
func (l *largeValues) forget(f *Frame) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, x := range l.last {
		if x.frame == f {
			clear(l.last[i : i+1])
		}
	}
}
