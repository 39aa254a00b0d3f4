package mock_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/compare"
	"github.com/perl-ikc/ikc-conform/conformance/mock"
	"github.com/perl-ikc/ikc-conform/conformance/replay"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// apart are captures whose clients are of one name: which of them is which, nobody can tell.
var apart = []string{"field/b05-dup.pcap", "field/post-respond.pcapng", "field/two-clients-one-name.pcapng"}

// TestCaptures: what is replayed to the mock of its own server does not differ from what was
// recorded, but for the texts with which releases before 0.2400 refuse: a mock refuses as 0.2402
// does. Captures of what is wrong are not among them.
func TestCaptures(t *testing.T) {
	tried := 0
	root := filepath.Join("..", "..", "captures")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(filepath.Ext(path), ".pcap") {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if !strings.HasPrefix(name, "broken/") && !slices.Contains(apart, filepath.ToSlash(name)) {
			t.Run(name, func(t *testing.T) { again(t, path) })
			tried++
		}
		return nil
	})
	if err != nil || tried < 100 {
		t.Fatalf("expected a hundred captures or more, tried %d: %v", tried, err)
	}
}

func again(t *testing.T, path string) {
	t.Parallel()
	first := open(t, path)
	r, err := mock.Read(first.Events(capture.Limits{}), mock.Options{Side: wire.Server})
	if err != nil || len(r.Kernels) != 1 {
		t.Skipf("it has %d servers: %v", len(r.Kernels), err)
	}
	m := start(t, r.Kernels[0], mock.Manner{Strict: true})
	found, err := replay.Play(t.Context(), open(t, path).Events(capture.Limits{}), nil,
		replay.Options{Side: wire.Client, Network: "tcp", Address: "127.0.0.1:" + serve(t, m), Patience: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	different := slices.DeleteFunc(found.Deviations, func(d compare.Deviation) bool {
		return d.Kind == string(compare.OfValues) && (d.Part == "error" || d.State == "IKC/do_you_have")
	})
	if len(different) > 0 || len(found.Lost) > 0 {
		var b strings.Builder
		_ = found.WriteText(&b)
		t.Errorf("%s\n%s", b.String(), show(t, mock.NewReport(r, m)))
	}
}

func open(t *testing.T, path string) *capture.Reader {
	t.Helper()
	in, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	return in
}
