package recordings_test

import (
	"path/filepath"
	"sync"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// plainSerializer hides what Storable can do besides, so that every image is thawed at once.
type plainSerializer struct{ wire.Serializer }

// TestSketches: a frame whose image is thawed only when somebody asks for its value is the same as
// one that was thawed at once.
func TestSketches(t *testing.T) {
	paths, err := filepath.Glob("*.pcapng")
	if err != nil || len(paths) == 0 {
		t.Fatalf("expected captures, got none (%v)", err)
	}
	read := func(path string, opts dialogue.Options) (frames []*dialogue.Frame) {
		r, err := capture.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		err = dialogue.Read(r.Events(capture.Limits{}), opts, func(c *dialogue.Connection) {
			for _, item := range c.Items {
				if f, ok := item.(*dialogue.Frame); ok {
					frames = append(frames, f)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return frames
	}
	show := func(v *perl.Value) string { return perl.Format(v, perl.FormatOptions{}) }
	sketched := 0
	for _, path := range paths {
		serializers := dialogue.Serializers()
		serializers[0] = plainSerializer{storable.Serializer{}}
		whole := read(path, dialogue.Options{Serializers: serializers})
		for i, f := range read(path, dialogue.Options{}) {
			w := whole[i]
			kinds, ok := f.Kinds()
			if ok {
				sketched++
				if sure := kinds.Has(perl.Ref) && kinds.Has(perl.Hash) && !kinds.Has(perl.Bool); !sure {
					t.Errorf("%s, frame %d: kinds %b", path, f.Number, kinds)
				}
			}
			if f.Thawed() != w.Thawed() || (f.Message == nil) != (w.Message == nil) {
				t.Fatalf("%s, frame %d of the %v: expected %v, got %v", path, f.Number, f.From, w.Err, f.Err)
			}
			if m, want := f.Message, w.Message; m != nil {
				if m.HasParams() != want.HasParams() || m.To != want.To ||
					m.Kind != want.Kind || m.IsCall() != want.IsCall() || m.WantArray != want.WantArray {
					t.Fatalf("%s, frame %d of the %v: expected %+v, got %+v", path, f.Number, f.From, want, m)
				}
				if got, want := show(m.Params()), show(want.Params()); got != want {
					t.Fatalf("%s, frame %d of the %v: expected params %s, got %s", path, f.Number, f.From, want, got)
				}
				if got, want := show(perl.ArrayRef(m.Args()...)), show(perl.ArrayRef(want.Args()...)); got != want {
					t.Fatalf("%s, frame %d of the %v: expected arguments %s, got %s", path, f.Number, f.From, want, got)
				}
				for _, text := range []string{"PING", "ikc-conform"} {
					if s, _ := m.Params().AsString(); s == text && !f.Mentions(text) {
						t.Fatalf("%s, frame %d of the %v does not mention %q, but holds it", path, f.Number, f.From, text)
					}
				}
			}
			if got, want := show(f.Value()), show(w.Value()); got != want {
				t.Fatalf("%s, frame %d of the %v: expected %s, got %s", path, f.Number, f.From, want, got)
			}
		}
	}
	if sketched < 500 {
		t.Errorf("expected 500 frames that were not thawed at once, got %d", sketched)
	}
	// Whoever asks, gets the same.
	var frames []*dialogue.Frame
	for _, path := range paths {
		frames = append(frames, read(path, dialogue.Options{})...)
	}
	for _, f := range frames {
		var values [8]*perl.Value
		var group sync.WaitGroup
		begin := make(chan bool)
		for i := range values {
			group.Go(func() {
				<-begin
				values[i] = f.Value()
			})
		}
		close(begin)
		group.Wait()
		for _, v := range values {
			if v != values[0] {
				t.Fatalf("frame %d: two values", f.Number)
			}
		}
	}
}
