package storable

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/message"
	ddumper "github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// frozenOf reads a reference to the root of an image, if it can be left frozen, and the image of a
// reference to that reference.
func frozenOf(dec *Decoder, image []byte) (v *perl.Value, around []byte) {
	h, err := ReadHeader(image)
	if err != nil || h.Major != major || !h.Network() || h.Size != 2 {
		return nil, nil
	}
	around = append([]byte{image[0], image[1], byte(tagRef)}, image[2:]...)
	if int64(len(around)) > dec.opt.MaxAlloc {
		return nil, nil
	}
	d := &decoder{cursor: cursor{s: string(around)}}
	d.begin(dec, h, dec.opt.MaxAlloc)
	if v = d.frozen(new(message.Hash)); v == nil || d.pos != len(d.s) {
		return nil, nil
	}
	return v, around
}

// sameFrozen holds what is left frozen of an image against what Thaw makes of it. It tells whether
// anything is.
func sameFrozen(t *testing.T, dec *Decoder, image []byte) bool {
	t.Helper()
	frozen := func() *perl.Value { v, _ := frozenOf(dec, image); return v }
	v, around := frozenOf(dec, image)
	if v == nil {
		return false
	}
	want, err := dec.Thaw(around)
	if err != nil {
		t.Fatalf("%x: left frozen, but Thaw has %v", image, err)
	}
	want = want.Target()
	for depth := 1; depth < 12; depth++ {
		e, err := FreezeOptions{MaxDepth: depth}.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		got, failed := e.Freeze(perl.NewRef(frozen()))
		long, wantErr := e.Freeze(perl.NewRef(want))
		if (failed == nil) != (wantErr == nil) || wantErr != nil && failed.Error() != wantErr.Error() {
			t.Fatalf("%x: levels %d: got error %v, want %v", image, depth, failed, wantErr)
		}
		if wantErr == nil && (len(got) != len(around) || !bytes.Equal(got[2:], around[2:])) {
			t.Fatalf("%x: came as\n%x, went as\n%x, thawed before as\n%x", image, around, got, long)
		}
	}
	short, long := new(any), new(any)
	if failed, wantErr := perl.Unmarshal(frozen(), short), perl.Unmarshal(want, long); (failed == nil) != (wantErr == nil) ||
		wantErr == nil && !reflect.DeepEqual(short, long) {
		t.Fatalf("%x: unmarshaled %v (%v), want %v (%v)", image, *short, failed, *long, wantErr)
	}
	if !perl.Equal(v, want) {
		t.Fatalf("%x: got\n%s\nThaw has\n%s", image, perl.Format(v, perl.FormatOptions{}), perl.Format(want, perl.FormatOptions{}))
	}
	return true
}

// TestFrozen: plain data is left frozen; what others refer into, or what has a class, is thawed.
func TestFrozen(t *testing.T) {
	shared := perl.NewBytes("x")
	for _, test := range []struct {
		name   string
		target *perl.Value
		frozen bool
	}{
		{"records", perl.NewArray(perl.HashRef(perl.P("id", perl.NewInt(7)), perl.P("name", perl.NewText("ü"))), perl.NewUndef(), perl.NewInt(1<<20),
			perl.NewBytes(strings.Repeat("x", 300)), perl.NewText(strings.Repeat("x", 300))), true},
		{"a hash of lists", perl.NewHash(perl.P("a", perl.ArrayRef()), perl.P("b", perl.ArrayRef(perl.NewInt(1)))), true},
		{"nothing", perl.NewArray(), true},
		{"levels", perl.NewArray(perl.ArrayRef(perl.ArrayRef(perl.ArrayRef())), perl.NewInt(1)), true},
		{"a string", perl.NewBytes("x"), false},
		{"a string twice", perl.NewArray(shared, shared), false},
		{"an object", perl.NewHash().Bless("A"), false},
		{"an object within", perl.NewArray(perl.NewRef(perl.NewHash().Bless("A"))), false},
		{"a hole", perl.NewArray(nil, perl.NewInt(1)), false},
		{"Perl's undef", perl.NewArray(perl.NewUndef().SetImmortal()), false},
		{"a locked hash", perl.NewHash(perl.P("a", perl.NewInt(1))).SetRestricted(), false},
	} {
		image, err := Freeze(perl.NewRef(test.target))
		if err != nil {
			t.Fatal(err)
		}
		if got := sameFrozen(t, defaultDecoder, image); got != test.frozen {
			t.Errorf("%s: frozen %v, expected %v", test.name, got, test.frozen)
		}
	}
}

