package dialogue_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// TestLiveStats: what is counted as it comes is what is counted at the end, but for calls of which
// only the end tells what they got.
func TestLiveStats(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"../../captures/*.pcapng", "../../captures/field/*"} {
		some, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, some...)
	}
	answered := 0
	for _, path := range paths {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		live, end := dialogue.NewLiveStats(nil), dialogue.NewStats(nil)
		observe := func(c *dialogue.Connection, item dialogue.Item) { _ = live.Item(c, item) }
		opts := dialogue.Options{Related: true, Observe: observe}
		err = dialogue.ReadParts(r.Events(capture.Limits{}), opts, dialogue.Window{}, func(p *dialogue.Part) { _ = end.Part(p) })
		if err != nil {
			t.Fatal(err)
		}
		was, is := written(t, end), written(t, live)
		if !is.Live || was.Connections-was.NotIKC != is.Connections || was.Lines != is.Lines || was.Frames != is.Frames ||
			was.Octets != is.Octets {
			t.Errorf("%s: expected %+v, got %+v", path, was, is)
		}
		for _, want := range was.States {
			i := slices.IndexFunc(is.States, func(s *dialogue.StateStats) bool { return s.State == want.State })
			switch {
			case i < 0:
				t.Errorf("%s: %s: expected it", path, want.State)
			case want.Ambiguous > 0:
			case !reflect.DeepEqual(want, is.States[i]):
				t.Errorf("%s: expected %+v, got %+v", path, *want, *is.States[i])
			}
			answered += want.Answered
		}
	}
	if answered < 200 {
		t.Errorf("expected hundreds of answers, got %d", answered)
	}
}

// written is what is written of counts.
func written(t *testing.T, s *dialogue.Stats) (out dialogue.Stats) {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
