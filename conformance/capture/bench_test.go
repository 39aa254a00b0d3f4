package capture

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"
)

// benchFile makes a capture of about 64 MiB: 100 connections at once, with pieces of the given
// size.
func benchFile(b *testing.B, size int) []byte {
	return recording(b, func(w *Writer) {
		var conns []*Recorder
		for i := range 100 {
			r, err := w.Open(0, netip.AddrPortFrom(testClient.Addr(), uint16(40000+i)), testServer, testTime)
			must(b, err)
			conns = append(conns, r)
		}
		octets := make([]byte, size)
		for written, i := 0, 0; written < 64<<20; i++ {
			must(b, conns[i%len(conns)].Data(Direction(i&1), octets, testTime.Add(time.Duration(i))))
			written += 2*110 + size
		}
	})
}

// BenchmarkEvents reads a capture down to streams. The rate is that of the file.
func BenchmarkEvents(b *testing.B) {
	for _, size := range []int{40, 200, 1400, 16000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			file := benchFile(b, size)
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			var packets int64
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(file))
				must(b, err)
				for ev, err := range r.Events(Limits{}) {
					must(b, err)
					if end, ok := ev.(*End); ok {
						packets += end.Stats.Packets
					}
				}
			}
			b.ReportMetric(float64(packets)/b.Elapsed().Seconds()/1e6, "Mpackets/s")
		})
	}
}

// BenchmarkRecord writes the segments of pieces of data. The rate is that of the data.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{200, 16000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w, err := NewWriter(io.Discard, Meta{})
			must(b, err)
			n, err := w.Interface("bench", "")
			must(b, err)
			r, err := w.Open(n, testClient, testServer, testTime)
			must(b, err)
			octets := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				must(b, r.Data(FromClient, octets, testTime))
			}
		})
	}
}
