package perl_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// allocated tells how many octets a function allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestUnmarshalSharedOctets: one Perl string in very many places is one slice of Go.
func TestUnmarshalSharedOctets(t *testing.T) {
	const places = 400
	v := perl.NewBytes(strings.Repeat("x", 1<<18))
	list := make([]*perl.Value, places)
	for i := range list {
		list[i] = v
	}
	var to [][]byte
	got := allocated(func() {
		if err := perl.Unmarshal(perl.ArrayRef(list...), &to); err != nil {
			t.Fatal(err)
		}
	})
	if len(to) != places || len(to[0]) != 1<<18 || &to[0][0] != &to[places-1][0] {
		t.Errorf("got %d slices, the first of %d octets, expected %d that are one", len(to), len(to[0]), places)
	}
	if most := uint64(1 << 20); got > most {
		t.Errorf("%d octets allocated, expected at most %d", got, most)
	}
}

// forgetful is a type that takes text.
type forgetful struct{}

func (*forgetful) UnmarshalText([]byte) error { return nil }

// TestUnmarshalLimit: variables that take too much end in an error before they are made, and so do
// copies of one string.
func TestUnmarshalLimit(t *testing.T) {
	s := strings.Repeat("1", 1<<24)
	strings := make([]*perl.Value, 100)
	for i := range strings {
		strings[i] = perl.NewBytes(s) // as what Data::Dumper's text assigned
	}
	for _, x := range []struct {
		what string
		from *perl.Value
		to   any
		most uint64
	}{
		{"elements", perl.ArrayRef(make([]*perl.Value, 1<<16)...), new([][1 << 15]byte), 1 << 16},
		{"text", perl.ArrayRef(strings...), new([]forgetful), 1<<30 + 1<<24},
	} {
		var err error
		got := allocated(func() { err = perl.Unmarshal(x.from, x.to) })
		var ce *perl.ConversionError
		if !errors.As(err, &ce) || ce.Expected != "data that takes at most 1073741824 octets in Go" {
			t.Errorf("%s: got %v", x.what, err)
		}
		if got > x.most {
			t.Errorf("%s: %d octets allocated, expected at most %d", x.what, got, x.most)
		}
	}
}

// TestUnmarshalSharedHash: a large hash that very many places refer to is looked through once, and
// a long string is not taken for a number time and again.
func TestUnmarshalSharedHash(t *testing.T) {
	const n = 20_000
	hash := perl.NewHash(perl.P("Name", perl.NewBytes("last")))
	for i := range n {
		hash.AppendPair(perl.P("k"+strings.Repeat("x", i%7)+string(rune('a'+i%26)), perl.NewInt(1)))
	}
	numeral := perl.NewBytes("1." + strings.Repeat("0", 1<<20))
	hashes, numerals := make([]*perl.Value, n), make([]*perl.Value, n)
	for i := range hashes {
		hashes[i], numerals[i] = perl.NewRef(hash), numeral
	}
	var records []struct {
		Name   string
		A, B   struct{ Name string }
		unseen int
	}
	start := time.Now()
	if err := perl.Unmarshal(perl.ArrayRef(hashes...), &records); err != nil || records[n-1].Name != "last" {
		t.Errorf("got %+v, %v", records[n-1], err)
	}
	var floats []float64
	if err := perl.Unmarshal(perl.ArrayRef(numerals...), &floats); err == nil {
		t.Error("a number of a million digits: got no error")
	}
	if took := time.Since(start); took > 10*time.Second { // 20 s at least if each was looked through
		t.Errorf("took %v", took)
	}
}

// TestLongPaths: what errors and Format say of where something is has a bound.
func TestLongPaths(t *testing.T) {
	key := strings.Repeat("k", 1<<20)
	inner := perl.NewBytes("x")
	v := inner
	for range 4000 {
		v = perl.NewRef(v)
	}
	for range 50 {
		v = perl.HashRef(perl.P(key, v))
	}
	d := perl.Diff(perl.ArrayRef(v), perl.ArrayRef(perl.NewInt(1)))
	if len(d) > 20_000 {
		t.Errorf("difference of %d octets", len(d))
	}
	shared := perl.NewArray()
	list := perl.NewArray(perl.NewRef(shared))
	for range 1000 {
		list.Append(perl.NewRef(shared))
	}
	text := perl.Format(perl.HashRef(perl.P(key, perl.NewRef(list))), perl.FormatOptions{})
	if len(text) > len(key)+200_000 {
		t.Errorf("text of %d octets", len(text))
	}
	if !strings.Contains(text, "...}") {
		t.Errorf("got %.200s, expected paths with a key that ends in ...", text[len(text)-200:])
	}
	deep := perl.NewRef(inner)
	for range 3000 {
		deep = perl.ArrayRef(deep)
	}
	var to any
	err := perl.Unmarshal(perl.ArrayRef(deep), &to)
	if err != nil {
		t.Error(err)
	}
	if d := perl.Diff(perl.ArrayRef(deep), perl.ArrayRef(perl.NewRef(perl.NewInt(1)))); len(d) > 3000 {
		t.Errorf("difference of %d octets: %.300s", len(d), d)
	}
}
