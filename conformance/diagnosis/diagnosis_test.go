package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
)

// document is what is noticed of a capture.
func document(t *testing.T, path string) *diagnosis.Document {
	t.Helper()
	r, err := capture.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var c diagnosis.Collector
	if err := dialogue.ReadParts(r.Events(capture.Limits{}), dialogue.Options{Related: true}, dialogue.Window{}, c.Part); err != nil {
		t.Fatal(err)
	}
	return diagnosis.NewDocument([]string{filepath.Base(path)}, &c)
}

// ids are those of the findings that follow from no other.
func ids(d *diagnosis.Document) string {
	var out []string
	for _, f := range d.Findings {
		if f.Because == "" {
			out = append(out, f.ID)
		}
	}
	return strings.Join(out, " ")
}

// TestCaptures: what is noticed of captures of real Perl programs, in order, and what is said of
// the first.
func TestCaptures(t *testing.T) {
	field := filepath.Join("..", "..", "captures", "field")
	pairing := filepath.Join("..", "dialogue", "testdata", "pairing")
	for _, test := range []struct{ dir, name, want, says string }{
		{"testdata", "refused.pcapng", "NOTE-001", "answered the SYN by RST"},
		{"testdata", "dropped.pcapng", "NOTE-002", "answered none of 4 SYNs"},
		{"testdata", "half.pcapng", "NOTE-003", "then connection 1 to 127.0.0.1:24803 was refused"},
		{"testdata", "probed.pcapng", "NOTE-004", "was refused, 1.037s after connection 0 had ended, and 1 more"},
		{"testdata", "freezer.pcapng", "NOTE-003 NOTE-005", `after the server's "NOT"`},
		{"testdata", "tls.pcapng", "NOTE-006", "it looks like TLS"},
		{"testdata", "wide.pcapng", "NOTE-010 NOTE-027", "#2 of the server is a FreezeThaw text"},
		{"testdata", "dies.pcapng", "NOTE-012", "then connection 1 to 127.0.0.1:24806 was refused"},
		{"testdata", "stopped.pcapng", "NOTE-013", "the server took no more octets"},
		{"testdata", "gone.pcapng", "NOTE-014", "call #2 of the client to svc/echo was never acknowledged: it was sent again 6 times"},
		{"testdata", "blackhole.pcapng", "NOTE-033", "the relay swallowed what the client said behind octet 300: the server did not get it"},
		{"testdata", "unpublished.pcapng", "NOTE-015", "on call #1 of the client to svc/missing (check)"},
		{"testdata", "undef.pcapng", "NOTE-018", "its state returned nothing"},
		{"testdata", "dies-posted.pcapng", "NOTE-012 NOTE-032", "closed (FIN) 1.144ms after post #1 of the client to svc/die; call #2 of the client to svc/echo came 12µs later"},
		{"testdata", "exits.pcapng", "NOTE-012", "1.585ms after call #1 of the client to svc/exit"},
		{"testdata", "killed.pcapng", "NOTE-012", "804.7ms after call #2 of the client to svc/busy"},
		{"testdata", "undef-undef.pcapng", "NOTE-018", "its call #1 to svc/undef, which had no answer"},
		{"testdata", "undef-last.pcapng", "NOTE-018", "its call #2 to svc/nothing, which had no answer"},
		{"testdata", "gives-up.pcapng", "NOTE-017", "closed only 497.2ms later: it was busy"},
		{"testdata", "gives-up-stopped.pcapng", "NOTE-018", "most likely its state returned nothing"}, // it was stopped, which does not show
		{"testdata", "unpublished-session.pcapng", "NOTE-015", "Session 'nosuch' is not available"},
		{"testdata", "unpublished-posted.pcapng", "NOTE-015 NOTE-031", "on post #1 of the client to svc/missing (check)"},
		{"testdata", "responds-twice.pcapng", "NOTE-030", "#3 of the server to IKCLite/response1: no request of the ClientLite"},
		{"testdata", "error-on-nothing.pcapng", "NOTE-015 NOTE-030", "#2 of the server to IKC/remote_error: the client had sent nothing to what it quotes"},
		{"testdata", "busy.pcapng", "NOTE-003", "to which the server said nothing"},
		{field, "b03-unpublished.pcap", "NOTE-015", "Session 'worker' is not available"},
		{field, "b04-gap.pcap", "NOTE-021 NOTE-024 NOTE-027", "the rsvp names kernel Elsewhere"},
		{field, "b05-dup.pcap", "NOTE-007", "pid 13694 is connected as kernel W1, and so is pid 13668 on connection 0"},
		{field, "b10-timeout.pcap", "NOTE-017 NOTE-020", "closed (FIN) 3.018s after its call #1 to svc/slow"},
		{field, "b12-undef.pcap", "NOTE-016 NOTE-018", "closed (FIN) 1.708s after call #1 of the server"},
		{field, "b13-dies.pcap", "NOTE-012", "closed (FIN) 1.501ms after call #1"},
		{field, "b29-shift.pcap", "NOTE-026", "1 of #1, #2, #3"},
		{field, "post-respond.pcapng", "NOTE-018", "post_respond #2 to svc/silent"},
		{field, "two-clients-one-name.pcapng", "NOTE-007 NOTE-008", "pid 26210 is connected as kernel Client1"},
		{pairing, "elsewhere.pcapng", "NOTE-029", "as its rsvp says"},
		{pairing, "waves.pcapng", "", ""},
		{pairing, "sender-poe.pcapng", "", ""},
	} {
		d := document(t, filepath.Join(test.dir, test.name))
		if got := ids(d); got != test.want {
			t.Errorf("%s: expected %q, got %q", test.name, test.want, got)
		}
		var text bytes.Buffer
		if err := d.WriteText(&text, false); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), test.says) {
			t.Errorf("%s: expected %q in\n%s", test.name, test.says, text.String())
		}
		if n := strings.Count(text.String(), "\n"); n > 20 {
			t.Errorf("%s: expected 20 lines at most, got %d", test.name, n)
		}
		keepsSchema(t, d)
	}
}

