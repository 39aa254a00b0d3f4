package dialogue_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// shownOf is what inspect prints of a capture, as text and as JSON.
func shownOf(t *testing.T, name string, opts dialogue.WriteOptions) (text, asJSON string) {
	t.Helper()
	r, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b, j bytes.Buffer
	printer, objects := dialogue.NewPrinter(&b, opts), dialogue.NewJSONPrinter(&j, nil)
	err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{Related: true}, dialogue.Window{}, func(p *dialogue.Part) {
		if err := printer.Part(p); err != nil {
			t.Error(err)
		}
		if err := objects.Part(p); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), j.String()
}

// TestClosings: who closed, when and how is a line in its place, with the call that it left open if
// that is sure.
func TestClosings(t *testing.T) {
	for _, test := range []struct {
		file         string
		text, asJSON []string // in this order
		not          string
	}{
		{"b13-dies.pcap", []string{"#1   call svc/die", "0.004173  C<S  server closed (FIN) 1.501ms after #1, which it did not answer", "2.181943  C>S  client closed (FIN)\n"},
			[]string{`"type":"closed"`, `"packet":9,"from":"server"`, `"how":"FIN","open":1,"open_of":"client","seconds":0.001501`, `"type":"closed"`, `"from":"client"`}, " at 2.181943"},
		{"b10-timeout.pcap", []string{"3.020441  C>S  client closed (FIN) 3.017989s after its #1, which had got no answer", "4.015755  C<S  server closed (FIN) 4.013303s after #1"},
			[]string{`"from":"client","offset":274,"text":"client closed (FIN) 3.017989s`}, "still open"},
		// The answer to the server's call is in what is missing.
		{"b04-gap.pcap", []string{"C<S  server closed (FIN)\n", "201 octets are missing", "C>S  client closed (FIN)\n"}, []string{`"type":"closed"`}, "had got no answer"},
	} {
		text, asJSON := shownOf(t, "../../captures/field/"+test.file, dialogue.WriteOptions{})
		for _, of := range []struct {
			got  string
			want []string
		}{{text, test.text}, {asJSON, test.asJSON}} {
			rest := of.got
			for _, want := range of.want {
				_, behind, found := strings.Cut(rest, want)
				if !found {
					t.Errorf("%s: expected %q in its place in\n%s", test.file, want, of.got)
				}
				rest = behind
			}
		}
		if strings.Contains(text, test.not) {
			t.Errorf("%s: did not expect %q in\n%s", test.file, test.not, text)
		}
	}
}

// TestNarrow: where a line has to be short, parameters are cut, and the rsvp stays.
func TestNarrow(t *testing.T) {
	for columns := 72; columns < 100; columns++ {
		for _, sequence := range []bool{false, true} {
			text, _ := shownOf(t, "../../captures/field/b29-shift.pcap", dialogue.WriteOptions{Columns: columns, Sequence: sequence})
			calls := 0
			for line := range strings.Lines(text) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("%d columns, expected %d: %s", n, columns, line)
				}
				if strings.Contains(line, " call svc") {
					calls++
					if !sequence && !strings.Contains(line, "rsvp worker/answer") {
						t.Errorf("%d columns: expected the rsvp in %s", columns, line)
					}
				}
			}
			if calls != 3 {
				t.Errorf("%d columns: expected 3 calls, got %d in\n%s", columns, calls, text)
			}
		}
	}
}

// TestLongParams: parameters of 5,000 octets take no more than a width, terminal or not.
func TestLongParams(t *testing.T) {
	text, _ := shownOf(t, "testdata/long-params.pcap", dialogue.WriteOptions{Width: 40})
	for line := range strings.Lines(text) {
		if len(line) > 130 { // lines of negotiation are whole
			t.Errorf("%d octets: %.200s", len(line), line)
		}
		if strings.Contains(line, " call ") && !(strings.Contains(line, "...") && strings.Contains(line, "  rsvp IKCLite/response0")) {
			t.Errorf("expected parameters that are cut, and the rsvp, got %s", line)
		}
	}
}
