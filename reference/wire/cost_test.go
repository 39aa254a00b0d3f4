package wire_test

import (
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
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
	for _, by := range serializers {
		costs(t, by)
	}
}

func costs(t *testing.T, by wire.Serializer) {
	for _, blessed := range []bool{false, true} {
		// Sizes that are counted are those of 64 bits, with numbers that are not small.
		most := int64(2)
		if strconv.IntSize == 32 {
			most = 3
		}
		image := costly(t, by, blessed)
		var held, thawed int64
		read := func(look bool) int64 {
			return heapOf(func() any {
				var s wire.FrameScanner
				m := new(wire.Message)
				if err := s.Thaw(by, image, m); err != nil {
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
			if got > said*5/4+16<<10 || got < said/most {
				t.Errorf("%s, blessed %v, params looked into %v: takes %d octets of the heap, said to take %d", by.Name(), blessed, look, got, said)
			}
		}
		if frozen := int64(len(image)) == held; frozen != (!blessed && by.Name() == "Storable") {
			t.Errorf("%s, blessed %v: %d octets are held of an image of %d", by.Name(), blessed, held, len(image))
		}
	}
}

// TestMaxAlloc: what a scanner may take for one image is a bound.
func TestMaxAlloc(t *testing.T) {
	limits := map[string]error{"Storable": storable.ErrLimit, "FreezeThaw": freezethaw.ErrLimit, dumper.Package: dumper.ErrLimit}
	for _, by := range serializers {
		for _, blessed := range []bool{false, true} {
			image := costly(t, by, blessed)
			var s wire.FrameScanner
			if err := s.Thaw(by, image, new(wire.Message)); err != nil {
				t.Fatal(err)
			}
			_, most := s.Cost()
			for _, room := range []int64{most, most - 1000, int64(len(image)), int64(len(image)) - 1} {
				s.MaxAlloc = room
				err := s.Thaw(by, image, new(wire.Message))
				if room == most && err != nil {
					t.Errorf("%s, blessed %v: %d octets that it needs: got %v", by.Name(), blessed, room, err)
				}
				if room < most && !errors.Is(err, limits[by.Name()]) {
					t.Errorf("%s, blessed %v: %d octets of the %d that it needs: got %v, expected ErrLimit", by.Name(), blessed, room, most, err)
				}
			}
		}
	}
}

// foreign is a serializer that is not of this module.
type foreign struct{ wire.Serializer }

// TestForeignCost: a serializer that does not tell what it took is taken to need much.
func TestForeignCost(t *testing.T) {
	by := foreign{freezethaw.Serializer{}}
	image := costly(t, by, false)
	var s wire.FrameScanner
	if err := s.Thaw(by, image, new(wire.Message)); err != nil {
		t.Fatal(err)
	}
	if held, thawed := s.Cost(); held != 64*int64(len(image)) || thawed != held {
		t.Errorf("an image of %d octets holds %d, thawed %d, expected 64 times as much", len(image), held, thawed)
	}
}

// TestOutgoingMax: a string that stands in very many places ends in an error before it is written
// so often, whatever the serializer.
func TestOutgoingMax(t *testing.T) {
	s := strings.Repeat("x", 1<<20)
	list := perl.NewArray()
	for range 50 {
		list.Append(perl.NewBytes(s))
	}
	m := wire.Message{Event: wire.AtString("poe://K/s/x"), Params: perl.NewRef(list)}
	for _, by := range append(serializers, foreign{storable.Serializer{}}) {
		out := wire.Outgoing{Max: 4 << 20}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := out.Freeze(by, &m)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "4194304") {
			t.Errorf("%s: got %v, expected an image of at most 4194304 octets", by.Name(), err)
		}
		_, strange := by.(foreign)
		if got := after.TotalAlloc - before.TotalAlloc; got > 32<<20 && !strange {
			t.Errorf("%s: %d octets allocated for an image of at most 4 MiB", by.Name(), got)
		}
		list := perl.ArrayRef(list.Elems()[:3]...)
		if err := out.Freeze(by, &wire.Message{Event: m.Event, Params: list}); err != nil {
			t.Errorf("%s: an image of 3 MiB: %v", by.Name(), err)
		}
	}
}
