package known

import "testing"

// TestCompare: releases are compared as their implementation counts them, not as strings.
func TestCompare(t *testing.T) {
	const other = "github.com/example/ikc"
	for _, test := range []struct {
		implementation, a, b string
		want                 int // 2: it is no release
	}{
		{original, "0.2305", "0.2402", -1},
		{original, "0.18", "0.1801", -1},
		{original, "0.18", "0.1501", 1},
		{original, "0.09", "0.12", -1},
		{original, "0.2400", "0.24", 0},
		{original, "10.1", "9.9", 1},
		{original, "0.2402", "0.2402-rc1", 2},
		{original, "", "0.2402", 2},
		{other, "1.9.0", "1.12.0", -1},
		{other, "1.10.0", "1.9.0", 1},
		{other, "v1.9", "1.9.0", 0},
		{other, "2.0.0-rc1", "2.0.0", -1},
		{other, "2.0.0-rc1", "2.0.0-rc2", -1},
		{other, "1.2.3.4", "1.2.3.10", -1},
		{other, "the newest", "1.0.0", 2},
		{other, "", "", 2},
	} {
		got, err := Releases{Implementation: test.implementation}.compare(test.a, test.b)
		if err != nil {
			got = 2
		}
		if got != test.want {
			t.Errorf("%s: %q and %q: expected %d, got %d, %v", test.implementation, test.a, test.b, test.want, got, err)
		}
	}
}

// TestHas: a baseline for 1.9.0 to 1.12.0 is taken, and covers what is between.
func TestHas(t *testing.T) {
	list, err := parseDeviations("baseline.json", []byte(`[{"check": "ERR-004", "implementation": "X", "from": "1.9.0", "to": "1.12.0", "reason": "because"}]`))
	if err != nil {
		t.Fatal(err)
	}
	for release, want := range map[string]int{"1.8.9": 0, "1.9.0": 1, "1.10.0": 1, "1.12.0": 1, "1.12.1": 0, "unknown": 0} {
		if got := len(list.Of("X", release, nil)); got != want {
			t.Errorf("release %s: expected %d deviations, got %d", release, want, got)
		}
	}
	for _, bad := range []string{
		`[{"check": "ERR-004", "implementation": "X", "from": "1.12.0", "to": "1.9.0", "reason": "because"}]`,
		`[{"check": "ERR-004", "implementation": "X", "from": "first", "to": "last", "reason": "because"}]`,
		`[{"check": "ERR-004", "implementation": "X", "from": "1.9.0", "to": "1.12.0"}]`,
		`[{"check": "ERR-004", "implementation": "X", "from": "1.9.0", "to": "1.12.0", "reason": "because", "prevent": ["client/IKC"]}]`,
		`[{"check": "ERR-004", "implementation": "X", "from": "1.9.0", "to": "1.12.0", "reason": "because", "prevents": ["nonsense"]}]`,
		`[] []`,
		`[{"check": "NONE-001", "implementation": "X", "from": "1.9.0", "to": "1.12.0", "reason": "because"}]`,
		`[{"check": "ERR-004", "from": "1.9.0", "to": "1.12.0", "reason": "because"}]`,
	} {
		if _, err := parseDeviations("baseline.json", []byte(bad)); err == nil {
			t.Errorf("expected an error for %s", bad)
		}
	}
}

// TestWrongFiles: what is wrong with a file is said in words about the file, and where.
func TestWrongFiles(t *testing.T) {
	const good = `{"check": "ERR-004", "implementation": "X", "from": "1.9.0", "to": "1.12.0", "reason": "because"}`
	for text, expected := range map[string]string{
		"":                                   ":1:1: expected " + form + ", got nothing",
		" \n":                                ":1:1: expected " + form + ", got nothing",
		" null":                              ":1:2: expected " + form + ", got null",
		`""`:                                 ":1:1: expected " + form + ", got a string",
		`{}`:                                 ":1:1: expected " + form + ", got an object",
		"nothing":                            ":1:2: expected " + form + ", got 'o', which is no JSON there",
		"\ufeff[]":                           ":1:1: expected " + form + `, got '\ufeff', which is no JSON there`,
		"[\n" + good:                         ":2:98: expected " + form + ", got the end of the file before that of the list",
		"[" + good + ",\n]":                  ":2:1: expected " + form + ", got ']', which is no JSON there",
		"[] []":                              ":1:4: expected nothing behind the list, got '['",
		"[" + good + ",\n 3]":                ":2:2: entry 2: expected an object with check, implementation, from, to and reason, got a number",
		"[null]":                             ":1:2: entry 1: expected an object with check, implementation, from, to and reason, got null",
		`[{"check": 3}]`:                     ":1:2: entry 1: check: expected a string, got a number",
		`[{"roles": ["server", 3]}]`:         ":1:2: entry 1: roles: expected a list of strings, got a list with something else",
		`[{"sometimes": "yes"}]`:             ":1:2: entry 1: sometimes: expected true or false, got a string",
		`[{"until": "2"}]`:                   `:1:2: entry 1: "until": expected check, from, implementation, prevents, reason, roles, sometimes, to`,
		"[" + good + `, {"check": "X-001"}]`: `:1:101: entry 2: expected a check of the catalogue, got "X-001"`,
	} {
		_, err := parseDeviations("f", []byte(text))
		if expected = "known deviations: f" + expected; err == nil || err.Error() != expected {
			t.Errorf("%q:\nexpected %s\ngot      %v", text, expected, err)
		}
	}
	for _, text := range []string{"[]", "\n[ \n" + good + " ,\t" + good + "]\n"} {
		if _, err := parseDeviations("f", []byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestLists: what comes with the package can be read.
func TestLists(t *testing.T) {
	if _, err := Load(); err != nil {
		t.Error(err)
	}
	if _, err := Sensitivities(); err != nil {
		t.Error(err)
	}
}
