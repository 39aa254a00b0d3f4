package dialogue

import (
	"bytes"
	"fmt"

	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// maxSearch is how many octets are kept while a frame that began among them may still become whole.
const maxSearch = 16 << 20

// search looks for the next frame after octets went missing, or when the capture joined in the
// middle: digits, a NUL, and an image that thaws to a message. Nothing less is believed.
func (d *direction) search() bool {
	if d.base == 0 && len(d.s.Negotiation.Lines) == 0 && d.total == int64(len(d.buf)) && d.maybeLines() {
		d.mode = modeLines // it was the beginning after all
		return true
	}
	scan := wire.FrameScanner{Max: d.s.opts.MaxFrame}
	for {
		from := d.from
		d.sought = max(d.sought, from)
		i := bytes.IndexByte(d.buf[d.sought:], 0)
		if i < 0 {
			if d.sought = len(d.buf); len(d.buf) > maxSearch {
				d.drop(len(d.buf) - 32)
			}
			return false
		}
		nul := d.sought + i
		start := nul
		for start > from && nul-start < 9 && '0' <= d.buf[start-1] && d.buf[start-1] <= '9' {
			start--
		}
		for begin := start; begin < nul; begin++ {
			_, size, err := scan.Peek(d.buf[begin:])
			if err == nil && size == 0 && plausible(d.buf[nul+1:]) && len(d.buf)-begin < maxSearch {
				if d.s.Ends[d.role] == nil {
					d.sought = nul
					return false // it may become whole
				}
			}
			if err != nil || size == 0 {
				continue
			}
			trial := &received{Frame: Frame{Image: d.buf[nul+1 : begin+size]}}
			d.s.thaw(trial)
			if trial.Message == nil || !trial.Message.Event.Present() {
				continue
			}
			if begin > 0 {
				d.s.note(d, fmt.Sprintf("%d octets before the first whole frame were passed over", begin))
			}
			d.s.passedOver(d, d.at.Packet)
			d.drop(begin)
			d.mode, d.unsure = modeFrames, sureAfter
			d.s.agreed = true
			return true
		}
		d.from = nul + 1
	}
}

// plausible tells whether octets may begin an image.
func plausible(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	return b[0] == 4 || b[0] == 5 || b[0] == 'F' || b[0] == '$'
}

// maybeLines tells whether the first octets seen are those of a negotiation.
func (d *direction) maybeLines() bool {
	for _, word := range []string{"SETUP ", "HELLO", "IAM ", "FREEZER ", "OK\r", "OK\n", "NOT\r", "NOT\n", "DONE\r", "DONE\n", "WORLD\r", "WORLD\n", "UP\r", "UP\n"} {
		if bytes.HasPrefix(d.buf, []byte(word)) {
			return true
		}
	}
	return false
}

// sureAfter is how many messages, one right behind the other, make the place of a frame certain
// that was searched for: a single one might be a part of a message that carries messages.
const sureAfter = 2

// believes tells whether what follows a place that a search found is a frame with a message.
func (d *direction) believes(image []byte, size int, err error) bool {
	if err != nil || size == 0 {
		return err == nil
	}
	trial := &received{Frame: Frame{Image: image}}
	d.s.thaw(trial)
	if trial.Message == nil || !trial.Message.Event.Present() {
		return false
	}
	d.unsure--
	return true
}
