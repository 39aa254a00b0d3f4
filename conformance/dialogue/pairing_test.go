package dialogue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// outcomes says what is known of each request: = answered, - not, ? not known.
func outcomes(c *dialogue.Connection) (out []string) {
	for _, x := range c.Exchanges {
		out = append(out, x.Request.To.State+map[dialogue.Outcome]string{dialogue.Silent: "-", dialogue.Replied: "=", dialogue.Unsure: "?"}[x.Outcome()])
	}
	return out
}

// candidates says which calls each answer may be for, in order.
func candidates(c *dialogue.Connection) (out []string) {
	for _, item := range c.Items {
		f, ok := item.(*dialogue.Frame)
		if !ok || f.Message == nil || f.Message.Kind != dialogue.Answer {
			continue
		}
		got := f.Message.Candidates()
		s := fmt.Sprintf("%v of %d", got.Numbers(), got.Count)
		if got.Unseen {
			s += " or earlier"
		}
		out = append(out, s)
	}
	return out
}

// TestCandidates: answers come in the order of their calls, and some calls get none.
func TestCandidates(t *testing.T) {
	ping := msg(c, &wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "p")})
	pong := msg(v, &wire.Message{Event: at("client-1", "app", "p"), Params: perl.NewBytes("PONG"), From: at("server-1", "IKC", "IKC:proxy")})
	a, b, third, got := request("a", "r"), request("b", "r"), request("c", "r"), answer("r", "job", "1")
	for _, test := range []struct {
		name    string
		parts   []said
		answers string
		calls   string
	}{
		{"as many answers as calls", []said{a, b, third, got, got, got}, "[1] of 1, [2] of 1, [3] of 1", "a= b= c="},
		{"one answer for two", []said{a, b, got}, "[1 2] of 2", "a? b?"},
		{"a silent one before", []said{a, b, got, third, got}, "[1 2] of 2, [2 3] of 2", "a? b? c?"},
		{"two for three, all open", []said{a, b, third, got, got}, "[1 2] of 2, [2 3] of 2", "a? b? c?"},
		{"one for three", []said{a, b, third, got}, "[1 2 3] of 3", "a? b? c?"},
		{"alone again", []said{a, b, got, got, third, got}, "[1] of 1, [2] of 1, [3] of 1", "a= b= c="},
		{"what came later was answered", []said{a, ping, pong, b, got}, "[2] of 1, [3] of 1", "a- ping= b="},
		{"what came later was answered, amid", []said{a, b, got, ping, pong, third, got}, "[1 2] of 2, [3] of 1, [4] of 1", "a? b? ping= c="},
		{"reported on", []said{a, b, report("no.  Request poe://server-1/job/a sent by poe://client-1/app/IKC:proxy"), got}, "[2] of 1", "a= b="},
		{"of another session", []said{a, msg(c, &wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "r")}), answer("r", "IKC", "PONG")}, "[2] of 1", "a- ping="},
		{"nobody says who answers", []said{a, msg(c, &wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "r")}), answer("r", "", "x")}, "[1 2] of 2", "a? ping?"},
		{"asked after the last answer", []said{a, b, got, got, third}, "[1] of 1, [2] of 1", "a= b= c-"},
	} {
		conn := conversation(t, test.parts...)
		if got := strings.Join(candidates(conn), ", "); got != test.answers {
			t.Errorf("%s: expected answers to %s, got %s", test.name, test.answers, got)
		}
		if got := strings.Join(outcomes(conn), " "); got != test.calls {
			t.Errorf("%s: expected %s, got %s", test.name, test.calls, got)
		}
	}
}

// TestCandidatesUnseen: of a capture that begins amid calls with one rsvp, the last answers are for
// the calls that it shows, at the latest.
func TestCandidatesUnseen(t *testing.T) {
	parts := []said{request("a", "r"), request("b", "r")}
	for range 3 {
		parts = append(parts, answer("r", "job", "1"))
	}
	got := read(t, events(true, true, parts...), dialogue.Options{})
	if s := fmt.Sprint(candidates(got)); s != "[[] of 0 or earlier [1] of 1 or earlier [2] of 1 or earlier]" {
		t.Errorf("got %s", s)
	}
	for _, x := range got.Exchanges {
		if !x.Ambiguous || len(x.Answers) > 1 {
			t.Errorf("expected one answer, in doubt, got %d, ambiguous %v", len(x.Answers), x.Ambiguous)
		}
	}
	// The caller refuses the last: then it had no call open.
	parts = append(parts, msg(c, &wire.Message{Event: at("server-1", "IKC", "remote_error"), IsError: true, Params: perl.ArrayRef(
		perl.NewBytes("Session 'app' has not published state 'r'.  Request poe://client-1/app/r sent by poe://server-1/job/IKC:proxy"))}))
	got = read(t, events(true, true, parts...), dialogue.Options{})
	if n := len(got.Exchanges[1].Answers); n != 2 {
		t.Errorf("expected the refused answer to be one too many, got %d", n)
	}
	// ClientLite names each rsvp once.
	own := func(n int) said {
		return msg(c, &wire.Message{Event: at("server-1", "job", "x"), RSVP: at("client-1", "IKCLite", fmt.Sprint("response", n))})
	}
	got = read(t, events(true, true, own(7), msg(v, &wire.Message{Event: at("client-1", "IKCLite", "response7"), Params: perl.NewBytes("1")})), dialogue.Options{})
	if s := fmt.Sprint(candidates(got)); s != "[[1] of 1]" || got.Exchanges[0].Ambiguous {
		t.Errorf("expected the answer to a ClientLite to be known, got %s", s)
	}
}

