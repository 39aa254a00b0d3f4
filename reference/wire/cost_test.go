package wire_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// costly returns an image of a message with very many small params, one of which has a class if
// blessed.
func costly(t *testing.T, by wire.Serializer, blessed bool) []byte {
	t.Helper()
	list := perl.NewArray()
	for i := range 50_000 {
		list.Append(perl.HashRef(perl.P("n", perl.NewInt(int64(i))), perl.P("list", perl.ArrayRef(perl.NewUndef(), perl.NewUndef()))))
	}
	if blessed {
		list.Elems()[0].Target().Bless("Job")
	}
	m := wire.Message{Event: wire.AtString("poe://Kernel/session/state"), Params: perl.NewRef(list)}
	image, err := by.Freeze(m.ToValue())
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// heapOf tells how much more of the heap is in use once what is returned by made is there.
func heapOf(made func() any) int64 {
	var before, after runtime.MemStats
	settle := func() { // twice: what pools keep goes with the second
		runtime.GC()
		runtime.GC()
	}
	settle()
	runtime.ReadMemStats(&before)
	x := made()
	settle()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(x)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// TestCost holds what a scanner says a message takes of the heap against what it takes.
func TestCost(t *testing.T) {
	for _, blessed := range []bool{false, true} {
		image := costly(t, storable.Serializer{}, blessed)
		var held, thawed int64
		read := func(look bool) int64 {
			return heapOf(func() any {
				var s wire.FrameScanner
				m := new(wire.Message)
				if err := s.Thaw(storable.Serializer{}, image, m); err != nil {
					t.Fatal(err)
				}
				held, thawed = s.Cost()
				if look {
					m.Params.Target()
				}
				return m
			})
		}
		for _, look := range []bool{false, true} {
			got, said := read(look), held
			if look {
				said = thawed
			}
			if got > said*5/4+16<<10 || got < said/2 {
				t.Errorf("blessed %v, params looked into %v: takes %d octets of the heap, said to take %d", blessed, look, got, said)
			}
		}
		if few := int64(len(image)) == held; few == blessed {
			t.Errorf("blessed %v: %d octets are held of an image of %d", blessed, held, len(image))
		}
	}
}

// TestMaxAlloc: what a scanner may take for one image is a bound.
func TestMaxAlloc(t *testing.T) {
	for _, blessed := range []bool{false, true} {
		image := costly(t, storable.Serializer{}, blessed)
		var s wire.FrameScanner
		if err := s.Thaw(storable.Serializer{}, image, new(wire.Message)); err != nil {
			t.Fatal(err)
		}
		_, most := s.Cost()
		for _, room := range []int64{most, most - 1000, int64(len(image)), int64(len(image)) - 1} {
			s.MaxAlloc = room
			err := s.Thaw(storable.Serializer{}, image, new(wire.Message))
			if room == most && err != nil {
				t.Errorf("blessed %v: %d octets that it needs: got %v", blessed, room, err)
			}
			if room < most && !errors.Is(err, storable.ErrLimit) {
				t.Errorf("blessed %v: %d octets of the %d that it needs: got %v, expected ErrLimit", blessed, room, most, err)
			}
		}
	}
}
