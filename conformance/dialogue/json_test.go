package dialogue_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// TestJSONGoesOn: behind a message that JSON cannot hold, or a time, come the others; its own entry
// says why it has no parameters.
func TestJSONGoesOn(t *testing.T) {
	deep := perl.NewBytes("x")
	for range typed.MaxDepth {
		deep = perl.ArrayRef(deep)
	}
	for name, test := range map[string]struct {
		params *perl.Value
		late   bool
		want   string
	}{
		"deeper than JSON may be":    {deep, false, "nests deeper than 2000"},
		"modifiers that are no text": {perl.NewRef(perl.NewRegexp("x", "\xff").Bless("Regexp")), false, "modifiers"},
		"a time in the far future":   {perl.NewBytes("x"), true, "expected a time up to the year 9999, got the year 12"},
	} {
		post := &wire.Message{Event: at("server-1", "job", "state"), Params: test.params}
		after := &wire.Message{Event: at("server-1", "job", "after"), Params: perl.NewBytes("y")}
		c := conversation(t, msg(capture.FromClient, post), msg(capture.FromClient, after))
		if test.late {
			for _, item := range c.Items {
				if f, ok := item.(*dialogue.Frame); ok && f.Number == 1 {
					f.At.Time = f.At.Time.Add(292*365*24*time.Hour).AddDate(10000, 0, 0)
				}
			}
		}
		var out bytes.Buffer
		if err := dialogue.WriteJSON(&out, c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 5 || !strings.Contains(lines[4], `"after"`) && !strings.Contains(lines[4], "/after") {
			t.Fatalf("%s: expected the connection, two lines and two messages, got\n%s", name, out.String())
		}
		var bad struct{ Event, Error string }
		err := json.Unmarshal([]byte(lines[3]), &bad)
		if err != nil || !strings.Contains(bad.Error, test.want) || !strings.Contains(bad.Event, "job/state") {
			t.Errorf("%s: expected its entry with why it is not whole, got %s", name, lines[3])
		}
	}
}

type failing struct{ io.Writer }

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// TestJSONOutputFails: what cannot be written is an error all the same.
func TestJSONOutputFails(t *testing.T) {
	c := conversation(t, msg(capture.FromClient, &wire.Message{Event: at("server-1", "job", "state"), Params: perl.NewBytes("y")}))
	if err := dialogue.WriteJSON(failing{}, c); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("expected the error of the output, got %v", err)
	}
}
