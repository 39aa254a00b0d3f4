package wire

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
)

// Octets that come by Room and Advance make the same frames as those that come by Write, however
// they are cut.
func TestRoom(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 200 {
		var stream []byte
		var want [][]byte
		for range r.IntN(20) {
			image := bytes.Repeat([]byte{byte('a' + r.IntN(26))}, r.IntN([]int{10, 5000, 200_000}[r.IntN(3)]))
			want = append(want, image)
			stream = AppendFrame(stream, image)
		}
		total := int64(len(stream))
		s := &FrameScanner{skipLF: round%2 == 0}
		if s.skipLF && round%4 == 0 {
			stream = append([]byte{'\n'}, stream...)
		}
		n := []int{1, 16, 4096, 65535, 65536}[r.IntN(5)]
		var got [][]byte
		for {
			image, ok, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if ok {
				if round%3 == 0 && s.keep() {
					got = append(got, image) // and nothing that comes later may change it
				} else {
					got = append(got, bytes.Clone(image))
				}
				continue
			}
			if round%5 == 0 {
				s.Release()
			}
			if len(stream) == 0 {
				break
			}
			room := s.Room(n)
			if len(room) == 0 {
				t.Fatal("no room")
			}
			cut := 1 + r.IntN(min(len(room), len(stream)))
			copy(room, stream[:cut])
			s.Advance(cut)
			stream = stream[cut:]
		}
		if len(got) != len(want) || s.Buffered() != 0 || s.Offset() != total {
			t.Fatalf("round %d: got %d frames, %d octets over, offset %d; want %d frames, offset %d", round, len(got), s.Buffered(), s.Offset(), len(want), total)
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Fatalf("round %d: frame %d differs: %d octets, want %d", round, i, len(got[i]), len(want[i]))
			}
		}
		s.Room(n)
		if c := cap(s.buf); c > bigBuffer || c == bigBuffer && n <= bigBuffer/2 {
			t.Fatalf("an empty scanner keeps %d octets", c)
		}
	}
}

// What is claimed is not allocated before it has come.
func TestRoomOfClaim(t *testing.T) {
	var s FrameScanner
	n := copy(s.Room(4096), "99999999\x00abc")
	s.Advance(n)
	for range 10 {
		if _, ok, err := s.Next(); ok || err != nil {
			t.Fatal(ok, err)
		}
		if room := s.Room(4096); len(room) > 2*bigBuffer {
			t.Fatalf("room for %d octets when %d have come", len(room), s.Buffered())
		}
		copy(s.Room(4096), "abc")
		s.Advance(3)
	}
}

// A large frame ends up in a buffer of its own, which may be kept, and little more is allocated
// than it takes.
func TestKeep(t *testing.T) {
	image := bytes.Repeat([]byte("x"), 1<<20)
	stream := AppendFrame(nil, image)
	var s FrameScanner
	total := 0
	for {
		got, ok, err := s.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			if !bytes.Equal(got, image) || !s.keep() {
				t.Error("not kept")
			}
			break
		}
		before := cap(s.buf)
		n := copy(s.Room(bigBuffer), stream)
		if cap(s.buf) != before {
			total += cap(s.buf)
		}
		s.Advance(n)
		stream = stream[n:]
	}
	if total > len(image)*3/2 {
		t.Errorf("%d octets of buffers for an image of %d", total, len(image))
	}
	if s.Release(); s.buf != nil || s.Buffered() != 0 {
		t.Error("a buffer is left")
	}
}

