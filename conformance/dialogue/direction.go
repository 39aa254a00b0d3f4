package dialogue

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// mode is what a direction carries at the moment.
type mode uint8

const (
	modeLines  mode = iota
	modeFrames      // in step: the next octet begins a frame
	modeSkip        // octets of a frame are missing: its rest is passed over
	modeSearch      // octets are missing: the next frame must be found
	modeLost        // nothing more can be read
)

// direction is what one side sent.
type direction struct {
	role wire.Role
	s    *stream
	mode mode
	buf  []byte
	size int // of the last buffer
	held int // octets of memory that buf is in
	// wanted is how long buf has to be for the frame that it begins with, 0 if that is not known.
	wanted int
	// sought and from are how far a search has come: buf has no NUL between the two.
	from, sought int
	base         int64 // offset of buf[0] in the stream
	skipTo       int64 // where the frame ends that octets are missing of, 0 if that is not known
	// unsure is how many more frames must follow upon each other before the place is believed where a
	// search found one.
	unsure    int
	began     int64 // the packet by which it was read of a direction whose start is missing
	lostStart bool  // its first octets are missing
	atLeast   bool  // frames may be missing: count is no more than how many there were at least
	total     int64
	start     []byte // the first octets, for messages
	at        capture.Stamp
	count     int // frames
	said      bool
	// endsInCR is a line whose CR was the last octet seen: an LF that comes next belongs to it.
	endsInCR *Line
}

func (d *direction) init(role wire.Role, s *stream) {
	d.role, d.s = role, s
	if s.Joined {
		d.mode = modeSearch
	}
}

// maxStart is how many octets without a sign of IKC make a connection something else.
const maxStart = 1 << 10

// seen counts octets, and keeps the first for messages.
func (d *direction) seen(p []byte) {
	d.total += int64(len(p))
	if len(d.start) < 24 {
		d.start = append(d.start, p[:min(len(p), 24-len(d.start))]...)
	}
}

func (d *direction) write(p []byte, at capture.Stamp) {
	d.seen(p)
	if at.Packet == 0 || at.Packet > d.at.Packet { // what came early waited for what came before it
		d.at = at
	}
	if d.endsInCR != nil {
		if p[0] == '\n' {
			d.endsInCR.End = "\r\n"
			d.base++
			p = p[1:]
		}
		d.endsInCR = nil
	}
	if d.mode == modeSkip {
		n := min(int64(len(p)), d.skipTo-d.base)
		d.base += n
		if p = p[n:]; d.base == d.skipTo {
			d.mode = modeFrames
		}
	}
	if d.mode != modeLost && len(p) > 0 {
		d.append(p)
	}
}

// The buffers that octets are collected in grow from smallBuffer to largeBuffer with what comes.
const (
	smallBuffer = 1 << 10
	largeBuffer = 32 << 10
)

// append adds octets. Images are parts of the buffer, so what is in it is never written again: when
// it is full, the rest that is no frame yet goes on in another.
func (d *direction) append(p []byte) {
	if need := len(d.buf) + len(p); need > cap(d.buf) {
		d.size = min(max(2*d.size, smallBuffer), largeBuffer, d.s.share()/4)
		size := max(d.size, need+need/2)
		if need <= d.wanted && d.wanted < size {
			size = d.wanted
		}
		buf := make([]byte, len(d.buf), size)
		copy(buf, d.buf)
		d.buf = buf
		d.s.hold(size - d.held)
		d.held = size
	}
	d.buf = append(d.buf, p...)
}

// drop removes n octets from the front.
func (d *direction) drop(n int) {
	d.base += int64(n)
	d.buf = d.buf[n:]
	d.wanted, d.from, d.sought = 0, 0, 0
	d.s.hold(cap(d.buf) - d.held) // what is in front counts for itself
	d.held = cap(d.buf)
}

// step reads as far as possible, both directions in turn, since what one side says tells how to
// read the other.
func (s *stream) step() {
	for again := true; again; {
		again = false
		for _, d := range s.dirs {
			for d.next() {
				again = true
			}
		}
	}
}

// next reads one line or frame and tells whether there was one.
func (d *direction) next() bool {
	switch d.mode {
	case modeLines:
		return d.nextLine()
	case modeFrames:
		return d.nextFrame()
	case modeSearch:
		return d.search()
	}
	return false
}

func (d *direction) nextLine() bool {
	if len(d.buf) == 0 {
		return false
	}
	if d.s.Joined && allDigits(d.buf) {
		return false // a line or a frame, that is to be seen
	}
	if d.framesNow() {
		d.mode = modeFrames
		return true
	}
	i := bytes.IndexAny(d.buf, "\r\n")
	if most := d.maxLine(); i > most || i < 0 && len(d.buf) > most {
		d.lose(fmt.Sprintf("expected a line of negotiation, got %d octets without a line end", most+1))
	}
	if i < 0 || d.mode == modeLost {
		return false
	}
	n := i + 1
	if d.buf[i] == '\r' && n < len(d.buf) && d.buf[n] == '\n' {
		n++
	}
	l := &Line{From: d.role, At: d.at, Offset: d.base, Text: string(d.buf[:i]), End: string(d.buf[i:n])}
	d.drop(n)
	if l.End == "\r" && len(d.buf) == 0 {
		d.endsInCR = l
	}
	d.s.line(l)
	return true
}

