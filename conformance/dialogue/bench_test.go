package dialogue_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// long makes the capture of one connection with n calls, all with the same rsvp as Perl programs
// have it, window of them open at a time, and a post that nothing comes back for beside each.
func long(b testing.TB, n, window int) []byte {
	b.Helper()
	var file bytes.Buffer
	now := time.Unix(1e9, 0)
	w, c := opened(b, &file, now)
	send := func(from capture.Direction, octets []byte) {
		now = now.Add(50 * time.Microsecond)
		check(b, c.Data(from, octets, now))
	}
	frame := func(m *wire.Message) []byte {
		image, err := storable.Freeze(m.ToValue())
		check(b, err)
		return wire.AppendFrame(nil, image)
	}
	at := func(kernel, session, state string) wire.Address {
		return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
	}
	send(capture.FromClient, []byte("SETUP KERNEL=c-1,Client,127.0.0.1:40000;FREEZER=Storable;PID=1\r\n"))
	send(capture.FromServer, []byte("SETUP KERNEL=s-1,Server,127.0.0.1:603;FREEZER=Storable;PID=2\r\n"))
	params := perl.HashRef(perl.P("job", perl.NewInt(7)), perl.P("text", perl.NewBytes("something to be done")))
	from := at("c-1", "boss", specifier.ProxyState)
	call := frame(&wire.Message{Event: at("s-1", "worker", "run"), Params: params, From: from, RSVP: at("c-1", "boss", "done")})
	post := frame(&wire.Message{Event: at("s-1", "worker", "note"), Params: params, From: from})
	answer := frame(&wire.Message{Event: at("c-1", "boss", "done"), Params: params, From: at("s-1", "worker", specifier.ProxyState)})
	for range n / window {
		for range window {
			send(capture.FromClient, call)
			send(capture.FromClient, post)
		}
		for range window {
			send(capture.FromServer, answer)
		}
	}
	check(b, c.CloseWrite(capture.FromClient, now))
	check(b, c.CloseWrite(capture.FromServer, now))
	check(b, w.Close())
	return file.Bytes()
}

func check(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// opened begins a capture with one connection, which is opened at a time.
func opened(b testing.TB, file *bytes.Buffer, at time.Time) (*capture.Writer, *capture.Recorder) {
	w, err := capture.NewWriter(file, capture.Meta{})
	check(b, err)
	iface, err := w.Interface("bench", "")
	check(b, err)
	c, err := w.Open(iface, netip.MustParseAddrPort("127.0.0.1:40000"), netip.MustParseAddrPort("127.0.0.1:603"), at)
	check(b, err)
	return w, c
}

// BenchmarkJudge reads and judges one long connection. The time per octet must not grow with its
// length.
func BenchmarkJudge(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 50_000} {
		for _, window := range []int{1, 50} {
			b.Run(fmt.Sprintf("calls=%d/window=%d", n, window), func(b *testing.B) {
				file := long(b, n, window)
				b.SetBytes(int64(len(file)))
				for b.Loop() {
					r, err := capture.NewReader(bytes.NewReader(file))
					check(b, err)
					check(b, judge.Capture(r, checks.Catalogue(), dialogue.Options{}).Err)
				}
			})
		}
	}
}

// BenchmarkJudgeBroken judges a connection whose server sends 30,000 frames that are no messages.
func BenchmarkJudgeBroken(b *testing.B) {
	var file bytes.Buffer
	now := time.Unix(1e9, 0)
	w, c := opened(b, &file, now)
	check(b, c.Data(capture.FromClient, []byte("SETUP KERNEL=c-1,Client,127.0.0.1:40000;FREEZER=Storable;PID=1\r\n"), now))
	check(b, c.Data(capture.FromServer, []byte("SETUP KERNEL=s-1,Server,127.0.0.1:603;FREEZER=Storable;PID=2\r\n"), now))
	check(b, c.Data(capture.FromServer, bytes.Repeat([]byte("0\x00"), 30_000), now))
	check(b, w.Close())
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		r, err := capture.NewReader(bytes.NewReader(file.Bytes()))
		check(b, err)
		check(b, judge.Capture(r, checks.Catalogue(), dialogue.Options{}).Err)
	}
}
