package freezethaw_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/freezethaw"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// golden are texts made by FreezeThaw 0.5001, and what they hold.
var golden = []struct{ text, want string }{
	{"FrT;@1|@4|$1|1$1|a_$3|1.5", `['1', 'a', undef, '1.5']`},
	{"FrT;@1|%4|$1|a$1|b$1|1@1|$1|2", `{a => '1', b => ['2']}`},
	{"FrT;@1|$1|1", `'1'`},
	{`FrT;@1|\$3|abc`, `\'abc'`},
	{"FrT;!0|@0|@1|<0|@1|<0|", `[$VAR1]`},
	{"FrT;!0|@0|@1|$1|7@1|@2|<0|<0|", `[['7'], $VAR1->[0]]`},
	{"FrT;@1|>>0|$3|Bar@2|>>1|$3|Foo%0|>)1|%0|", `bless([bless({}, 'Foo'), bless({}, 'Foo')], 'Bar')`},
	{`FrT;@1|\\$1|a`, `\\'a'`},
	{"FrT;@1|/6|(?^:x)", `bless(qr/(?^:x)/, 'Regexp')`},
	{`FrT;!0|\_\$1|5@1|@2|<0|<0|`, `[\'5', $VAR1->[0]]`},
	{`FrT;!0|\_\<0|@1|<0|`, `\$VAR1`},
	{`FrT;@1|>>0|$1|S\$1|5`, `\blessed('5', 'S')`},
	{"FrT;!0|{>0|$1|B@0|})0|@1|<0|@1|<0|", `bless([$VAR1], 'B')`},
	{"FrT;@1|_", `undef`},
	{"FrT;@1|$0|", `''`},
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		v, err := freezethaw.Thaw([]byte(g.text))
		if err != nil {
			t.Errorf("%s: %v", g.text, err)
			continue
		}
		if got := perl.Format(v, perl.FormatOptions{}); got != g.want {
			t.Errorf("%s:\n got %s\nwant %s", g.text, got, g.want)
		}
		again, err := freezethaw.Freeze(v)
		if strings.Contains(g.text, "/6|") {
			continue // thawing a regexp wraps it, in Perl as well
		}
		if err != nil || string(again) != g.text {
			t.Errorf("frozen again:\n got %s, %v\nwant %s", again, err, g.text)
		}
		for n := range g.text {
			if v, err := freezethaw.Thaw([]byte(g.text[:n])); err == nil {
				t.Errorf("%s: got %s, want an error", g.text[:n], perl.Format(v, perl.FormatOptions{}))
			}
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		text string
		is   error
		want string
	}{
		{"", freezethaw.ErrSyntax, `freezethaw: offset 0: not FreezeThaw text: expected "FrT;", got ""`},
		{"FrT;", freezethaw.ErrTruncated, "freezethaw: offset 4: text ends too early: expected a value, got the end"},
		{"FrT;@1|_x", freezethaw.ErrTrailing, "freezethaw: offset 8: text after the end: expected the end, got 1 more octets"},
		{"FrT;@2|__", freezethaw.ErrCount, "freezethaw: offset 4: impossible count: expected one value, got 2"},
		{"FrT;$1|x", freezethaw.ErrSyntax, `freezethaw: offset 4: not FreezeThaw text: expected a list, got '$'`},
		{"FrT;@1|#", freezethaw.ErrSyntax, `freezethaw: offset 7: not FreezeThaw text: expected a value, got '#'`},
		{"FrT;@1|&$4|CODE", freezethaw.ErrUnsupported, "freezethaw: offset 7: cannot be carried by FreezeThaw: expected plain data, got code"},
		{"FrT;@1|*$4|GLOB", freezethaw.ErrUnsupported, ""},
		{"FrT;?$1|1@1|_", freezethaw.ErrUnsupported, ""},
		{"FrT;@1|<0|", freezethaw.ErrIndex, "freezethaw: offset 8: reference to something or a class not seen: expected an index below 0, got 0"},
		{"FrT;@99999999|_", freezethaw.ErrCount, "freezethaw: offset 5: impossible count: expected a count that 1 octets can hold, got 99999999"},
		{"FrT;@9999999999|_", freezethaw.ErrCount, "freezethaw: offset 5: impossible count: expected a count below 2^31, got a larger one"},
		{"FrT;@x|_", freezethaw.ErrSyntax, `freezethaw: offset 5: not FreezeThaw text: expected a count and "|", got 'x'`},
		{"FrT;@1", freezethaw.ErrTruncated, ""},
		{"FrT;@1|$9|abc", freezethaw.ErrTruncated, "freezethaw: offset 10: text ends too early: expected 9 characters of a string, got 3 octets"},
		{"FrT;@1|%3|$1|a$1|b$1|c", freezethaw.ErrCount, "freezethaw: offset 8: impossible count: expected as many keys as values, got 3 of both"},
		{"FrT;@1|%2|@0|_", freezethaw.ErrSyntax, "freezethaw: offset 10: not FreezeThaw text: expected a key that is a string, got reference"},
		{"FrT;@1|%4|$1|a$1|a__", freezethaw.ErrSyntax, `freezethaw: offset 14: not FreezeThaw text: expected a key not yet in the hash, got "a"`},
		{"FrT;@1|>>0|$1|A_", freezethaw.ErrSyntax, "freezethaw: offset 15: not FreezeThaw text: expected a reference to bless, got undef"},
		{"FrT;@1|>>0|$0|@0|", freezethaw.ErrSyntax, `freezethaw: offset 14: not FreezeThaw text: expected the name of a class, got an empty one`},
		{"FrT;@1|>>0|_@0|", freezethaw.ErrSyntax, `freezethaw: offset 11: not FreezeThaw text: expected the name of a class, got "_"`},
		{"FrT;@1|>)0|@0|", freezethaw.ErrIndex, "freezethaw: offset 8: reference to something or a class not seen: expected a class seen before, got class 0"},
		{"FrT;@1|>x", freezethaw.ErrSyntax, `freezethaw: offset 8: not FreezeThaw text: expected a class, got "x"`},
		{"FrT;!5|@0|", freezethaw.ErrCount, "freezethaw: offset 5: impossible count: expected an index that 3 octets can hold, got 5"},
		{"FrT;!0|_@1|_@1|_", freezethaw.ErrSyntax, "freezethaw: offset 7: not FreezeThaw text: expected an empty thing, got undef"},
		{"FrT;!0|@0|%0|@1|_", freezethaw.ErrSyntax, "freezethaw: offset 10: not FreezeThaw text: expected the contents of array, got reference to hash"},
		{`FrT;!0|\_$0|@1|_`, freezethaw.ErrSyntax, "freezethaw: offset 9: not FreezeThaw text: expected the contents of undef, got byte string"},
		{"FrT;" + strings.Repeat("\\", 20000) + "_", freezethaw.ErrLimit, "freezethaw: offset 10004: MaxDepth is 10000, got 10001"},
		{"FrT;@1|" + strings.Repeat("@1|", 20000) + "_", freezethaw.ErrLimit, ""},
	}
	for _, tt := range tests {
		_, err := freezethaw.Thaw([]byte(tt.text))
		var e *freezethaw.Error
		var l *freezethaw.LimitError
		if !errors.Is(err, tt.is) || !errors.As(err, &e) && !errors.As(err, &l) || tt.want != "" && err.Error() != tt.want {
			t.Errorf("%.40s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		opt  freezethaw.Options
		text string
		want string
	}{
		{freezethaw.Options{MaxElements: 3}, "FrT;@1|@1|_", ""},
		{freezethaw.Options{MaxElements: 2}, "FrT;@1|@1|_", "freezethaw: offset 10: MaxElements is 2, got 3"},
		{freezethaw.Options{MaxElements: 1}, "FrT;@1|\\_", "freezethaw: offset 7: MaxElements is 1, got 2"},
		{freezethaw.Options{MaxElements: 2}, "FrT;@1|\\_", "freezethaw: offset 8: MaxElements is 2, got 3"},
		{freezethaw.Options{MaxString: 2}, "FrT;@1|$3|abc", "freezethaw: offset 10: MaxString is 2, got 3"},
		{freezethaw.Options{MaxDepth: 2}, "FrT;@1|\\_", "freezethaw: offset 8: MaxDepth is 2, got 3"},
	} {
		m, err := tt.opt.Codec()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Thaw([]byte(tt.text)); fmt.Sprint(err) != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	for _, o := range []freezethaw.Options{{MaxDepth: -1}, {MaxDepth: 1 << 30}, {MaxElements: -1}, {MaxString: math.MinInt}} {
		if _, err := o.Codec(); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
}

func TestFreeze(t *testing.T) {
	deep := perl.NewInt(1)
	for range 20000 {
		deep = perl.NewRef(deep)
	}
	re := perl.NewRegexp("a.b", "ix").Bless("Regexp")
	own := perl.NewRegexp("x", "").Bless("Own")
	for _, tt := range []struct {
		v    *perl.Value
		want string
	}{
		{perl.ArrayRef(nil, perl.NewDouble(1e15), perl.NewUint(math.MaxUint64), perl.NewBool(true), perl.NewBool(false), perl.NewVString("\x01", "v1")),
			"FrT;@1|@6|_$5|1e+15$20|18446744073709551615$1|1$0|$1|\x01"},
		{perl.ArrayRef(perl.NewText("é")), "FrT;@1|@1|$1|\xe9"},
		{perl.ArrayRef(perl.NewText("☺")), `freezethaw: offset 10: cannot be carried by FreezeThaw: expected characters up to U+00FF, got "☺"`},
		{perl.HashRef(perl.P("b", perl.NewInt(1)), perl.Pair{Key: "x", Flags: perl.KeyPlaceholder}, perl.P("a", perl.NewInt(2))), "FrT;@1|%4|$1|a$1|b$1|2$1|1"},
		{perl.NewRef(re), "FrT;@1|/10|(?^ix:a.b)"},
		{perl.NewRef(perl.NewRegexp("a # b", "x").Bless("Regexp")), "FrT;@1|/12|(?^x:a # b\n)"},
		{perl.ArrayRef(perl.NewRef(re), perl.NewRef(re)), "FrT;@1|@2|/10|(?^ix:a.b)/10|(?^ix:a.b)"},
		{perl.ArrayRef(perl.NewRef(own), perl.NewRef(own)), "FrT;@1|@2|/6|(?^:x)/6|(?^:x)"},
		{perl.NewRef(perl.NewCode("")), "freezethaw: offset 7: cannot be carried by FreezeThaw: expected data, got code"},
		{perl.NewArray(), "freezethaw: offset 7: cannot be carried by FreezeThaw: expected a scalar, got array"},
		{perl.NewRef(perl.NewTied(perl.TiedHash, nil)), "freezethaw: offset 7: cannot be carried by FreezeThaw: expected data, got tied"},
		{deep, "freezethaw: offset 10006: MaxDepth is 10000, got 10001"},
	} {
		got, err := freezethaw.Freeze(tt.v)
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", perl.Format(tt.v, perl.FormatOptions{MaxWidth: 100}), got, tt.want)
		}
	}
}

// TestUTF8 has texts as characters.
func TestUTF8(t *testing.T) {
	m, err := freezethaw.Options{UTF8: true}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	v := perl.ArrayRef(perl.NewText("☺é"), perl.NewBytes("\xe9"), perl.NewHash(perl.TextPair("☺", perl.NewInt(1)), perl.TextPair("é", perl.NewInt(2))))
	v.Target().Elems()[2] = perl.NewRef(v.Target().Elems()[2])
	text, err := m.Freeze(v)
	if want := "FrT;@1|@3|$2|☺é$1|é%4|$1|é$1|☺$1|2$1|1"; err != nil || string(text) != want {
		t.Fatalf("got %s, %v, want %s", text, err, want)
	}
	w, err := m.Thaw(text)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := perl.Format(w, perl.FormatOptions{}), `["☺é", "é", {"é" => '2', "☺" => '1'}]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := m.Thaw([]byte("FrT;@1|$3|☺é")); !errors.Is(err, freezethaw.ErrTruncated) {
		t.Errorf("too long: got %v", err)
	}
}

func TestSerializer(t *testing.T) {
	m, err := freezethaw.Options{MaxDepth: 5}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []freezethaw.Serializer{{}, {Codec: m}} {
		perltest.RoundTrip(t, s, "FreezeThaw")
	}
}