// maxLine is how long the line at hand may be: less until there is a sign of IKC.
func (d *direction) maxLine() int {
	if !d.s.IsIKC && !(d.role == wire.Client && looksLikeStart(string(d.buf[:min(len(d.buf), 8)]))) {
		return maxStart
	}
	return wire.DefaultMaxLine
}

// framesNow tells whether the octets at hand begin a frame and not a line.
func (d *direction) framesNow() bool {
	digit := '0' <= d.buf[0] && d.buf[0] <= '9'
	if d.s.Joined {
		head, _, ok := bytes.Cut(d.buf[:min(len(d.buf), 20)], []byte{0})
		return ok && allDigits(head)
	}
	if !d.s.agreed {
		return digit && d.said
	}
	if d.role == wire.Server {
		return true
	}
	// A client that dislikes the server's SETUP says so instead.
	return digit || !bytes.HasPrefix([]byte("NOT\r\n"), d.buf[:min(len(d.buf), 4)])
}

func allDigits(b []byte) bool {
	return len(b) > 0 && len(b) < 20 && len(bytes.TrimLeft(b, "0123456789")) == 0
}

// lose gives the direction up.
func (d *direction) lose(text string) {
	if d.s.Broken[d.role] == nil {
		d.s.Broken[d.role] = &Problem{From: d.role, At: d.at, Offset: d.base, Text: text}
	}
	d.release()
	d.mode = modeLost
}

func (s *stream) note(d *direction, text string) {
	s.addNote(Problem{From: d.role, At: d.at, Offset: d.base, Text: text})
}

// Notes of one connection are kept up to maxNotes, and of all that are open up to notesOctets.
const (
	maxNotes    = 1000
	notesOctets = 16 << 20
	noteCost    = 128
)

// addNote notes what is odd. Where too much is, the last note says so.
func (s *stream) addNote(p Problem) {
	size := noteCost + len(p.Text)
	if n := len(s.Notes); n >= maxNotes || n > 0 && s.b.noted+size > notesOctets {
		if !s.unnoted {
			s.unnoted = true
			s.Notes[n-1].Text += "; there is more that is not noted"
		}
		return
	}
	s.noted += size
	s.b.noted += size
	s.Notes = append(s.Notes, p)
}

func (d *direction) nextFrame() bool {
	if len(d.buf) < d.wanted && d.unsure == 0 {
		return false
	}
	// A scanner over the octets at hand: no copy but the one that the frame keeps.
	image, size, err := d.s.b.scan.Peek(d.buf)
	if d.unsure > 0 && !d.believes(image, size, err) {
		d.mode = modeSearch
		return true
	}
	if err != nil {
		announced := announced(d.buf)
		var at *wire.FrameError
		if errors.As(err, &at) {
			at.Offset += d.base // the scanner began at what is at hand
		}
		d.lose(err.Error())
		d.s.Broken[d.role].Announced = announced
		return false
	}
	if size == 0 {
		if d.wanted == 0 {
			d.wanted = wanted(d.buf)
		}
		return false
	}
	d.frame(image, size)
	return true
}

// announced is the length in the head of a frame, 0 if there is no such head.
func announced(b []byte) int64 {
	head, _, ok := bytes.Cut(b[:min(len(b), 20)], []byte{0})
	if !ok || !allDigits(head) {
		return 0
	}
	n, _ := strconv.ParseInt(string(head), 10, 64)
	return n
}

// wanted is how long a frame is with its head, 0 if that is not all there.
func wanted(b []byte) int {
	head, _, ok := bytes.Cut(b[:min(len(b), 20)], []byte{0})
	if !ok {
		return 0
	}
	return len(head) + 1 + int(announced(b))
}

// frame notes a frame of size octets at the front of the buffer.
func (d *direction) frame(image []byte, size int) *Frame {
	d.count++
	r := new(received)
	f := &r.Frame
	f.From, f.At, f.Number, f.AtLeast, f.Offset = d.role, d.at, d.count, d.atLeast, d.base
	f.Head, f.Image = string(d.buf[:size-len(image)-1]), image
	f.Late = d.s.Gaps && d.s.dirs[d.role.Other()].at.Packet > d.at.Packet && d.at.Packet > 0
	f.Early = !d.s.agreed && !d.s.Joined && !d.s.Gaps && d.role == wire.Client
	d.s.IsIKC = true
	d.drop(size)
	d.s.thaw(r)
	d.s.added(f)
	d.s.match.add(f)
	if d.s.related != nil && f.Message != nil {
		d.s.related.add(f.Message)
	}
	d.s.observe(f)
	return f
}

// finish notes what is left over at the end.
func (d *direction) finish() {
	if d.mode == modeLines && len(d.buf) > 0 && d.s.IsIKC {
		d.s.note(d, fmt.Sprintf("a line without an end: %q", clip(d.buf)))
	}
	if d.mode == modeFrames && len(d.buf) > 0 {
		text := fmt.Sprintf("expected the rest of a frame, got the end after %d octets of it (%q...)", len(d.buf), clip(d.buf))
		if d.s.Ends[d.role] != nil && d.s.Ends[d.role].How == capture.FIN {
			d.lose(text)
		} else {
			d.s.note(d, text)
		}
	}
}

func clip(b []byte) []byte { return b[:min(len(b), 24)] }
