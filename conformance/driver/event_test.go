package driver_test

import (
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// TestEventsOfLaterVersions: of an event whose kind is not known, nothing else has to make sense;
// of one whose kind is known all does, wherever the kind stands.
func TestEventsOfLaterVersions(t *testing.T) {
	for line, known := range map[string]bool{
		`{"args":[{"later":1}],"event":"news"}`:  false,
		`{"event":"news","args":7,"session":[]}`: false,
		`{"args":[{"later":1}],"event":"state"}`: true,
		`{"event":"state","args":7}`:             true,
		`{"event":"monitor","session":[]}`:       true,
	} {
		var e driver.Event
		err := e.UnmarshalJSON([]byte(" " + line + "\r\n"))
		if known != (err != nil) || !known && (e.Kind != "news" || e.Args != nil || string(e.Raw) != line) {
			t.Errorf("%s: got %v, %+v", line, err, e)
		}
	}
	for _, line := range []string{`{"event":5}`, `[]`, `{"event":"news"`, ``} {
		if err := new(driver.Event).UnmarshalJSON([]byte(line)); err == nil {
			t.Errorf("%s: expected an error", line)
		}
	}
}
