package wire_test

import (
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

var inputs = flag.Int("inputs", 0, "inputs of TestResources for each serializer; 0 for as many as CI has time for")

// bounds are how many times its input an operation may allocate, in octets, beside base for each
// operation: the image if it reads, what has been thawed and what is written if it writes or walks.
// The documentation of packages storable, freezethaw, dumper and perl has them.
var bounds = map[string]float64{
	"read": 64, "thaw": 64,
	"unmarshal": 160,
	"walk":      8, "freeze": 8,
}

// dumpFactor is how many times the image storable.Dump may write.
const dumpFactor = 200

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// base is what an operation may allocate whatever its input, in octets: chunks of Values that have
// just begun, buffers, tables.
const base = 24 << 10

// usage is what operations of one sort have allocated at most.
type usage struct {
	ratio float64
	worst string
}

type meter struct {
	t        *testing.T
	c        *crafter
	seed     uint64
	of       map[string]usage
	before   runtime.MemStats
	after    runtime.MemStats
	slowest  time.Duration // for 64 KiB
	slowName string
}

// run carries out an operation on something that takes size octets, and holds what it allocates
// against its bound.
func (m *meter) run(name string, image []byte, size int64, f func()) {
	bound, _ := bounds[name]
	start := time.Now()
	runtime.ReadMemStats(&m.before)
	f()
	runtime.ReadMemStats(&m.after)
	if took := time.Since(start) * (64 << 10) / time.Duration(max(size, 64<<10)); took > m.slowest {
		m.slowest, m.slowName = took, fmt.Sprintf("%s of %s", name, excerpt(image))
	}
	got := float64(m.after.TotalAlloc-m.before.TotalAlloc) - base
	ratio := got / float64(size)
	if ratio > m.of[name].ratio && size > 1<<12 {
		m.of[name] = usage{ratio, excerpt(image)}
	}
	if ratio > bound {
		m.t.Errorf("%s with %s: %.0f octets allocated for %d, %.1f times, expected at most %.0f (seed %d): %s",
			name, m.c.by.Name(), got, size, ratio, bound, m.seed, excerpt(image))
	}
}

func excerpt(image []byte) string {
	const shown = 60
	if len(image) <= 3*shown {
		return fmt.Sprintf("%q", image)
	}
	at := len(image) / 2
	return fmt.Sprintf("%d octets, in the middle %q, at the end %q", len(image), image[at:at+shown], image[len(image)-shown:])
}

type record struct {
	Name string
	List []record
	Map  map[string]record
	Any  any
	Data []byte
}

// targets are the sorts of variables that params are put into.
func targets() []any {
	return []any{new(any), new([]any), new([][]byte), new([]string), new(map[string]any), new(record), new([]*record), new(map[string]string)}
}

var serializers = []wire.Serializer{storable.Serializer{}, freezethaw.Serializer{}, dumper.Serializer{}}

// use does with an image all that a kernel and its states do.
func (m *meter) use(image []byte, apart func(name string, size int64, f func())) {
	n := int64(len(image))
	var v *perl.Value
	apart("thaw", n, func() { v, _ = m.c.by.Thaw(image) })
	if m.c.by.Name() == "Storable" {
		var w counter
		if _ = storable.Dump(&w, image); int64(w) > dumpFactor*n+base {
			m.t.Errorf("Dump wrote %d octets of an image of %d: %s", w, n, excerpt(image))
		}
	}
	var s wire.FrameScanner
	msg := new(wire.Message)
	var err error
	apart("read", n, func() { err = s.Thaw(m.c.by, image, msg) })
	held, thawed := s.Cost()
	if held > thawed || held < 0 || err == nil && held < n {
		m.t.Errorf("%s: an image of %d octets holds %d, thawed %d: %s", m.c.by.Name(), n, held, thawed, excerpt(image))
	}
	if err != nil {
		return
	}
	for _, to := range targets() {
		apart("unmarshal", n, func() { _ = perl.Unmarshal(msg.Params, to) })
	}
	apart("thaw", n, func() { msg.Params.Target() })
	for _, by := range serializers {
		var out wire.Outgoing
		apart("freeze", thawed+n, func() { _ = out.Freeze(by, msg) })
		if out.Size() > wire.DefaultMaxFrame {
			m.t.Errorf("%s: an image of %d octets was written", by.Name(), out.Size())
		}
	}
	apart("walk", thawed+n, func() {
		perl.Format(v, perl.FormatOptions{MaxWidth: 1000})
		perl.Equal(v, v)
	})
}

// TestResources gives each serializer very many images that are slightly wrong, and crafted ones
// that take or promise much, and holds what is allocated against the documented bounds. For a long
// run, with the results to be recorded in testdata/resources.md:
//
//	go test ./reference/wire -run TestResources -inputs 10000000 -timeout 2h -v
func TestResources(t *testing.T) {
	count := 30_000
	if *inputs > 0 {
		count = *inputs
	}
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(1 << 30))
	for _, c := range []*crafter{storableCrafter(), freezethawCrafter(), dumperCrafter()} {
		t.Run(c.by.Name(), func(t *testing.T) { resources(t, c, count) })
	}
}

