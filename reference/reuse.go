package ikc

import (
	"sync/atomic"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// Requests whose images have up to smallRequest octets, and that come together, are allocated
// together, up to so many: what a state keeps of one is then in memory until all are done with.
const (
	smallRequest   = 256
	requestsAtOnce = 8
)

// newHandling returns an empty one for a request, of those that the worker has for small ones, if
// it is a reader.
func (w *worker) newHandling(l load) *handling {
	if w == nil || l.size > smallRequest || w.coming == 0 && w.used == len(w.requests) {
		return new(handling)
	}
	if w.used == len(w.requests) {
		w.requests, w.used = make([]handling, min(w.coming+1, requestsAtOnce)), 0
	}
	w.used++
	return &w.requests[w.used-1]
}

// image is the buffer of a long request that may be used again: when nobody needs it any more, of
// the request and the frame that its argument is lent to.
type image struct {
	holders atomic.Int32
	octets  []byte // once the request is over
}

// leave is told by each.
func (i *image) leave() {
	if i.holders.Add(-1) == 0 {
		wire.ReuseImage(i.octets)
	}
}

// mayBeUsedAgain tells whether nobody but the state has been given anything of a request.
func (h *handling) mayBeUsedAgain() bool {
	a := h.aside
	return h.Session.reuse && (a == nil || a.image != nil && !a.elsewhere && a.post == nil && a.reply == nil && h.Sender == nil)
}

// again has the request that the worker has carried out be used again, and its params, if nobody
// has them any more.
func (c *Channel) again(w *worker) {
	h := w.over
	w.over = nil
	c.frames.Again(h.only[0])
	if i := h.image(); i != nil {
		if i.octets = c.frames.TakeImage(); i.octets != nil {
			i.leave()
		}
	}
	if w.used > 0 && h == &w.requests[w.used-1] {
		w.used--
		*h = handling{}
	}
}