// TestManyOpenCalls: any number of calls with one rsvp may be open, the first of which returned
// nothing.
func TestManyOpenCalls(t *testing.T) {
	const n = 30_000
	ask, reply := request("a", "r"), answer("r", "job", "1")
	parts := []said{{from: c, octets: setupC}, {from: v, octets: setupS}}
	for range n {
		parts = append(parts, ask)
	}
	for range n - 1 {
		parts = append(parts, reply)
	}
	whole := read(t, events(false, true, parts...), dialogue.Options{})
	got := candidates(whole)
	if len(got) != n-1 || got[0] != "[1 2] of 2" || got[n-2] != fmt.Sprintf("[%d %d] of 2", n-1, n) {
		t.Errorf("expected two candidates each, got %q and %q of %d", got[0], got[len(got)-1], len(got))
	}
	if run := whole.Exchanges[n/2].Run(); run == nil || run.Calls() != n || run.Unanswered() != 1 {
		t.Errorf("expected 1 of %d calls without an answer, got %+v", n, run)
	}
	// In parts, the oldest are let go of, but not taken for another's.
	answers := 0
	err := dialogue.ReadParts(events(false, true, parts...), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
		for _, item := range p.Items {
			if f, ok := item.(*dialogue.Frame); ok && f.Message.Kind == dialogue.Answer {
				answers++
				if c := f.Message.Candidates(); c.Count < 1 || c.First[0].Number != answers {
					t.Fatalf("expected answer %d to be for call %d or later, got %+v", answers, answers, c)
				}
			}
		}
	})
	if err != nil || answers != n-1 {
		t.Errorf("expected %d answers, got %d, %v", n-1, answers, err)
	}
}

// inspected is what inspect prints of a capture.
func inspected(t *testing.T, name string) string {
	t.Helper()
	var b bytes.Buffer
	printer := dialogue.NewPrinter(&b, dialogue.WriteOptions{Remarks: new(diagnosis.Collector)})
	parts(t, name, printer.Part)
	return b.String()
}

