package capture

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// askedFor gives a file octet by octet, and is told when the next is asked for.
type askedFor struct {
	octets []byte
	given  int
	asked  func(given int)
}

func (a *askedFor) Read(p []byte) (int, error) {
	a.asked(a.given)
	if a.given == len(a.octets) {
		return 0, io.EOF
	}
	p[0] = a.octets[a.given]
	a.given++
	return 1, nil
}

// TestAwaits: a Reader tells whoever it asks for octets what they are for; between two blocks, for
// nothing. What it skips belongs together as well.
func TestAwaits(t *testing.T) {
	file := conversation(t)
	within := len(file)
	file = binary.LittleEndian.AppendUint32(file, 0xbad)
	file = binary.LittleEndian.AppendUint32(file, 1<<20) // a block that is not known
	file = append(file, make([]byte, 100)...)
	var r *Reader
	blocks := 0
	in := &askedFor{octets: file, asked: func(given int) {
		if r == nil {
			return
		}
		at, needs, has := r.Awaits()
		switch {
		case needs == 0 && has == 0:
			blocks++
		case at+has != int64(given) || has >= needs:
			t.Errorf("at octet %d: expected to await some from there on, got %d from %d on, of which it has %d", given, needs, at, has)
		case given == len(file) && (at != int64(within) || needs != 1<<20-4):
			t.Errorf("at the end: expected the rest of the block at octet %d, got %d from %d on", within, needs, at)
		}
	}}
	var err error
	r, err = NewReader(in)
	must(t, err)
	for err == nil {
		_, err = r.Next()
	}
	if !errors.As(err, new(*TruncatedError)) || blocks < 10 {
		t.Errorf("expected the file to be cut short, and to be between two blocks 10 times, got %v and %d", err, blocks)
	}
}