// A scanner that waits for the rest of a frame holds about as much as has come of it, and goes on
// where it was.
func TestReleaseWithinFrame(t *testing.T) {
	image := bytes.Repeat([]byte("x"), 200_000)
	stream := AppendFrame(AppendFrame(nil, image[:100]), image)
	var s FrameScanner
	var sizes []int
	for _, cut := range []int{50, 60, 14, 4000, 200_000} {
		cut = min(cut, len(stream))
		for cut > 0 {
			n := copy(s.Room(bigBuffer), stream[:cut])
			s.Advance(n)
			stream, cut = stream[n:], cut-n
		}
		for {
			got, ok, err := s.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			sizes = append(sizes, len(got))
		}
		s.Release()
		if have := s.Buffered(); have < littleLeft && cap(s.buf)+cap(s.small) > 2*littleLeft {
			t.Errorf("%d octets of buffer are held for %d octets of a frame", cap(s.buf)+cap(s.small), have)
		}
	}
	if len(sizes) != 2 || sizes[0] != 100 || sizes[1] != len(image) {
		t.Errorf("got images of %v octets, expected 100 and %d", sizes, len(image))
	}
}

// Hold is told of every large buffer, before it is made and when it is given up; what it refuses is
// not made.
func TestHold(t *testing.T) {
	stream := AppendFrame(AppendFrame(nil, bytes.Repeat([]byte("x"), 1<<20)), bytes.Repeat([]byte("y"), 700_000))
	for _, most := range []int{10 << 20, 500_000} {
		held := 0
		s := FrameScanner{Hold: func(n int) bool { held += n; return held <= most }}
		refused := false
		for rest := stream; len(rest) > 0 && !refused; {
			room := s.Room(bigBuffer)
			if refused = len(room) == 0; refused {
				break
			}
			if want := cap(s.buf); want > bigBuffer && held != want || want <= bigBuffer && held != 0 {
				t.Fatalf("a buffer of %d octets: told of %d", want, held)
			}
			n := copy(room, rest)
			s.Advance(n)
			rest = rest[n:]
			for {
				_, ok, err := s.Next()
				if err != nil {
					t.Fatal(err)
				}
				if !ok {
					break
				}
				s.keep()
			}
		}
		if refused != (most < 1<<20) {
			t.Errorf("with %d octets allowed: refused %v", most, refused)
		}
		if s.Close(); held != 0 {
			t.Errorf("with %d octets allowed: %d are told of in the end", most, held)
		}
	}
}

// TestBuffersOfLargeFrames: what is shared on the way to a large frame's own buffer has it whole at
// the end, whatever comes at once.
func TestBuffersOfLargeFrames(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var scanners [3]FrameScanner
	for round := range 30 {
		size := []int{100, bigBuffer, nextBuffer - 10, nextBuffer, nextBuffer + 10, 1 << 20}[r.IntN(6)]
		for i := range scanners {
			s := &scanners[i]
			image := bytes.Repeat([]byte{byte(round), byte(i), 3}, size/3)
			stream := AppendFrame(nil, image)
			got, ok, err := []byte(nil), false, error(nil)
			for !ok && err == nil {
				room := s.Room(bigBuffer)
				n := copy(room[:min(len(room), 1+r.IntN(100_000))], stream)
				s.Advance(n)
				stream = stream[n:]
				got, ok, err = s.Next()
			}
			if err != nil || len(stream) > 0 || !bytes.Equal(got, image) {
				t.Fatalf("round %d: a frame of %d octets came as %d, %d are left, error %v", round, len(image), len(got), len(stream), err)
			}
			s.keep()
			s.Release()
		}
	}
}

// Room that is not cleared is as long as was asked for, to the octet, is there to be written, and
// is one allocation.
func TestUncleared(t *testing.T) {
	for _, n := range []int{1, 2, bigBuffer, 1<<20 + 21} {
		b := uncleared(n)
		if len(b) != 0 || cap(b) != n {
			t.Errorf("%d octets: got length %d and capacity %d, expected 0 and %d", n, len(b), cap(b), n)
		}
		for i := range n {
			b = append(b, byte(i))
		}
		runtime.GC()
		for i := range b {
			if b[i] != byte(i) {
				t.Fatalf("%d octets: octet %d is %d, expected %d", n, i, b[i], byte(i))
			}
		}
		if got := testing.AllocsPerRun(10, func() { uncleared(n) }); got > 1 {
			t.Errorf("%d octets: %v allocations, expected one", n, got)
		}
	}
}
