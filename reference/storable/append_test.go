package storable

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// TestAppendKeepsToItself: no encoder keeps a buffer that a caller of Append gave it.
func TestAppendKeepsToItself(t *testing.T) {
	encoders = sync.Pool{New: func() any { return new(encoder) }}
	m, err := FreezeOptions{}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	long := perl.ArrayRef(perl.NewBytes(strings.Repeat("x", longString)))
	dst := append(make([]byte, 0, 2*longString), "what the caller has already"...)
	kept := bytes.Clone(dst)
	if _, err := m.Append(dst, long); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, err := m.Append(nil, perl.ArrayRef(perl.NewBytes(strings.Repeat("y", 100)))); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Freeze(perl.ArrayRef(perl.NewBytes("z"))); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(dst, kept) {
		t.Error("a later image was written over the caller's")
	}
}