// TestFrozenBeside: what is written behind something frozen has the right indices, whatever the
// options and however little room it was read in; and what is changed is written as it is then.
func TestFrozenBeside(t *testing.T) {
	image, err := Freeze(perl.ArrayRef(perl.HashRef(perl.P("b", perl.NewInt(1)), perl.P("a", perl.ArrayRef(perl.NewInt(2))))))
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range []FreezeOptions{{}, {Canonical: true}, {Layout: AMD64}, {}} {
		dec := defaultDecoder
		if i == 3 {
			dec = decoderWith(t, ThawOptions{MaxAlloc: 1000})
		}
		v, _ := frozenOf(dec, image)
		plain, err := Thaw(image)
		if v == nil || err != nil {
			t.Fatal(v, err)
		}
		around := func(v *perl.Value) *perl.Value {
			before, behind := perl.NewBytes("x"), perl.NewBytes("y")
			return perl.ArrayRef(before, v, before, behind, v, perl.NewRef(behind))
		}
		e, err := o.Encoder()
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(v *perl.Value){
			func(*perl.Value) {},
			func(v *perl.Value) { v.Target().Append(perl.NewInt(3)) },
			func(v *perl.Value) { v.SetTarget(perl.NewHash()) },
		} {
			change(v)
			change(plain)
			want, err := e.Freeze(around(plain))
			if err != nil {
				t.Fatal(err)
			}
			got, err := e.Freeze(around(v))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%+v: got\n%x (%v), want\n%x", o, got, err, want)
			}
		}
	}
}

// TestFrozenUnsound: if value should not read what pass found sound, it is whoever asks that is
// told, by an error, not by a panic.
func TestFrozenUnsound(t *testing.T) {
	broken := func() *perl.Value { // as if pass had let a count through that is too large
		f := &frozen{s: "\x02\x00\x00\x00\x05\x05", values: 6, elems: 5, levels: 2, dec: defaultDecoder}
		return f.ref.To(f)
	}
	native, err := FreezeOptions{Layout: AMD64}.Encoder()
	if err != nil {
		t.Fatal(err)
	}
	blessed := func() *perl.Value { return broken().Bless("A") } // thaws it first
	for name, ask := range map[string]func() error{
		"Target": func() error {
			v := broken()
			if target := v.Target(); target != nil {
				t.Errorf("Target is a %v", target.Kind())
			}
			return v.ThawError()
		},
		"Unmarshal":          func() error { return perl.Unmarshal(broken(), new([]int)) },
		"Unmarshal to any":   func() error { return perl.Unmarshal(broken(), new(any)) },
		"Unmarshal within":   func() error { return perl.Unmarshal(perl.ArrayRef(broken()), new([]*[]int)) },
		"Unmarshal, blessed": func() error { return perl.Unmarshal(blessed(), new([]int)) },
		"Freeze":             func() error { _, err := Freeze(broken()); return err },
		"Freeze within":      func() error { _, err := native.Freeze(perl.ArrayRef(broken())); return err },
		"Freeze, blessed":    func() error { _, err := Freeze(perl.ArrayRef(blessed())); return err },
		"dumper.Freeze":      func() error { _, err := ddumper.Freeze(perl.ArrayRef(broken())); return err },
		"freezethaw.Freeze":  func() error { _, err := freezethaw.Freeze(perl.ArrayRef(broken())); return err },
	} {
		if err := ask(); !errors.Is(err, ErrCount) {
			t.Errorf("%s: got error %v, expected what value has against it, %v", name, err, ErrCount)
		}
	}
	if v := blessed().SetTarget(perl.NewArray()); v.ThawError() != nil {
		t.Errorf("with another target it has still %v", v.ThawError())
	}
}
