//go:build !ikc_nounsafe

package storable

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// shares tells that a Decoder with Alias makes strings that are parts of the image.
const shares = true

type everything struct {
	Int    int            `perl:"id"`
	Small  int8           `perl:"k1"`
	Uint   uint16         `perl:"k2"`
	Float  float64        `perl:"price"`
	Text   string         `perl:"name"`
	Bool   bool           `perl:"wantarray"`
	Bytes  []byte         `perl:"from"`
	List   []string       `perl:"tags"`
	Any    any            `perl:"params"`
	Owner  nested         `perl:"owner"`
	Map    map[string]int `perl:"e"`
	Next   *everything    `perl:"a"`
	Inner  nested         `perl:"d"`
	Nested []nested       `perl:"list"`
}

type label string

// mixed has fields at offsets that are not those of its own type alone, and named and narrow types.
type mixed struct {
	Flag bool `perl:"c"`
	nested
	Labels []label          `perl:"tags"`
	Float  float32          `perl:"price"`
	Floats []float64        `perl:"list"`
	Map    map[label]nested `perl:"owner"`
	Ints   []int16          `perl:"params"`
	After  int8             `perl:"id"`
}

type nested struct {
	UID   int    `perl:"uid"`
	Group string `perl:"group"`
	E     any    `perl:"e"`
}

// sameDirect unmarshals both ways and wants the same of them whenever the short one is taken.
func sameDirect(t *testing.T, image []byte, typ reflect.Type) bool {
	short, long := reflect.New(typ), reflect.New(typ)
	if !defaultDecoder.unmarshalDirect(image, short.Interface()) {
		return false
	}
	v, err := Thaw(image)
	if err != nil {
		t.Fatalf("%x into %v: read, but not thawed: %v", image, typ, err)
	}
	if k := v.Target().Kind(); k != perl.Array && k != perl.Hash && k != perl.Ref {
		v = v.Target()
	}
	if err := perl.Unmarshal(v, long.Interface()); err != nil {
		t.Fatalf("%x into %v: read, but not the long way: %v", image, typ, err)
	}
	if got, want := fmt.Sprintf("%#v", short.Elem()), fmt.Sprintf("%#v",
		long.Elem()); !reflect.DeepEqual(short.Interface(), long.Interface()) && got != want {
		t.Fatalf("%x into %v:\n got %s\nwant %s", image, typ, got, want)
	}
	return true
}

var directTypes = []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[everything](),
	reflect.TypeFor[*everything](), reflect.TypeFor[[]everything](),
	reflect.TypeFor[map[string]any](), reflect.TypeFor[[]any](),
	reflect.TypeFor[string](), reflect.TypeFor[int](), reflect.TypeFor[[]*nested](),
	reflect.TypeFor[map[string][]string](), reflect.TypeFor[float64](),
	reflect.TypeFor[bool](), reflect.TypeFor[uint8](), reflect.TypeFor[[]byte](),
	reflect.TypeFor[mixed](), reflect.TypeFor[[]*mixed](), reflect.TypeFor[[]label](), reflect.TypeFor[float32]()}

