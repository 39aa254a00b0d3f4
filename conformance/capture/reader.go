package capture

import (
	"io"
	"iter"
	"time"
)

// Reader reads a capture file. It keeps a bounded amount of it in memory. A Reader is for one goroutine.
type Reader struct{}

// Packet is one packet of a capture, undecoded.
type Packet struct {
	Number    int64     // from 1, as in Wireshark
	Time      time.Time // zero if the file has none for it
	Interface Interface
	LinkType  int    // as in https://www.tcpdump.org/linktypes.html
	Data      []byte // what was captured; valid until the next packet is read
	Length    int    // octets on the wire, at least len(Data)
	Comment   string // the comments on it, joined by newlines
	Offset    int64  // where in the file its record begins
}

// Open opens the capture file at path, pcapng or classic pcap. The caller must Close it.
// The error is that of the file system, a *TruncatedError or a *FormatError.
func Open(path string) (*Reader, error) { return nil, nil }

// NewReader reads a capture from r, which is read in large pieces and never closed.
func NewReader(r io.Reader) (*Reader, error) { return nil, nil }

// Close closes the file, if the reader was made by Open.
func (r *Reader) Close() error { return nil }

// Meta returns the description of the section being read.
func (r *Reader) Meta() Meta { return Meta{} }

// Next returns the next packet. At the end of the capture it returns io.EOF; at the end of a damaged
// one, a *TruncatedError or a *FormatError.
func (r *Reader) Next() (*Packet, error) { return nil, io.EOF }

// Events reads the rest of the capture and gives what happened to each TCP connection, in the order of the
// capture. The last event is always an *[End]; after it, if the file is damaged, comes one pair of a nil
// event and the error.
func (r *Reader) Events(limits Limits) iter.Seq2[Event, error] {
	return func(func(Event, error) bool) {}
}
