package dialogue

import (
	"strings"
	"testing"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
)

// told reads a connection on which a client and a server said these octets, in turn and in pieces
// of some size.
func told(t testing.TB, piece int, said ...string) *Connection {
	t.Helper()
	conn := &capture.Conn{SYNSeen: true}
	var events []capture.Event
	events = append(events, &capture.Opened{Conn: conn})
	for i, text := range said {
		for octets := []byte(text); len(octets) > 0; {
			n := min(piece, len(octets))
			events = append(events, &capture.Data{Conn: conn, From: capture.Direction(i % 2), Bytes: octets[:n]})
			octets = octets[n:]
		}
	}
	events = append(events, &capture.Closed{Conn: conn, From: capture.FromClient}, &capture.Closed{Conn: conn, From: capture.FromServer})
	var got *Connection
	err := Read(func(yield func(capture.Event, error) bool) {
		for _, e := range events {
			if !yield(e, nil) {
				return
			}
		}
	}, Options{}, func(c *Connection) { got = c })
	if err != nil || got == nil {
		t.Fatal(got, err)
	}
	return got
}

// A conversation with a driver is read in pieces of any size: commands, their answers, and events.
func TestControl(t *testing.T) {
	for _, piece := range []int{6, 7, 1000} {
		c := told(t, piece, `{"id":1,"cmd":"listen","name":"S"}`+"\n", `{"event":"state","session":"s","state":"x","args":[],"context":"void","sender":false}`+"\n"+`{"id":1,"ok":{"address":"a"}}`+"\n")
		if c.Control == nil || c.IsIKC || len(c.Control.Lines) != 3 {
			t.Fatalf("pieces of %d: expected a Control of three lines, got %+v", piece, c.Control)
		}
		command, event, answer := c.Control.Lines[0], c.Control.Lines[1], c.Control.Lines[2]
		if command.Command == nil || command.Command.Answer != answer || event.Event == nil || answer.Answer.To != command {
			t.Errorf("pieces of %d: expected a command, an event and the answer to it, got %+v, %+v, %+v", piece, command, event, answer)
		}
	}
}

// What only begins like it is another protocol: nothing of it is kept, and a note says what came.
func TestNoControl(t *testing.T) {
	for _, first := range []string{`{"id":1,"jsonrpc":"2.0","method":"x"}` + "\n", `{"name":"x"}` + "\n", `{"id": broken` + "\n"} {
		c := told(t, 1000, first, `{"id":1,"result":1}`+"\n", strings.Repeat(first, 100))
		if c.Control != nil || c.IsIKC {
			t.Errorf("%q: expected no conversation with a driver, got %+v", first, c.Control)
		}
		if len(c.Notes) != 1 || !strings.Contains(c.Notes[0].Text, `not IKC`) || !strings.Contains(c.Notes[0].Text, "{") {
			t.Errorf("%q: expected a note that says what came, got %+v", first, c.Notes)
		}
	}
}

// BenchmarkControlLine reads a line of 16 MiB that comes in small pieces: what has been searched is
// not searched anew.
func BenchmarkControlLine(b *testing.B) {
	line := `{"id":1,"cmd":"` + strings.Repeat("x", driver.MaxLine-100) + `"}` + "\n"
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if c := told(b, 512, line); c.Control == nil {
			b.Fatal("expected a conversation with a driver")
		}
	}
}

// TestDecode: what a command is read as does not depend on what it was read as before, and it is
// read once for all that ask for the same.
func TestDecode(t *testing.T) {
	c := Command{Fields: []byte(`{"cmd":"call","to":"poe://a/b/c","rsvp":"poe:/s/t","session":"s","id":1}`)}
	var call driver.Call
	var other struct{ To int }
	for range 2 {
		call = driver.Call{Session: "of before"}
		if err := c.Decode(&call); err != nil || call.To != "poe://a/b/c" || call.RSVP != "poe:/s/t" || call.Session != "s" {
			t.Fatalf("got %v, to %q, rsvp %q, session %q", err, call.To, call.RSVP, call.Session)
		}
		if err := c.Decode(&other); err == nil {
			t.Fatal("expected an error, since to is no number")
		}
	}
	if n := testing.AllocsPerRun(10, func() { _ = c.Decode(&call) }); n > 0 {
		t.Errorf("%v allocations to read it once more: expected none", n)
	}
}