// TestDirectOffsets reads into all fields of a struct with an embedded one.
func TestDirectOffsets(t *testing.T) {
	v := perl.HashRef(perl.P("id", perl.NewInt(-7)), perl.P("uid", perl.NewInt(1<<20)), perl.P("c", perl.NewInt(1)),
		perl.P("group", perl.NewBytes("users")), perl.P("e", perl.ArrayRef(perl.NewInt(1))), perl.P("price", perl.NewDouble(0.25)),
		perl.P("tags", perl.ArrayRef(perl.NewBytes("a"), perl.NewInt(5))), perl.P("list", perl.ArrayRef(perl.NewDouble(1.5), perl.NewInt(2))),
		perl.P("owner", perl.HashRef(perl.P("x", perl.HashRef(perl.P("uid", perl.NewInt(3)))))),
		perl.P("params", perl.ArrayRef(perl.NewInt(-300), perl.NewInt(300), perl.NewInt(0))))
	image, err := Freeze(v)
	if err != nil {
		t.Fatal(err)
	}
	if !sameDirect(t, image, reflect.TypeFor[mixed]()) {
		t.Fatal("not read directly")
	}
	var got mixed
	if err := Unmarshal(image, &got); err != nil {
		t.Fatal(err)
	}
	want := mixed{true, nested{1 << 20, "users", []any{int64(1)}}, []label{"a", "5"}, 0.25, []float64{1.5, 2},
		map[label]nested{"x": {UID: 3}}, []int16{-300, 300, 0}, -7}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestDirectTakes: what is read directly is all that messages consist of, with the limits of Thaw.
func TestDirectTakes(t *testing.T) {
	undefs := perl.NewArray()
	for range 1000 {
		undefs.Append(perl.NewUndef())
	}
	object := func() *perl.Value { return perl.NewRef(perl.NewHash(perl.P("uid", perl.NewInt(3))).Bless("A")) }
	for _, tt := range []struct {
		name  string
		pairs []perl.Pair
		taken bool
	}{
		{"an object", []perl.Pair{perl.P("owner", object())}, true},
		{"an object of no field", []perl.Pair{perl.P("zz", object()), perl.P("owner", object())}, true},
		{"Perl's undef", []perl.Pair{perl.P("zz", perl.NewUndef().SetImmortal()), perl.P("owner", perl.NewUndef().SetImmortal())}, true},
		{"much of no field", []perl.Pair{perl.P("zz", perl.NewRef(undefs)), perl.P("tags", perl.ArrayRef(perl.NewBytes("a")))}, true},
		{"a locked hash of no field", []perl.Pair{perl.P("zz", perl.NewRef(perl.NewHash(perl.P("a", nil)).SetRestricted()))}, false},
	} {
		image, err := Freeze(perl.HashRef(tt.pairs...))
		if err != nil {
			t.Fatal(err)
		}
		if taken := sameDirect(t, image, reflect.TypeFor[everything]()); taken != tt.taken {
			t.Errorf("%s: read directly %v, expected %v", tt.name, taken, tt.taken)
		}
	}
	twice := "\x05\x0b\x03\x00\x00\x00\x01\x11\x01A\x11\x01B\x03\x00\x00\x00\x00\x00\x00\x00\x02zz"
	if sameDirect(t, []byte(twice), reflect.TypeFor[everything]()) {
		t.Error("what is blessed twice is read directly")
	}
	image, err := Freeze(perl.HashRef(perl.P("zz", perl.ArrayRef(object(), perl.NewInt(1))), perl.P("owner", object()), perl.P("id", perl.NewInt(1))))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 16; n++ {
		d := decoderWith(t, ThawOptions{MaxElements: n})
		_, err := d.Thaw(image)
		if taken := d.unmarshalDirect(image, new(everything)); taken != (err == nil) {
			t.Errorf("MaxElements %d: read directly %v, Thaw has error %v", n, taken, err)
		}
	}
}

// TestDirect compares the two ways on golden images, workloads, random structures and mutations of
// them.
func TestDirect(t *testing.T) {
	images := seeds(t)
	for _, w := range workloads()[:2] {
		image, err := Freeze(w.make())
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, string(image))
		for _, typ := range []reflect.Type{reflect.TypeFor[any](), reflect.TypeFor[everything](), reflect.TypeFor[[]everything]()} {
			if (typ.Kind() == reflect.Slice) == (w.name == "call message") && typ.Kind() != reflect.Interface {
				continue
			}
			if w.name != "call message" && typ.Kind() == reflect.Struct {
				continue
			}
			if typ.Kind() == reflect.Struct && w.name == "call message" {
				continue // from is no string there
			}
			if !sameDirect(t, image, typ) {
				t.Errorf("%s into %v: not read directly", w.name, typ)
			}
		}
	}
	taken := 0
	for seed := range uint64(3000) {
		image, err := Freeze(generate(seed))
		if err != nil {
			t.Fatal(err)
		}
		images = append(images, string(image))
	}
	r := rand.New(rand.NewPCG(1, 2))
	var buf []byte
	for i := range 60_000 {
		image := []byte(images[i%len(images)])
		if i >= len(images) {
			buf = perltest.Mutate(r, images[r.IntN(len(images))], images[r.IntN(len(images))], alphabet, buf)
			image = buf
		}
		if sameDirect(t, image, directTypes[r.IntN(len(directTypes))]) {
			taken++
		}
	}
	if taken < 1000 {
		t.Errorf("only %d read directly", taken)
	}
	// A chain of structs must not take quadratic time.
	chain := perl.HashRef(perl.P("id", perl.NewInt(1)))
	for range 2000 {
		chain = perl.HashRef(perl.P("id", perl.NewInt(1)), perl.P("a", chain))
	}
	image, err := Freeze(chain)
	if err != nil {
		t.Fatal(err)
	}
	var e everything
	if defaultDecoder.unmarshalDirect(image, &e) {
		t.Error("a long chain was read directly")
	}
	if err := Unmarshal(image, &e); err != nil || e.Next.Next.Int != 1 {
		t.Errorf("a long chain: %v", err)
	}
}

// FuzzUnmarshal reads images into Go variables of all kinds by both ways, the short one with
// pointers without types.
func FuzzUnmarshal(f *testing.F) {
	for i, s := range seeds(f) {
		f.Add([]byte(s), uint8(i))
	}
	for _, w := range workloads()[:2] {
		image, err := Freeze(w.make())
		if err != nil {
			f.Fatal(err)
		}
		for i := range directTypes {
			f.Add(image[:min(len(image), 2000)], uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, image []byte, typ uint8) {
		sameDirect(t, image, directTypes[int(typ)%len(directTypes)])
	})
}

func BenchmarkUnmarshal(b *testing.B) {
	for _, w := range workloads() {
		image, err := Freeze(w.make())
		if err != nil {
			b.Fatal(err)
		}
		b.Run(w.name, func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			b.ReportAllocs()
			for b.Loop() {
				if err := Unmarshal(image, w.into()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(w.name+", by way of a tree", func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			for b.Loop() {
				v, err := Thaw(image)
				if err != nil {
					b.Fatal(err)
				}
				if err := perl.Unmarshal(v, w.into()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
