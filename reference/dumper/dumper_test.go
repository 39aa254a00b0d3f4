package dumper_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/internal/perltest"
	"github.com/perl-ikc/ikc-conform/reference/dumper"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// golden are texts of Data::Dumper 2.184 with the variable cut to V, what they hold, and what this
// package writes for it, if that is another text.
var golden = []struct{ text, want, other string }{
	{`V = [1,'a',undef,'1.5'];`, `[1, 'a', undef, '1.5']`, ""},
	{`V = [-5,'-5',1234567890,'12345678901',-123456789];`, `[-5, '-5', 1234567890, '12345678901', -123456789]`, ""},
	{`V = ['a\'b','a\\b','a"b','$x @y',"\x{263a}","\x{e9}","'\x{263a}\$\@\"\\1"];`,
		`['a\'b', 'a\\b', 'a"b', '$x @y', "☺", "\xe9", "'☺\$\@\"\\1"]`,
		"V = ['a\\'b','a\\\\b','a\"b','$x @y',\"\\x{263a}\",'\xe9',\"'\\x{263a}\\$\\@\\\"\\\\1\"];"},
	{"V = ['\xe9\n\x00'];", `["\xe9\n\x00"]`, ""},
	{`V = {'a b' => 1,"\x{263a}" => 2,"\x{e9}" => 3,'' => 4,'a\'b' => 5};`, `{"a b" => 1, "☺" => 2, "\xe9" => 3, "" => 4, "a'b" => 5}`,
		"V = {'a b' => 1,\"\\x{263a}\" => 2,'\xe9' => 3,'' => 4,'a\\'b' => 5};"},
	// Characters that Unicode does not have, as Perl 5.32 to 5.42 writes them.
	{`V = ["\x{d800}","\x{110000}","\x{7fffffffffff}","\x{7fffffffffffffff}",{"\x{dfff}" => 1}];`,
		`["\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff\x80\x80\x80\x80\x9f\xbf\xbf\xbf\xbf\xbf\xbf\xbf", "\xff\x80\x87\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf", {"\xed\xbf\xbf" => 1}]`, ""},
	{`V = [v1.2_3,v1.55296];`, `[v1.2_3, v1.55296]`, ""},
	{`V = [[],\[]];V->[0] = V;${V->[1]} = V;`, `[$VAR1, \$VAR1]`, ""},
	{`V = [[7],[]];V->[1] = V->[0];`, `[[7], $VAR1->[0]]`, ""},
	{`V = {'b' => {'c' => [7]},'a' => []};V->{'a'} = V->{'b'}{'c'};`, `{b => {c => [7]}, a => $VAR1->{b}{c}}`, ""},
	{`V = [1,2,do{my $o}];V->[2] = \V->[0];`, `[1, 2, \$VAR1->[0]]`, ""},
	{`V = \'abc';`, `\'abc'`, ""},
	{`V = [!!1,!!0];`, `[!!1, !!0]`, `V = [1,''];`}, // of Perl 5.42
	{`V = \\[1];`, `\\[1]`, ""},
	{`V = \do{my $o};${V} = V;`, `\$VAR1`, ""},
	{`V = [\5,do{my $o}];V->[1] = V->[0];`, `[\5, $VAR1->[0]]`, ""},
	{`V = bless( [bless( {}, 'Foo' ),bless( {'a' => 1}, 'Foo' )], 'Bar::Baz' );`, `bless([bless({}, 'Foo'), bless({a => 1}, 'Foo')], 'Bar::Baz')`, ""},
	{`V = bless( do{\(my $o = 5)}, 'S' );`, `\blessed(5, 'S')`, ""},
	{`V = bless( [], 'It\'s' );`, `bless([], 'It\'s')`, ""},
	{`V = [qr/a # b/x,qr/[#]/x,qr/(?^px:a)/];`, `[bless(qr/a # b\n/x, 'Regexp'), bless(qr/[#]/x, 'Regexp'), bless(qr/(?^px:a)/p, 'Regexp')]`,
		"V = [qr/a # b\n/x,qr/[#]/x,qr/(?^px:a)/p];"},
	{`V = [qr/a\/b/ix,bless( qr/x/, 'Foo' ),qr/\\\//];`, `[bless(qr/a/b/ix, 'Regexp'), bless(qr/x/, 'Foo'), bless(qr/\\//, 'Regexp')]`, ""},
	{`V = [v1.22.333,\v1.2];`, `[v1.22.333, \v1.2]`, ""},
	{`V = bless( {'me' => {},'s' => \{}}, 'O' );V->{'me'} = V;${V->{'s'}} = V;`, `bless({me => $VAR1, s => \$VAR1}, 'O')`, ""},
	{`V = [\\do{my $o},do{my $o}];${${V->[0]}} = V->[0];V->[1] = ${V->[0]};`, `[\\$VAR1->[0], ${$VAR1->[0]}]`, ""},
	{`V = [bless( do{\(my $o = 1)}, 'C' ),do{my $o}];V->[1] = V->[0];`, `[\blessed(1, 'C'), $VAR1->[0]]`, ""},
	{`V = undef;`, "undef", ""},
	{`V = 5;`, "5", ""},
	{`V = '';`, "''", ""},
	{`V = [${\'x'},${\5}];`, `['x', 5]`, `V = ['x',5];`},
	// Other settings of Data::Dumper, and texts that people write.
	{"V = {\n  a => 1,\n  \"b\" => [\n    -2, 1.5, 1e+20,\n  ],\n};\n", `{a => 1, b => [-2, 1.5, 1e+20]}`, `V = {'a' => 1,'b' => [-2,'1.5','1e+20']};`},
	{`V = ["\n\t\e\0\x41\101\x{41}", 18446744073709551615];`, `["\n\t\x1b\x00AAA", 18446744073709551615]`, "V = ['\n\t\x1b\x00AAA','18446744073709551615'];"},
	{`V = { -a => 65.66.0, 'k', => 1 };`, "error", ""},
	{`V = { -a => 65.66.0 }`, "error", ""},
	{`V = { -a => 65.66.0 };`, `{"-a" => 65.66.0}`, `V = {'-a' => 65.66.0};`},
	{`V = [1];V->[0] = bless(V, 'A')`, `bless([$VAR1], 'A')`, `V = bless( [[]], 'A' );V->[0] = V;`},
}

