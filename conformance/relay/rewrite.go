package relay

import (
	"errors"
	"io"
	"net"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// Rewriter makes other octets of those that one side of a connection sends. It stands before the
// recording: the capture has what was made, as if the side had sent that.
type Rewriter interface {
	// Rewrite is given octets as they come, of any number at a time. What it hands to pass is
	// recorded and passed on, in a later call perhaps. An error ends the direction: io.EOF in order,
	// any other with a reset of the connection.
	Rewrite(octets []byte) error
	// End is told that the side has ended the direction, io.EOF if in order. When it returns, nothing
	// is passed any more.
	End(err error)
}

// rewrite is pump with a Rewriter, beginning with first.
func (l *link) rewrite(from capture.Direction, src, dst net.Conn, first []byte) {
	p := l.passage(from, dst)
	defer func() { _ = p.flush() }()
	var failed error
	w := l.relay.opts.Rewrite(l.number, from, func(octets []byte) {
		if failed == nil && len(octets) > 0 {
			l.record(from, octets)
			failed = p.pass(octets)
		}
	})
	buf := make([]byte, chunkSize)
	n := copy(buf, first)
	for {
		if n > 0 {
			if err := w.Rewrite(buf[:n]); err != nil {
				w.End(err)
				l.readFailed(from, err)
				if !errors.Is(err, io.EOF) {
					abort(src)
				}
				_, _ = io.Copy(io.Discard, src) // it can go on saying what nobody hears
				return
			}
		}
		var err error
		n, err = src.Read(buf)
		if n > 0 || err == nil {
			continue // an error will come again
		}
		w.End(err)
		if failed == nil {
			failed = p.flush()
		}
		switch {
		case errors.Is(failed, errEnded):
		case failed != nil:
			l.writeFailed(from.Reverse(), failed)
		default:
			l.closing(p, err)
		}
		return
	}
}
