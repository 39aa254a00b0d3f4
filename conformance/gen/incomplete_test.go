package gen

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
)

// TestIncomplete: of a capture that is cut, wherever that is, the package has what is whole, and
// says what it has not; no answer is taken for one that did not come.
func TestIncomplete(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(repository, "conformance/replay/testdata/crew.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	calls, unknown := 0, 0
	for octets := 3000; octets < len(whole); octets += 500 {
		r, err := capture.NewReader(bytes.NewReader(whole[:octets]))
		if err != nil {
			t.Fatal(err)
		}
		i, err := Read(r.Events(capture.Limits{}), Options{})
		told := strings.Join(i.Incomplete(), "; ")
		if err == nil || !strings.Contains(told, "the rest of the capture: capture is cut short") {
			t.Errorf("%d octets: expected to be told that it is cut, got %v, %q", octets, err, told)
		}
		for _, s := range i.sessions {
			for _, state := range s.states {
				calls += state.calls
				if state.silent > 0 {
					t.Errorf("%d octets: expected no answer to be taken for one that did not come, got %d of %s", octets, state.silent, state.name)
				}
			}
		}
		unknown += i.unknown
		files, err := i.Files(Writing{Package: "p"})
		if err == nil && !strings.Contains(strings.ReplaceAll(string(files[0].Text), "\n// ", " "), "Not known: the rest of the capture") {
			t.Errorf("%d octets: the package does not say what it has not", octets)
		}
	}
	if calls == 0 || unknown == 0 {
		t.Errorf("expected calls, and some whose answer is not known, got %d and %d", calls, unknown)
	}
}
