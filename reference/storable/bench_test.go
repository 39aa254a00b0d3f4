package storable

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

var ratios = flag.Bool("ratios", false, "compare the speed with Perl's Storable")

// liveHeap is what a service has in memory, in octets, in the second half of TestRatios. A program
// without any, which the first half is, has its garbage collected every 4 MiB: every fourth string
// of 1 MiB.
const liveHeap = 64 << 20

// workload is something that the codec is measured with, made when its turn comes, so that no other
// is in memory.
type workload struct {
	name string
	make func() *perl.Value
	into func() any // a Go variable for it
}

func workloads() []workload {
	call := func() *perl.Value {
		return perl.HashRef(
			perl.P("event", perl.HashRef(perl.P("kernel", perl.NewBytes("worker-3")), perl.P("session", perl.NewBytes("database")), perl.P("state", perl.NewBytes("lookup")))),
			perl.P("params", perl.ArrayRef(perl.NewBytes("user"), perl.NewInt(4711), perl.ArrayRef(perl.NewBytes("name"), perl.NewBytes("mail"), perl.NewDouble(0.5)))),
			perl.P("from", perl.HashRef(perl.P("kernel", perl.NewBytes("frontend")), perl.P("session", perl.NewBytes("requests")), perl.P("state", perl.NewBytes("_default")))),
			perl.P("wantarray", perl.NewBytes("")))
	}
	record := func(i int) *perl.Value {
		return perl.HashRef(perl.P("id", perl.NewInt(int64(i))), perl.P("name", perl.NewBytes(fmt.Sprintf("record %d", i))),
			perl.P("tags", perl.ArrayRef(perl.NewBytes("red"), perl.NewBytes("green"))), perl.P("price", perl.NewDouble(float64(i)+0.25)),
			perl.P("owner", perl.HashRef(perl.P("uid", perl.NewInt(1000)), perl.P("group", perl.NewBytes("users")))))
	}
	records := func(size int) *perl.Value {
		list := perl.NewArray()
		for i := 0; ; i++ {
			list.Append(record(i))
			if i%50 == 49 || size < 1<<16 {
				if image, err := Freeze(perl.NewRef(list)); err != nil || len(image) >= size {
					return perl.NewRef(list)
				}
			}
		}
	}
	return []workload{
		{"call message", call, func() any { return new(callMessage) }},
		{"10 KiB of nested records", func() *perl.Value { return records(10 << 10) }, func() any { return new([]benchRecord) }},
		{"1 MiB of small records", func() *perl.Value { return records(1 << 20) }, func() any { return new([]benchRecord) }},
		{"1 MiB string", func() *perl.Value {
			return perl.ArrayRef(perl.NewBytes(strings.Repeat("0123456789abcdef", 1<<16)))
		}, func() any { return new([]string) }},
	}
}

type benchRecord struct {
	ID    int      `perl:"id"`
	Name  string   `perl:"name"`
	Tags  []string `perl:"tags"`
	Price float64  `perl:"price"`
	Owner struct {
		UID   int    `perl:"uid"`
		Group string `perl:"group"`
	} `perl:"owner"`
}

// callMessage is the message of a call as a Go service would have it.
type callMessage struct {
	Event     specifier `perl:"event"`
	Params    []any     `perl:"params"`
	From      specifier `perl:"from"`
	WantArray bool      `perl:"wantarray"`
}

type specifier struct {
	Kernel  string `perl:"kernel"`
	Session string `perl:"session"`
	State   string `perl:"state"`
}

func BenchmarkThaw(b *testing.B) {
	for _, w := range workloads() {
		image, err := Freeze(w.make())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Thaw(image); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFreeze(b *testing.B) {
	for _, w := range workloads() {
		image, err := Freeze(w.make())
		if err != nil {
			b.Fatal(err)
		}
		v, err := Thaw(image)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Freeze(v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestRatios measures Go and Perl in turn, in rounds, and prints how many times as fast Go is. Run
// it alone:
//
//	go test ./reference/storable -run TestRatios -ratios -v
func TestRatios(t *testing.T) {
	if !*ratios {
		t.Skip("only with -ratios: it takes a while and wants the machine for itself")
	}
	local := perltest.Local(t)
	perltest.Need(t, local, "Storable", "Time::HiRes")
	cmd := local.Cmd(t.Context(), "testdata/bench.pl")
	cmd.Stderr = os.Stderr
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer in.Close()
	answers := bufio.NewReader(out)
	alias, err := ThawOptions{Alias: true}.Decoder()
	if err != nil {
		t.Fatal(err)
	}
	type result struct{ ours, theirs float64 }
	var first []result // without a heap
	t.Logf("%-26s %9s  %-26s %12s %12s %7s %14s", "", "octets", "", "Perl", "Go", "times", "64 MiB in use")
	for _, heap := range []int{0, liveHeap} {
		alive, row := make([]byte, heap), 0
		for _, w := range workloads() {
			image, err := Freeze(w.make())
			if err != nil {
				t.Fatal(err)
			}
			v, err := Thaw(image)
			if err != nil {
				t.Fatal(err)
			}
			var buf []byte
			for _, op := range []struct {
				name, perl string
				run        func() error
			}{
				{"thaw", "thaw", func() error { _, err := Thaw(image); return err }},
				{"thaw, aliased", "thaw", func() error { _, err := alias.Thaw(image); return err }},
				{"thaw into a Go value", "thaw", func() error { return Unmarshal(image, w.into()) }},
				{"freeze", "nfreeze", func() error { _, err := Freeze(v); return err }},
				{"freeze, to a used buffer", "nfreeze", func() error { buf, err = defaultEncoder.Append(buf[:0], v); return err }},
				{"for comparison: a copy", "thaw", func() error { copied = bytes.Clone(image); return nil }},
			} {
				ours, theirs := rounds(t, op.run, func(n int) float64 {
					fmt.Fprintf(in, "%s %d %d\n", op.perl, n, len(image))
					if _, err := in.Write(image); err != nil {
						t.Fatal(err)
					}
					var ns float64
					if _, err := fmt.Fscanln(answers, &ns); err != nil {
						t.Fatal(err)
					}
					return ns
				})
				if heap == 0 {
					first = append(first, result{ours, theirs})
					continue
				}
				cold := first[row]
				t.Logf("%-26s %9d  %-26s %12s %12s %7.2f %14.2f", w.name, len(image), op.name, time.Duration(cold.theirs).Round(time.Duration(cold.theirs/1000+1)),
					time.Duration(cold.ours).Round(time.Duration(cold.ours/1000+1)), cold.theirs/cold.ours, theirs/ours)
				row++
			}
		}
		runtime.KeepAlive(alive)
	}
}

var copied []byte

// rounds times both in turn and returns the medians for one operation in nanoseconds.
func rounds(t *testing.T, run func() error, other func(n int) float64) (float64, float64) {
	const count, slice = 9, 60e6
	n := 1
	for {
		start := time.Now()
		for range n {
			if err := run(); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); d > slice/4 {
			n = max(1, int(float64(n)*slice/float64(d)))
			break
		}
		n *= 4
	}
	m := max(1, int(float64(n)*slice/other(n)))
	var ours, theirs []float64
	for range count {
		runtime.GC()
		for range n / 4 { // Go gives memory back while Perl runs
			_ = run()
		}
		start := time.Now()
		for range n {
			if err := run(); err != nil {
				t.Fatal(err)
			}
		}
		ours = append(ours, float64(time.Since(start))/float64(n))
		theirs = append(theirs, other(m)/float64(m))
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	return ours[count/2], theirs[count/2]
}
