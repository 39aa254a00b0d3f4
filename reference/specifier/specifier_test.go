package specifier

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// TestParseAsPerl compares Parse with what specifier_parse of POE::Component::IKC 0.2402 made of
// the same strings (recorded, one JSON object a line; out is null where it refused).
func TestParseAsPerl(t *testing.T) {
	f, err := os.Open("testdata/perl-0.2402.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for sc := bufio.NewScanner(f); sc.Scan(); n++ {
		var c struct {
			In   string
			Out  *struct{ Kernel, Session, State, Args string }
			Name string
		}
		if err := json.Unmarshal(sc.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		got, err := Parse(c.In)
		switch {
		case c.Out == nil && err == nil:
			t.Errorf("%q: Perl refuses it, Parse gives %+v", c.In, got)
		case c.Out != nil && err != nil:
			t.Errorf("%q: Perl gives %+v, Parse says %v", c.In, *c.Out, err)
		case c.Out != nil:
			want := Specifier{Kernel: c.Out.Kernel, Session: c.Out.Session, State: c.Out.State, Arg: c.Out.Args}
			if got != want {
				t.Errorf("%q: Perl gives %+v, Parse %+v", c.In, want, got)
			}
			if got.String() != c.Name {
				t.Errorf("%q: specifier_name gives %q, String %q", c.In, c.Name, got)
			}
		}
	}
	if n < 50 {
		t.Fatalf("only %d recorded cases", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"poe://K/S/x?a", "//K/S/x", "S/x", "poe://unix:f:1-2/S", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s, err := Parse(in)
		if err != nil {
			return
		}
		s.Arg = ""
		if s.Session == "" && s.State != "" && s.Kernel != "" {
			return // poe://K/x reads as a session: String cannot tell them apart, nor can Perl's
		}
		if name := s.String(); name != "poe:" {
			if again, err := Parse(name); err != nil || again != s && s.Session != "" {
				t.Fatalf("%q -> %+v -> %q -> %+v, %v", in, s, name, again, err)
			}
		}
	})
}
