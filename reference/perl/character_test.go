package perl_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// characters are at the ends of what each number of octets can hold.
var characters = []uint64{0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdfff, 0xe000, 0xffff, 0x10000, 0x10ffff, 0x110000,
	0x1fffff, 0x200000, 0x3ffffff, 0x4000000, 0x7fffffff, 0x80000000, 0xfffffffff, 0x1000000000, 1<<63 - 1}

func TestCharacters(t *testing.T) {
	for _, c := range characters {
		s := string(perl.AppendCharacter(nil, c))
		got, n := perl.DecodeCharacter(s + "x")
		if got != c || n != len(s) || !perl.IsCharacters("a"+s+"é") {
			t.Errorf("%#x: as %q: got %#x, %d octets", c, s, got, n)
		}
		for i := range len(s) {
			if _, n := perl.DecodeCharacter(s[:i]); n != 0 {
				t.Errorf("%#x: expected no character in %q, got one of %d octets", c, s[:i], n)
			}
		}
	}
	for _, bad := range []string{"", "\x80", "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xff\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", "\xfe\xff",
		"\xff\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf"} {
		if c, n := perl.DecodeCharacter(bad); n != 0 {
			t.Errorf("%q: expected no character, got %#x of %d octets", bad, c, n)
		}
		if bad != "" && perl.IsCharacters("a"+bad) {
			t.Errorf("%q: expected it to be no characters", bad)
		}
	}
}

// TestCharactersOfPerl compares with what the machine's Perl has in memory.
func TestCharactersOfPerl(t *testing.T) {
	path, err := exec.LookPath("perl")
	if err != nil {
		t.Skip("perl is not here")
	}
	var script strings.Builder
	script.WriteString("no warnings; use utf8; for my $c (")
	for _, c := range characters {
		script.WriteString(strconv.FormatUint(c, 10) + ",")
	}
	script.WriteString(`) { my $s = chr($c); utf8::upgrade($s); { use bytes; print unpack('H*', $s), "\n" } }`)
	out, err := exec.Command(path, "-e", script.String()).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	if len(lines) != len(characters) {
		t.Fatalf("expected %d lines, got %q", len(characters), out)
	}
	for i, c := range characters {
		if got := hexOf(string(perl.AppendCharacter(nil, c))); got != lines[i] {
			t.Errorf("%#x: expected %s as Perl has it, got %s", c, lines[i], got)
		}
	}
}

func hexOf(s string) string {
	var b strings.Builder
	for i := range len(s) {
		b.WriteString(strconv.FormatUint(uint64(s[i])|0x100, 16)[1:])
	}
	return b.String()
}
