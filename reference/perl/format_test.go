package perl_test

import (
	"math"
	"testing"

	. "github.com/perl-ikc/ikc-conform/reference/perl"
)

func TestFormat(t *testing.T) {
	c := cycle(NewText("é☺\n"), NewBytes("\xe9"), nil, NewUndef(), NewBool(true), NewBool(false))
	x := NewArray(NewInt(1))
	objects := ArrayRef(NewRef(x), NewRef(x), NewRef(NewHash(P("a b", NewDouble(2))).Bless("Some::Class")),
		NewRef(NewRegexp("a.b", "ix").Bless("Regexp")), NewRef(NewInt(5).Bless("S")), NewRef(NewCode("{ 1 }")))
	weak := NewHash()
	weak.Set("up", NewRef(weak).SetWeak())
	scalar := NewBytes("it's")
	list := make([]*Value, 10)
	for i := range list {
		list[i] = NewInt(int64(i))
	}
	tests := []struct {
		name string
		v    *Value
		opt  FormatOptions
		want string
	}{
		{"cycle", c, FormatOptions{}, `{self => $VAR1, list => ["é☺\n", "\xe9", <hole>, undef, !!1, !!0]}`},
		{"indented", c, FormatOptions{Indent: "  ", MaxItems: 2}, "{\n  self => $VAR1,\n  list => [\n    \"é☺\\n\",\n    \"\\xe9\",\n    ... 4 more\n  ]\n}"},
		{"objects", objects, FormatOptions{}, `[[1], $VAR1->[0], bless({"a b" => 2.0}, 'Some::Class'), bless(qr/a.b/ix, 'Regexp'), \blessed(5, 'S'), sub '{ 1 }']`},
		{"weak", NewRef(weak), FormatOptions{}, `{up => weak $VAR1}`},
		{"scalars", ArrayRef(scalar, NewRef(scalar), scalar), FormatOptions{}, `['it\'s', \$VAR1->[0], ${\$VAR1->[0]}]`},
		{"numbers", ArrayRef(NewInt(-1), NewUint(math.MaxUint64), NewDouble(0.1), NewDouble(1e100), NewDouble(math.Inf(-1)),
			NewDouble(1/3.0), NewDouble(math.Copysign(0, -1))), FormatOptions{},
			`[-1, 18446744073709551615, 0.1, 1e+100, -Inf, 0.33333333333333331, -0.0]`},
		{"long string", NewBytes("abcdefgh"), FormatOptions{MaxString: 3}, `'abc'...`},
		{"long key", NewHash(P("abcdefgh", nil)), FormatOptions{MaxString: 3}, `{abc... => <hole>}`},
		{"width", ArrayRef(list...), FormatOptions{MaxWidth: 10}, `[0, 1, 2, ... 7 more]`},
		{"depth", ArrayRef(ArrayRef(ArrayRef())), FormatOptions{MaxDepth: 3}, `[[...]]`},
		{"keys", NewHash(TextPair("é", nil), TextPair("☺", nil), P("\xff\"", nil), P("a", nil), P("", nil), P("1", nil)),
			FormatOptions{SortKeys: true}, `{"" => <hole>, "1" => <hole>, a => <hole>, "é" => <hole>, "\xff\"" => <hole>, "☺" => <hole>}`},
		{"locked", NewHash(Pair{Key: "a", Flags: KeyPlaceholder}).SetRestricted(), FormatOptions{}, `locked {a => <deleted>}`},
		{"tied", ArrayRef(NewTied(TiedHash, HashRef()), NewTied(TiedKey,
			HashRef()).SetTiedKey(NewBytes("k")), NewTied(TiedElement, HashRef()).SetTiedIndex(3)),
			FormatOptions{}, `[tied hash({}), tied hash element({}, 'k'), tied array element({}, 3)]`},
		{"hooked", NewRef(NewHooked("C", HookTiedHash, "x\x00", NewInt(1)).SetHookMagic(HashRef())), FormatOptions{}, `frozen('C', "x\x00", \1, tied {})`},
		{"hooked, cut", NewRef(NewHooked("C", HookHash, "", NewInt(1), NewInt(2), NewInt(3))), FormatOptions{MaxItems: 1}, `frozen('C', '', \1, ... 2 more)`},
		{"v-string", NewVString("\x01", "v1"), FormatOptions{}, "v1"},
		{"text", NewText("a\"\\$@\r\t\x01\u200b\xff"), FormatOptions{}, `"a\"\\\$\@\r\t\x01\x{200b}\xff"`},
		{"ref to array at root", NewArray(NewInt(1)), FormatOptions{}, `[1]`},
		{"kind", NewBytes(Kind(99).String() + Hooked.String()), FormatOptions{}, `'kind 99self-serialized object'`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Format(tt.v, tt.opt); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	root := NewArray()
	root.Append(NewRef(root))
	if got := Format(root, FormatOptions{}); got != `[\$VAR1]` {
		t.Errorf("array in itself: got %s", got)
	}
}