// keepsSchema holds the JSON of a document against its schema.
func keepsSchema(t *testing.T, d *diagnosis.Document) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(diagnosis.Schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(diagnosis.SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(diagnosis.SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := d.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("%v: %v", d.Captures, err)
	}
}

// TestManyFindings: 20 lines hold what is worst; the rest is counted.
func TestManyFindings(t *testing.T) {
	d := document(t, filepath.Join("..", "..", "captures", "broken", "answers-twice.pcapng"))
	var short, long bytes.Buffer
	if err := d.WriteText(&short, false); err != nil {
		t.Fatal(err)
	}
	if err := d.WriteText(&long, true); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(short.String(), "\n"); n > 20 || !strings.Contains(short.String(), "more: --all shows them") {
		t.Errorf("expected 20 lines at most that say that there are more, got\n%s", short.String())
	}
	for _, f := range d.Findings {
		if !strings.Contains(long.String(), f.First[0].Text) {
			t.Errorf("expected all with --all, %s is not there", f.ID)
		}
	}
}

// TestKinds: each kind has an id of its own and all its texts, and is found by it and by a word.
func TestKinds(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range diagnosis.Kinds() {
		if seen[k.ID] || seen[k.Title] {
			t.Errorf("%s: expected an id and a title of its own", k.ID)
		}
		seen[k.ID], seen[k.Title] = true, true
		for _, text := range []string{k.Title, k.Why, k.Next} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: expected sentences, got %q", k.ID, text)
			}
		}
		if found := diagnosis.Find(strings.ToLower(k.ID)); found == nil || found.ID != k.ID {
			t.Errorf("%s: expected it to be found in small letters", k.ID)
		}
	}
	if len(diagnosis.Search("sx_boolean")) != 1 || diagnosis.Find("NOTE-999") != nil {
		t.Error("expected one kind that has a word, and none of an unknown id")
	}
}
