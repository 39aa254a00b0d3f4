package driver

import (
	"slices"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	for _, test := range []struct {
		command string
		want    []string
		wrong   string
	}{
		{"./driver", []string{"./driver"}, ""},
		{"  driver --name  x\t-v\n", []string{"driver", "--name", "x", "-v"}, ""},
		{`"/opt/my driver/run" --title 'it is "x"' a\ b ''`, []string{"/opt/my driver/run", "--title", `it is "x"`, "a b", ""}, ""},
		{`driver --filter '$x | y; z' "a*" b* "{c,d}" {e,f}`, []string{"driver", "--filter", "$x | y; z", "a*", "b*", "{c,d}", "e", "f"}, ""},
		{"~/driver ~", []string{"/home/me/driver", "/home/me"}, ""},
		{"driver # one", []string{"driver"}, ""},
		{"driver 'x", nil, "quote"},
		{"driver $x", nil, "x: unbound variable"},
		{"driver $(id)", nil, "command substitution"},
		{"driver | tee log", nil, "|"},
		{"driver; rm x", nil, ";"},
		{"driver > log", nil, ">"},
		{"", nil, "expected a program"},
		{" ", nil, "expected a program"},
		{"''", nil, "expected a program"},
	} {
		got, err := Words(test.command)
		if !slices.Equal(got, test.want) || (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%q: got %q (%v), want %q and an error with %q", test.command, got, err, test.want, test.wrong)
		}
	}
}
