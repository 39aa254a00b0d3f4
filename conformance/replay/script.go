package replay

import (
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// step is a message of the recording: one to send, or one to wait for.
type step struct {
	at      time.Time
	sends   bool
	kind    dialogue.Kind
	image   []byte
	to      specifier.Specifier
	request int           // of a reply, the frame that it is for, 0 if that is not known; of a request, its own
	took    time.Duration // of a reply, 0 if that is not known
	unsure  bool          // a reply that may be for another request
	silent  bool          // a call that got nothing
	own     bool          // a post or call that nothing is known to have asked for
}

// stepOf makes a step of a frame with a message, for one who plays a side. The image is that of the
// frame.
func stepOf(f *dialogue.Frame, side wire.Role) step {
	m := f.Message
	s := step{at: f.At.Time, sends: f.From == side, kind: m.Kind, image: f.Image, to: m.To, request: f.Number}
	if m.Kind == dialogue.Answer || m.Kind == dialogue.ErrorReport {
		if m.Exchange == nil {
			s.unsure, s.request = true, 0
			return s
		}
		s.request = m.Exchange.Request.Frame.Number
		s.to = m.Exchange.Request.To
		s.unsure = m.Exchange.Outcome() != dialogue.Replied
		s.took = f.At.Time.Sub(m.Exchange.Request.Frame.At.Time)
		return s
	}
	s.own = m.Relation == nil
	if x := m.Exchange; x != nil && x.Request == m {
		s.silent = m.Kind == dialogue.Call && x.Outcome() == dialogue.Silent
	}
	return s
}

// part is what noise calls the message of a step.
func (s *step) part() string {
	switch s.kind {
	case dialogue.Answer:
		return "answer"
	case dialogue.ErrorReport:
		return "error"
	}
	return "params"
}

// batch is what comes next on a connection.
type batch struct {
	steps  []step
	images []byte
	// left tells that the other side of the recording has closed the connection by itself.
	left bool
}

// add adds a step, whose image is copied: all images are in one piece of memory.
func (b *batch) add(s step) {
	from := len(b.images)
	b.images = append(b.images, s.image...)
	s.image = b.images[from:len(b.images):len(b.images)]
	b.steps = append(b.steps, s)
}

// batches are those that have been played, to be filled again.
var batches = sync.Pool{New: func() any { return new(batch) }}

// maxKept bounds the octets of images of a batch that is filled again.
const maxKept = 1 << 20

// done gives the batch back.
func (b *batch) done() {
	if cap(b.images) > maxKept {
		return
	}
	clear(b.steps)
	b.steps, b.images, b.left = b.steps[:0], b.images[:0], false
	batches.Put(b)
}