func full(text string) string { return strings.ReplaceAll(text, "V", dumper.DefaultVariable) }

func TestGolden(t *testing.T) {
	for _, g := range golden {
		v, err := dumper.Thaw([]byte(full(g.text)))
		if g.want == "error" {
			if err == nil {
				t.Errorf("%s: got no error", g.text)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", g.text, err)
			continue
		}
		if got := perl.Format(v, perl.FormatOptions{}); got != g.want {
			t.Errorf("%s:\n got %s\nwant %s", g.text, got, g.want)
		}
		want := g.text
		if g.other != "" {
			want = g.other
		}
		again, err := dumper.Freeze(v)
		if err != nil || string(again) != full(want) {
			t.Errorf("frozen again:\n got %s, %v\nwant %s", again, err, full(want))
		}
		for n := range full(g.text) {
			dumper.Thaw([]byte(full(g.text)[:n])) // no panic
		}
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		text string
		is   error
		want string
	}{
		{"", dumper.ErrTruncated, "dumper: offset 0: text ends too early: expected the variable $POE::Component::IKC::Freezer::VAR1, got the end"},
		{"system('rm -rf /')", dumper.ErrSyntax, `dumper: offset 0: not in the language of Data::Dumper: expected the variable $POE::Component::IKC::Freezer::VAR1, got "system('rm -rf /')"`},
		{"$OTHER = 1;", dumper.ErrSyntax, "dumper: offset 0: not in the language of Data::Dumper: expected the variable $POE::Component::IKC::Freezer::VAR1, got $OTHER"},
		{"V = system('x');", dumper.ErrSyntax, ""},
		{"V = 1", dumper.ErrTruncated, `dumper: offset 39: text ends too early: expected ";", got the end`},
		{"V 1", dumper.ErrSyntax, `dumper: offset 36: not in the language of Data::Dumper: expected "=", got "1"`},
		{"V = ", dumper.ErrTruncated, "dumper: offset 38: text ends too early: expected a value, got the end"},
		{"V->[0] = 1;", dumper.ErrPlace, "dumper: offset 37: no such place: expected an index below 0, got 0"},
		{"${V} = 1;", dumper.ErrPlace, "dumper: offset 2: no such place: expected a value, got $POE::Component::IKC::Freezer::VAR1 before it has its value, which Perl cannot read either"},
		{`${\1} = 1;`, dumper.ErrSyntax, "dumper: offset 0: not in the language of Data::Dumper: expected an assignment to $POE::Component::IKC::Freezer::VAR1, got another"},
		{"V = V;", dumper.ErrPlace, ""},
		{"V = [];V->[1] = 1;", dumper.ErrPlace, ""},
		{"V = {};V->{a} = 1;", dumper.ErrPlace, `dumper: offset 78: no such place: expected a key of the hash, got "a"`},
		{"V = [];V->x = 1;", dumper.ErrSyntax, ""},
		{"V = [];V->[x] = 1;", dumper.ErrSyntax, ""},
		{"V = [1];V->[0 = 1;", dumper.ErrSyntax, ""},
		{"V = {};V->{'a' = 1;", dumper.ErrSyntax, ""},
		{"V = {};V->{'a = 1;", dumper.ErrTruncated, ""},
		{"V = [];${V} = 1;", dumper.ErrPlace, "dumper: offset 41: no such place: expected a reference to a scalar, got reference"},
		{"V = [];${V->[0]", dumper.ErrPlace, ""},
		{"V = \\1;${V = 1;", dumper.ErrSyntax, ""},
		{"V = [1", dumper.ErrTruncated, ""},
		{"V = [1 2];", dumper.ErrSyntax, ""},
		{"V = [,];", dumper.ErrSyntax, ""},
		{"V = {a};", dumper.ErrSyntax, ""},
		{"V = {a => };", dumper.ErrSyntax, ""},
		{"V = {a => 1", dumper.ErrTruncated, ""},
		{"V = {=> 1};", dumper.ErrSyntax, `dumper: offset 39: not in the language of Data::Dumper: expected a key, got "=> 1};"`},
		{`V = {"$x" => 1};`, dumper.ErrSyntax, ""},
		{`V = {a => 1, a => 2};`, dumper.ErrDuplicate, `dumper: offset 47: duplicate hash key: expected a key not yet in the hash, got "a"`},
		{"V = \\", dumper.ErrTruncated, ""},
		{"V = 'abc", dumper.ErrTruncated, "dumper: offset 42: text ends too early: expected the end of the string that starts at 38, got the end"},
		{`V = "abc`, dumper.ErrTruncated, ""},
		{`V = "abc\`, dumper.ErrTruncated, ""},
		{`V = "a$b";`, dumper.ErrSyntax, `dumper: offset 40: not in the language of Data::Dumper: expected a string without variables, got "$"`},
		{`V = "a@b";`, dumper.ErrSyntax, ""},
		{`V = "\x{zz}";`, dumper.ErrSyntax, ""},
		{`V = "\x{8000000000000000}";`, dumper.ErrSyntax, ""},
		{`V = "\x{12345678901234567}";`, dumper.ErrSyntax, ""},
		{`V = "\N{U+263a}";`, dumper.ErrSyntax, `dumper: offset 39: not in the language of Data::Dumper: expected an escape that Data::Dumper writes, got "\\N"`},
		{"V = 007;", dumper.ErrSyntax, `dumper: offset 38: not in the language of Data::Dumper: expected a decimal number, got "007"`},
		{"V = 0x10;", dumper.ErrSyntax, ""},
		{"V = 1_000;", dumper.ErrSyntax, ""},
		{"V = 1e5e;", dumper.ErrSyntax, ""},
		{"V = -;", dumper.ErrSyntax, ""},
		{"V = v1.9999999999999999999;", dumper.ErrSyntax, ""},
		{"V = vx;", dumper.ErrSyntax, ""},
		{"V = q{x};", dumper.ErrSyntax, ""},
		{"V = qr/x;", dumper.ErrTruncated, ""},
		{"V = qr/x/e;", dumper.ErrSyntax, ""},
		{"V = bless 1;", dumper.ErrSyntax, ""},
		{"V = bless( 1, 'A' );", dumper.ErrSyntax, "dumper: offset 44: not in the language of Data::Dumper: expected a reference to bless, got integer"},
		{"V = bless( [], '' );", dumper.ErrSyntax, ""},
		{"V = bless( [] 'A' );", dumper.ErrSyntax, ""},
		{"V = bless( [], A );", dumper.ErrSyntax, ""},
		{"V = bless( [], 'A' ;", dumper.ErrSyntax, ""},
		{"V = bless( *, 'A' );", dumper.ErrSyntax, ""},
		{"V = do{unlink 1};", dumper.ErrSyntax, ""},
		{"V = do(1);", dumper.ErrSyntax, ""},
		{"V = do{my $x};", dumper.ErrSyntax, ""},
		{"V = do{\\(my $o = )};", dumper.ErrSyntax, ""},
		{"V = do{\\(my $o = 1};", dumper.ErrSyntax, ""},
		{"V = do{\\(my $p = 1)};", dumper.ErrSyntax, ""},
		{"V = sub { exit };", dumper.ErrSyntax, ""},
		{"V = sub ;", dumper.ErrSyntax, ""},
		{`V = sub { "DUMMY" `, dumper.ErrTruncated, ""},
		{"V = undefined;", dumper.ErrSyntax, ""},
		{"V = \\*::STDOUT;", dumper.ErrSyntax, ""},
		{"V = 1;;", dumper.ErrSyntax, ""},
		{"V = 1;V = 2 V", dumper.ErrSyntax, ""},
		{"V = " + strings.Repeat("[", 20000), dumper.ErrLimit, "dumper: offset 10038: MaxDepth is 10000, got 10001"},
		{"V = " + strings.Repeat("\\", 20000), dumper.ErrLimit, ""},
		{strings.Repeat("${", 20000), dumper.ErrLimit, ""},
	}
	for _, tt := range tests {
		v, err := dumper.Thaw([]byte(full(tt.text)))
		var e *dumper.Error
		var l *dumper.LimitError
		if !errors.Is(err, tt.is) || !errors.As(err, &e) && !errors.As(err, &l) || tt.want != "" && err.Error() != tt.want {
			t.Errorf("%.60s:\n got %v, %s\nwant %v %s", tt.text, err, perl.Format(v, perl.FormatOptions{MaxWidth: 100}), tt.is, tt.want)
		}
	}
}

func TestCode(t *testing.T) {
	v, err := dumper.Thaw([]byte(full(`V = [sub { "DUMMY" }];`)))
	if err != nil || v.Target().Elems()[0].Target().Kind() != perl.Code {
		t.Errorf("got %s, %v", perl.Format(v, perl.FormatOptions{}), err)
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		opt  dumper.Options
		text string
		want string
	}{
		{dumper.Options{Variable: "$VAR1"}, "$VAR1 = [1,2];", ""},
		{dumper.Options{Variable: "$VAR1", MaxElements: 3}, "$VAR1 = [1,2];", ""},
		{dumper.Options{Variable: "$VAR1", MaxElements: 2}, "$VAR1 = [1,2];", "dumper: offset 11: MaxElements is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxString: 2}, "$VAR1 = 'abc';", "dumper: offset 9: MaxString is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxString: 2}, `$VAR1 = 'a\'b';`, "dumper: offset 14: MaxString is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxString: 2}, `$VAR1 = "abc";`, "dumper: offset 13: MaxString is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxString: 2}, `$VAR1 = v1.2.3;`, "dumper: offset 14: MaxString is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxString: 2}, `$VAR1 = qr/abc/;`, "dumper: offset 14: MaxString is 2, got 3"},
		{dumper.Options{Variable: "$VAR1", MaxDepth: 1}, "$VAR1 = [1];", "dumper: offset 9: MaxDepth is 1, got 2"},
	} {
		m, err := tt.opt.Codec()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Thaw([]byte(tt.text)); fmt.Sprint(err) != tt.want && (err != nil || tt.want != "") {
			t.Errorf("%s:\n got %v\nwant %s", tt.text, err, tt.want)
		}
	}
	for _, o := range []dumper.Options{{MaxDepth: -1}, {MaxDepth: 1 << 30}, {MaxElements: -1},
		{MaxString: math.MinInt}, {Variable: "VAR1"}, {Variable: "$"}, {Variable: "$1"}, {Variable: "$a b"}} {
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
	first := perl.NewHash()
	first.AppendPair(perl.P("y", perl.NewRef(nil)), perl.P("x", perl.NewInt(1).Bless("S")))
	first.Get("y").SetTarget(first.Get("x"))
	top := perl.NewArray(perl.NewInt(1))
	top.Append(perl.NewRef(top), perl.NewRef(top.Elems()[0]))
	for _, tt := range []struct {
		v    *perl.Value
		want string
	}{
		{perl.ArrayRef(nil, perl.NewDouble(1e15), perl.NewBool(true), perl.NewBool(false)), `V = [undef,'1e+15',1,''];`},
		{perl.NewRef(first), `V = {'y' => do{my $o},'x' => 1};V->{'y'} = bless( \V->{'x'}, 'S' );`},
		{perl.NewRef(top.Elems()[0]), `V = \1;`},
		{perl.NewRef(top), `V = [1,[],do{my $o}];V->[1] = V;V->[2] = \V->[0];`},
		{top.Elems()[2], `V = \1;`},
		{perl.NewRef(perl.NewRegexp("a # b", "x").Bless("Regexp")), "V = qr/a # b\n/x;"},
		{perl.NewRef(perl.NewRegexp("é☺", "u").Bless("Regexp")), `V = qr/\x{e9}\x{263a}/u;`},
		{perl.NewRef(perl.NewVString("x", "evil()")), `dumper: offset 39: cannot be written so that Perl reads it: expected a v-string of digits, got "evil()"`},
		{perl.NewRef(nil), `dumper: offset 38: cannot be written so that Perl reads it: expected a reference to something, got one to nothing`},
		{perl.NewRef(perl.NewCode("")), `dumper: offset 38: cannot be written so that Perl reads it: expected data, got code`},
		{perl.NewArray(), `dumper: offset 38: cannot be written so that Perl reads it: expected a scalar, got array`},
		{deep, "dumper: offset 10038: MaxDepth is 10000, got 10001"},
		{perl.ArrayRef(perl.NewRef(perl.NewRef(nil)), perl.NewRef(top)), `dumper: offset 40: cannot be written so that Perl reads it: expected a reference to something, got one to nothing`},
	} {
		got, err := dumper.Freeze(tt.v)
		if err != nil {
			got = []byte(err.Error())
		}
		if string(got) != full(tt.want) {
			t.Errorf("%s:\n got %s\nwant %s", perl.Format(tt.v, perl.FormatOptions{MaxWidth: 100}), got, full(tt.want))
		}
	}
	short, err := dumper.Options{MaxText: 100}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	loop := perl.NewArray()
	for range 3 {
		loop.Append(perl.NewRef(loop))
	}
	if _, err := short.Freeze(perl.NewRef(loop)); !errors.Is(err, dumper.ErrLimit) {
		t.Errorf("a long text: got %v", err)
	}
	m, err := dumper.Options{Canonical: true, Variable: "$x"}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Freeze(perl.HashRef(perl.P("b", nil), perl.Pair{Key: "c", Flags: perl.KeyPlaceholder}, perl.P("a", nil)))
	if want := `$x = {'a' => undef,'b' => undef};`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestSerializer(t *testing.T) {
	m, err := dumper.Options{Variable: "$x"}.Codec()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []dumper.Serializer{{}, {Codec: m}} {
		perltest.RoundTrip(t, s, "POE::Component::IKC::Freezer")
	}
}

// TestTextThatIsNone holds that octets marked as text are an error where they are none, in strings
// and keys: no other character stands for them.
func TestTextThatIsNone(t *testing.T) {
	for _, v := range []*perl.Value{
		perl.ArrayRef(perl.NewText("a\xff")),
		perl.HashRef(perl.Pair{Key: "k\xe9", Flags: perl.KeyUTF8, Value: perl.NewInt(1)}),
	} {
		text, err := dumper.Freeze(v)
		if !errors.Is(err, dumper.ErrUnsupported) {
			t.Errorf("%s: expected %v, got %q, %v", perl.Format(v, perl.FormatOptions{}), dumper.ErrUnsupported, text, err)
		}
	}
}