// parts reads a capture of testdata/pairing, which come from real Perl: see the README there.
func parts(t *testing.T, name string, each func(*dialogue.Part) error) {
	t.Helper()
	r, err := capture.Open(filepath.Join("testdata", "pairing", name+".pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	err = dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{Related: true}, dialogue.Window{}, func(p *dialogue.Part) {
		if err := each(p); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPairing: what is said of captures of real Perl programs, and what is not.
func TestPairing(t *testing.T) {
	const silent = "returns nothing"
	for _, test := range []struct {
		name      string
		has       []string
		hasNot    []string
		answered  int // of calls and requests, with their time
		ambiguous int
		silent    int
	}{
		{"shared-middle", []string{"answer to one of #2, #3 after at least 422µs", "answer to one of #3, #4 after at least 848µs", "answer to #6 after",
			"! 1 of #2, #3, #4 (same rsvp) got no answer"}, []string{silent}, 3, 3, 0},
		{"shared-left", []string{"answer to one of #1, #2 ", "answer to one of #6, #7 ", "! 1 of #1, #2, #3 ... #7 (7 calls, same rsvp) got no answer"}, []string{silent}, 0, 7, 0},
		{"waves", []string{"answer to #1 after", "answer to #20 after"}, []string{"one of", "!"}, 20, 0, 0},
		{"respond-late", []string{"post_respond svc/prlate", "response IKCLite/response1 to #2 after 151.77ms", "after its post_respond #3 to svc/silent, which had no answer",
			"response IKCLite/response3 to #1 after"}, []string{silent}, 3, 0, 1},
		{"respond-poe", []string{"response worker/reply to one of #1, #2 after at least 1.068ms", "response worker/reply to one of #1, #2 after at least 108.548ms",
			"response worker/reply to #3 after", "#4   post svc/echo", "#5   post_respond svc/silent"}, []string{"post_respond svc/echo"}, 1, 2, 1},
		{"respond-one-name", []string{"response IKCLite/response0 to #1 of connection 1 after", "the answer to post_respond #1 of the client to svc/pr went to connection 0, which is not where the caller waits"},
			[]string{"got no response"}, 3, 0, 1},
		{"sender-lite", []string{"post IKCLite/done to the sender of #1 after", "post svc/silent"}, []string{"#2, "}, 2, 0, 0},
		{"sender-poe", []string{"proxied post worker/done to the sender of #1 after", "to the sender of #3 after"}, []string{"one of"}, 3, 0, 0},
		{"sender-silent", []string{"to the sender of one of #1, #2 after at least", "to the sender of one of #1, #2, #3 after at least"}, []string{"to the sender of #"}, 0, 0, 0},
		{"elsewhere", []string{"answer to #2 after", "answer to #1 of connection 1 after", "the answer to call #1 of the client to svc/echo went to connection 0, as its rsvp says"},
			[]string{silent, "one of", "again"}, 3, 0, 0},
		{"elsewhere-nobody", []string{"answer to #2 after", "! call #1 of the client to svc/echo got no answer on any connection here: the rsvp names kernel Nobody"}, []string{silent, "one of"}, 1, 0, 1},
		{"one-lite-name", []string{"answer to #1 of connection 1 after", "which is not where the caller waits",
			"which came first: what is addressed to the kernel goes there", "which came later: what is addressed to the kernel goes here"}, []string{silent, "again"}, 3, 0, 1},
		{"one-name-one-value", []string{"answer to #1 of connection 1 after", "which is not where the caller waits"}, []string{silent, "again"}, 3, 0, 1},
		{"one-kernel-name", []string{"answer to #2 or a call of another connection", "answer to one of #1, #2 of connection 1 after at least",
			"may have been answered on another connection"}, []string{silent, "again"}, 1, 4, 0},
	} {
		text := inspected(t, test.name)
		for _, want := range test.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: expected %q in\n%s", test.name, want, text)
			}
		}
		for _, not := range test.hasNot {
			if strings.Contains(text, not) {
				t.Errorf("%s: expected no %q in\n%s", test.name, not, text)
			}
		}
		stats := dialogue.NewStats(nil)
		parts(t, test.name, stats.Part)
		var b bytes.Buffer
		if err := stats.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		answered, ambiguous, silent := 0, 0, 0
		for _, st := range stats.States {
			answered, ambiguous, silent = answered+st.Answered, ambiguous+st.Ambiguous, silent+st.Unanswered
		}
		if answered != test.answered || ambiguous != test.ambiguous || silent != test.silent {
			t.Errorf("%s: expected %d answered, %d ambiguous, %d unanswered, got %d, %d, %d", test.name, test.answered, test.ambiguous, test.silent, answered, ambiguous, silent)
		}
	}
}

// TestPairingFilters: only what is sure is told to be slow, or not to be answered.
func TestPairingFilters(t *testing.T) {
	frames := func(name string, filter dialogue.Filter) (out []string) {
		var b bytes.Buffer
		printer := dialogue.NewJSONPrinter(&b, &filter)
		parts(t, name, printer.Part)
		for dec := json.NewDecoder(&b); dec.More(); {
			var item struct {
				Type, From, Kind  string
				Connection, Frame int
			}
			if err := dec.Decode(&item); err != nil {
				t.Fatal(err)
			}
			if item.Type == "message" {
				out = append(out, fmt.Sprintf("%d:%s%d", item.Connection, item.From[:1], item.Frame))
			}
		}
		slices.Sort(out)
		return out
	}
	for _, test := range []struct {
		name   string
		filter dialogue.Filter
		want   string
	}{
		{"shared-middle", dialogue.Filter{Slower: 10 * time.Millisecond}, "[]"}, // the silent call waited until a later one was answered
		{"shared-middle", dialogue.Filter{Unanswered: true}, "[0:c2 0:c3 0:c4]"},
		{"shared-left", dialogue.Filter{Unanswered: true}, "[0:c1 0:c2 0:c3]"},
		{"waves", dialogue.Filter{Unanswered: true}, "[]"},
		{"respond-late", dialogue.Filter{Unanswered: true}, "[0:c3]"},
		{"respond-late", dialogue.Filter{Slower: 100 * time.Millisecond}, "[0:c2 0:c3 0:s2]"},
		{"respond-poe", dialogue.Filter{Slower: 50 * time.Millisecond}, "[0:c2 0:c5 0:s2]"},
		{"one-lite-name", dialogue.Filter{Unanswered: true}, "[1:c1]"},
	} {
		if got := fmt.Sprint(frames(test.name, test.filter)); got != test.want {
			t.Errorf("%s, %+v: expected %s, got %s", test.name, test.filter, test.want, got)
		}
	}
}

// TestPairingJSON: a program is told what is not known.
func TestPairingJSON(t *testing.T) {
	for name, want := range map[string][]string{
		"shared-middle":   {`"one_of":[2,3],"candidates":2,"seconds_at_least":0.000`, `"answers":6,"seconds":0.000`},
		"respond-late":    {`"kind":"post_respond"`, `"respond_to":"poe://L/IKCLite/response1"`, `"kind":"response"`, `"related_to":[2]`},
		"one-lite-name":   {`"related_to":[1],"related_connection":1`},
		"one-kernel-name": {`"or_elsewhere":true`},
	} {
		var b bytes.Buffer
		parts(t, name, dialogue.NewJSONPrinter(&b, nil).Part)
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("%s: expected %s in\n%s", name, w, b.String())
			}
		}
	}
}
