package reduce_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/checks"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/conformance/reduce"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// mostMessages is how many messages the failing cases have at most when they are reduced.
const mostMessages = 6

func files(t *testing.T) (list []string) {
	t.Helper()
	patterns := []string{"captures/broken/*.pcap*", "captures/field/*.pcap*"}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		list = append(list, found...)
	}
	if dir := os.Getenv("IKC_FIELD"); dir != "" {
		found, err := filepath.Glob(filepath.Join(dir, "*.pcap*"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, found...)
	}
	return list
}

// TestCaptures: each failed check, and each notice, of the captures that are broken still shows in
// a few messages.
func TestCaptures(t *testing.T) {
	for _, path := range files(t) {
		open := func() (*capture.Reader, error) { return capture.Open(path) }
		r, err := open()
		if err != nil {
			t.Fatal(err)
		}
		j := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		var wanted []reduce.Wanted
		for _, v := range j.Verdicts {
			if v.Outcome == judge.Fail {
				wanted = append(wanted, reduce.Wanted{Check: v.Check, Side: new(v.Side)})
			}
		}
		for _, f := range j.Noticed {
			wanted = append(wanted, reduce.Wanted{Notice: f.ID})
		}
		for _, w := range wanted {
			t.Run(filepath.Base(path)+" "+w.String(), func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				file, result, err := reduce.Capture(context.Background(), open, w)
				if w.Check == nil && errors.Is(err, reduce.ErrNotAgain) {
					t.Skip("it shows in what TCP does, which is not written anew: " + err.Error())
				}
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%v of %v, %d tries, %v", result.After, result.Before, result.Tries, time.Since(began).Round(time.Millisecond))
				if result.After.Messages > mostMessages || result.Stopped {
					t.Errorf("%v are left, after %d tries", result.After, result.Tries)
				}
				shows(t, file, w)
			})
		}
	}
}

// shows holds a reduced capture against what it is to show.
func shows(t *testing.T, file []byte, w reduce.Wanted) {
	t.Helper()
	r, err := capture.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	j := judge.Capture(r, checks.Catalogue(), dialogue.Options{})
	if err := j.Failed(); err != nil {
		t.Fatal(err)
	}
	for _, v := range j.Verdicts {
		if w.Check != nil && v.Check.ID == w.Check.ID && v.Side == *w.Side && v.Outcome == judge.Fail {
			return
		}
	}
	for _, f := range j.Noticed {
		if f.ID == w.Notice {
			return
		}
	}
	t.Errorf("it does not show %v", w)
}

// TestNotShown: what a capture does not show cannot be reduced.
func TestNotShown(t *testing.T) {
	open := func() (*capture.Reader, error) {
		return capture.Open("../../captures/perl-server-perl-client-ikc0.pcapng")
	}
	list, err := checks.Select("CALL-003")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []reduce.Wanted{{Check: list[0]}, {Check: list[0], Side: new(wire.Server)}, {Notice: "NOTE-001"}} {
		if _, _, err := reduce.Capture(context.Background(), open, w); !errors.Is(err, reduce.ErrNotShown) {
			t.Errorf("%v: expected ErrNotShown, got %v", w, err)
		}
	}
}

// TestRelated: a notice that rests on what belongs together by the ways of programs, often in two
// connections, can be reduced as any other.
func TestRelated(t *testing.T) {
	for name, id := range map[string]string{"one-lite-name": "NOTE-008", "one-kernel-name": "NOTE-027", "shared-left": "NOTE-026",
		"elsewhere": "NOTE-029"} {
		open := func() (*capture.Reader, error) {
			return capture.Open("../dialogue/testdata/pairing/" + name + ".pcapng")
		}
		file, result, err := reduce.Capture(context.Background(), open, reduce.Wanted{Notice: id})
		if err != nil {
			t.Errorf("%s, %s: %v", name, id, err)
			continue
		}
		if result.After.Messages >= result.Before.Messages {
			t.Errorf("%s, %s: expected fewer messages than %v, got %v", name, id, result.Before, result.After)
		}
		again := func() (*capture.Reader, error) { return capture.NewReader(bytes.NewReader(file)) }
		_, same, err := reduce.Capture(context.Background(), again, reduce.Wanted{Notice: id})
		if err != nil || same.After.Messages != result.After.Messages {
			t.Errorf("%s, %s: expected that what is left shows it, and nothing less, got %v, %v", name, id, same, err)
		}
	}
}