// TestResourcesOfCheap fills variables from what takes the fewest octets in an image: chance meets
// such images seldom.
func TestResourcesOfCheap(t *testing.T) {
	const n = 1000
	m := &meter{t: t, c: storableCrafter(), of: map[string]usage{}}
	for _, element := range []string{
		"\x05",                         // undef
		"\x04\x05",                     // \undef
		"\x04\x04\x05",                 // \\undef
		"\x04\x02\x00\x00\x00\x00",     // []
		"\x04\x02\x00\x00\x00\x01\x05", // [undef]
		"\x04\x03\x00\x00\x00\x00",     // {}
		"\x04\x03\x00\x00\x00\x01\x05\x00\x00\x00\x00", // {'' => undef}
	} {
		image := append(binary.BigEndian.AppendUint32([]byte("\x05\x0b\x02"), n), strings.Repeat(element, n)...)
		v, err := m.c.by.Thaw(image)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range targets() {
			m.run("unmarshal", image, int64(len(image)), func() { _ = perl.Unmarshal(v, to) })
		}
	}
}

// FuzzResources does what TestResources does with the images that native fuzzing finds.
func FuzzResources(f *testing.F) {
	crafters := []*crafter{storableCrafter(), freezethawCrafter(), dumperCrafter()}
	r := rand.New(rand.NewPCG(1, 1))
	for which, c := range crafters {
		for range 100 {
			f.Add([]byte(c.craft(r, 20+r.IntN(200))), uint8(which))
		}
	}
	f.Fuzz(func(t *testing.T, image []byte, which uint8) {
		m := &meter{t: t, c: crafters[int(which)%len(crafters)], of: map[string]usage{}}
		m.use(image, func(name string, size int64, f func()) { m.run(name, image, size, f) })
	})
}

func resources(t *testing.T, c *crafter, count int) {
	m := &meter{t: t, c: c, seed: uint64(time.Now().UnixNano()), of: map[string]usage{}}
	r := rand.New(rand.NewPCG(m.seed, 1))
	start := time.Now()
	var seeds []string
	for range 500 {
		seeds = append(seeds, c.craft(r, 20+r.IntN(100)))
	}
	alphabet := "\x00\x01\x02\x03\x04\x05FrT;$@%\\/<>(){}[]'\"|=,->0123456789"
	var buf []byte
	accepted, crafted := 0, 0
	for i, group := 0, 0; i < count && !t.Failed(); group++ {
		if group%8 == 0 {
			image := []byte(c.craft(r, 1<<(10+r.IntN(7))))
			if r.IntN(4) == 0 {
				image = perltest.Mutate(r, string(image), seeds[r.IntN(len(seeds))], alphabet, nil)
			}
			m.use(image, func(name string, size int64, f func()) { m.run(name, image, size, f) })
			crafted++
			i++
			continue
		}
		// Together: reading what was allocated takes longer than the rest.
		sum, ops := 0.0, 0
		var all [][]byte
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 255 {
			buf = perltest.Mutate(r, seeds[r.IntN(len(seeds))], seeds[r.IntN(len(seeds))], alphabet, buf)
			all = append(all, append([]byte(nil), buf...))
			i++
			took := 0
			m.use(buf, func(name string, size int64, f func()) {
				f()
				sum += bounds[name]*float64(size) + base
				ops++
				took++
			})
			if took > 3 {
				accepted++
			}
		}
		runtime.ReadMemStats(&after)
		if got := float64(after.TotalAlloc - before.TotalAlloc); got > sum {
			t.Errorf("%.0f octets allocated in %d operations, expected at most %.0f (seed %d): %q", got, ops, sum, m.seed, all)
		}
	}
	t.Logf("%s: %d inputs, %d of them crafted, up to about 64 KiB; %d small ones accepted; seed %d; %v; slowest for 64 KiB %v: %s",
		c.by.Name(), count, crafted, accepted, m.seed, time.Since(start).Round(time.Second), m.slowest.Round(time.Millisecond), m.slowName)
	for _, name := range slices.SortedFunc(maps.Keys(m.of), func(a, b string) int { return cmp.Compare(m.of[b].ratio, m.of[a].ratio) }) {
		t.Logf("%-9s %6.1f times: %s", name, m.of[name].ratio, m.of[name].worst)
	}
}

// TestStacks: goroutines that have read, written and unmarshalled what is nested deeply do not keep
// the stacks that it took.
func TestStacks(t *testing.T) {
	const readers, most = 16, 40 << 20 // 8 MiB each without care
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	v := perl.NewUndef()
	for range 4900 {
		v = perl.ArrayRef(v)
	}
	for _, c := range []*crafter{storableCrafter(), freezethawCrafter(), dumperCrafter()} {
		m := wire.Message{Event: wire.AtString("poe://K/s/x"), Params: v}
		image, err := c.by.Freeze(m.ToValue())
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		done, end := make(chan error), make(chan bool)
		for range readers {
			go func() {
				done <- deeply(c.by, image)
				<-end
			}()
			if err := <-done; err != nil {
				t.Fatalf("%s: %v", c.by.Name(), err)
			}
		}
		runtime.ReadMemStats(&after)
		close(end)
		if got := int64(after.StackInuse) - int64(before.StackInuse); got > most {
			t.Errorf("%s: %d goroutines keep %d octets of stack, expected at most %d", c.by.Name(), readers, got, most)
		}
	}
}

// deeply reads a message, writes it and puts its params into a variable.
func deeply(by wire.Serializer, image []byte) error {
	var s wire.FrameScanner
	var m wire.Message
	if err := s.Thaw(by, image, &m); err != nil {
		return err
	}
	if err := new(wire.Outgoing).Freeze(by, &m); err != nil {
		return err
	}
	if _, err := by.Thaw(image); err != nil {
		return err
	}
	return perl.Unmarshal(m.Params, new(any))
}
