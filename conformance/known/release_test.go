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

// TestLists: what comes with the package can be read.
func TestLists(t *testing.T) {
	if _, err := Load(); err != nil {
		t.Error(err)
	}
	if _, err := Sensitivities(); err != nil {
		t.Error(err)
	}
}
