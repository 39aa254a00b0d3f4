package harness_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance"
	"github.com/perl-ikc/ikc-conform/conformance/deviant"
	"github.com/perl-ikc/ikc-conform/conformance/harness"
	"github.com/perl-ikc/ikc-conform/conformance/probe"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// impatient forwards to a server what clients say, as if that server took each read for whole lines or frames: it hangs
// up on anything else.
func impatient(t *testing.T, server string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				to, err := net.Dial("tcp", server)
				if err != nil {
					return
				}
				defer to.Close()
				go func() { _, _ = io.Copy(client, to); _ = client.Close() }()
				buf := make([]byte, 1<<20)
				for {
					n, err := client.Read(buf)
					if err != nil || !whole(buf[:n]) {
						return
					}
					if _, err := to.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// whole tells whether octets end with a line or a frame.
func whole(b []byte) bool {
	for len(b) > 0 {
		if i := bytes.IndexByte(b, '\n'); i >= 0 && (b[0] < '0' || b[0] > '9') {
			b = b[i+1:]
			continue
		}
		scan := wire.FrameScanner{}
		_, size, err := scan.Peek(b)
		if err != nil || size == 0 {
			return false
		}
		b = b[size:]
	}
	return true
}

// TestSegmentation: a server that takes reads for frames is found out, one that does not is not.
func TestSegmentation(t *testing.T) {
	t.Parallel()
	s, err := deviant.Start(deviant.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	try := func(address string, how harness.Segmentation) *harness.Result {
		target, err := harness.ParseTarget("tcp:" + address)
		if err != nil {
			t.Fatal(err)
		}
		r, err := harness.Run(context.Background(), target, harness.Options{Session: true, Patience: probe.DefaultTimeout, Timeout: 20 * time.Second,
			Cells: []harness.Cell{{Role: harness.AsServer, Dialect: harness.IKC0}}, Segmentation: how})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	compare := func(address string, how harness.Segmentation) []harness.Sensitivity {
		list, err := harness.Sensitivities(try(address, harness.AsSent), try(address, how), how)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, how := range harness.Segmentations() {
		if list := compare(s.Addr(), how); len(list) > 0 {
			t.Errorf("%s: expected nothing of a good server, got %v", how, list)
		}
	}
	list := compare(impatient(t, s.Addr()), harness.SingleOctets)
	if len(list) == 0 || list[0].Plain == conformance.Fail || list[0].Outcome != conformance.Fail || list[0].Finding == nil {
		t.Errorf("expected verdicts that fail with single octets only, got %v", list)
	}
}
