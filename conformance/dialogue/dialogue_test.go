package dialogue_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/diagnosis"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

const (
	c = capture.FromClient
	v = capture.FromServer

	setupC = "SETUP KERNEL=client-1,Client,192.0.2.1:50000;FREEZER=Storable,FreezeThaw;PID=1\r\n"
	setupS = "SETUP KERNEL=server-1,Server,192.0.2.2:603;FREEZER=Storable;PID=2\r\n"
)

// said is octets of one side. With gap, that many are missing before them.
type said struct {
	from   capture.Direction
	octets string
	gap    int64
}

// events makes the events of a connection of what was said.
func events(joined, fin bool, parts ...said) dialogue.Source {
	return func(yield func(capture.Event, error) bool) {
		conn := &capture.Conn{Client: netip.MustParseAddrPort("192.0.2.1:50000"), Server: netip.MustParseAddrPort("192.0.2.2:603"), SYNSeen: !joined}
		packet, now := int64(0), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		stamp := func() capture.Stamp {
			packet++
			now = now.Add(time.Millisecond)
			return capture.Stamp{Packet: packet, Time: now}
		}
		if !yield(&capture.Opened{At: stamp(), Conn: conn}, nil) {
			return
		}
		var offset [2]int64
		for _, p := range parts {
			at := stamp()
			if p.gap != 0 {
				if !yield(&capture.Gap{At: at, Conn: conn, From: p.from, Offset: offset[p.from], Octets: p.gap}, nil) {
					return
				}
				offset[p.from] += max(p.gap, 0)
			}
			if p.octets == "" {
				continue
			}
			if !yield(&capture.Data{At: at, Source: at, Conn: conn, From: p.from, Offset: offset[p.from], Bytes: []byte(p.octets)}, nil) {
				return
			}
			offset[p.from] += int64(len(p.octets))
		}
		for _, from := range []capture.Direction{c, v} {
			if fin && !yield(&capture.Closed{At: stamp(), Conn: conn, From: from, Offset: offset[from], How: capture.FIN}, nil) {
				return
			}
		}
		yield(&capture.End{At: stamp()}, nil)
	}
}

func read(t testing.TB, source dialogue.Source, opts dialogue.Options) *dialogue.Connection {
	t.Helper()
	var got *dialogue.Connection
	if err := dialogue.Read(source, opts, func(c *dialogue.Connection) { got = c }); err != nil {
		t.Fatal(err)
	}
	if got == nil {
		t.Fatal("expected a connection")
	}
	return got
}

// conversation reads messages behind a negotiation of IKC0.
func conversation(t testing.TB, parts ...said) *dialogue.Connection {
	t.Helper()
	return read(t, events(false, true, slices.Concat([]said{{from: c, octets: setupC},
		{from: v, octets: setupS}}, parts)...), dialogue.Options{})
}

func frame(m *wire.Message) string {
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		panic(err)
	}
	return string(wire.AppendFrame(nil, image))
}

func msg(from capture.Direction, m *wire.Message) said { return said{from: from, octets: frame(m)} }

func at(kernel, session, state string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
}

// request is a request of the client to server-1/job, a call if rsvp is given.
func request(state, rsvp string) said {
	m := &wire.Message{Event: at("server-1", "job", state), Params: perl.NewBytes("x"), From: at("client-1", "app", specifier.ProxyState)}
	if rsvp != "" {
		m.RSVP = at("client-1", "app", rsvp)
	}
	return msg(c, m)
}

// answer is a message of the server to client-1/app.
func answer(state, session, text string) said {
	m := &wire.Message{Event: at("client-1", "app", state), Params: perl.NewBytes(text)}
	if session != "" {
		m.From = at("server-1", session, specifier.ProxyState)
	}
	return msg(v, m)
}

func report(text string) said {
	return msg(v, &wire.Message{Event: at("client-1", "IKC", "remote_error"), IsError: true,
		Params: perl.ArrayRef(perl.NewBytes(text), perl.NewBytes("server-1"), perl.NewBytes("check"))})
}

// shape says what came of each request: its kind, state, answers, errors, misdirected, ? if
// ambiguous.
func shape(c *dialogue.Connection) (out []string) {
	for _, x := range c.Exchanges {
		s := fmt.Sprintf("%v %s", x.Request.Kind, x.Request.To.State)
		for _, a := range x.Answers {
			text, _ := a.Params().AsString()
			s += " =" + text
		}
		if n := len(x.Errors); n > 0 {
			s += fmt.Sprintf(" !%d", n)
		}
		if n := len(x.Misdirected); n > 0 {
			s += fmt.Sprintf(" >%d", n)
		}
		if x.Ambiguous {
			s += " ?"
		}
		out = append(out, s)
	}
	return out
}

func TestMatching(t *testing.T) {
	const sender = " sent by poe://client-1/app/IKC:proxy"
	for _, test := range []struct {
		name  string
		parts []said
		want  []string
	}{
		{"call and answer", []said{request("a", "r1"), answer("r1", "job", "1")}, []string{"call a =1"}},
		{"two calls, answers in order", []said{request("a", "r1"), request("b", "r2"), answer("r1", "job", "1"), answer("r2", "job", "2")},
			[]string{"call a =1", "call b =2"}},
		{"answers out of order", []said{request("a", "r1"), request("b", "r2"), answer("r2", "job", "2"), answer("r1", "job", "1")},
			[]string{"call a =1", "call b =2"}},
		{"one rsvp, one call at a time", []said{request("a", "r"), answer("r", "job", "1"), request("b", "r"), answer("r", "job", "2")},
			[]string{"call a =1", "call b =2"}},
		{"one rsvp for two open calls", []said{request("a", "r"), request("b", "r"), answer("r", "job", "1"), answer("r", "job", "2")},
			[]string{"call a =1 ?", "call b =2 ?"}},
		{"one rsvp, told apart by session", []said{
			request("a", "r"), msg(c, &wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "r")}),
			answer("r", "IKC", "PONG"), answer("r", "job", "1")},
			[]string{"call a =1", "call ping =PONG"}},
		{"one answer too many", []said{request("a", "r"), answer("r", "job", "1"), answer("r", "job", "1")}, []string{"call a =1 =1"}},
		{"answer without from", []said{request("a", "r"), answer("r", "", "1")}, []string{"call a =1"}},
		{"to another state of the session", []said{request("a", "r"), answer("s", "", "1")}, []string{"call a >1", "post s"}},
		{"a post is no answer", []said{request("a", ""), answer("a", "job", "1")}, []string{"post a", "post a"}},
		{"error", []said{request("a", ""), report("no.  Request poe://server-1/job/a" + sender)}, []string{"post a !1"}},
		{"error without sender", []said{request("a", ""), report("no.  Request poe://server-1/job/a")}, []string{"post a !1"}},
		{"error that quotes another", []said{request("a", ""), report("no.  Request poe://server-1/job/ab" + sender)}, []string{"post a"}},
		{"error that quotes nothing", []said{request("a", ""), report("no")}, []string{"post a"}},
		{"error on the second", []said{request("a", ""), request("b", "r"), report("no.  Request poe://server-1/job/b" + sender)},
			[]string{"post a", "call b !1"}},
		{"errors on two alike", []said{request("a", ""), request("a", ""), report("no.  Request poe://server-1/job/a" + sender), report("no.  Request poe://server-1/job/a" + sender)},
			[]string{"post a !1", "post a !1"}},
		{"error twice", []said{request("a", ""), report("no.  Request poe://server-1/job/a" + sender), report("no.  Request poe://server-1/job/a" + sender)},
			[]string{"post a !2"}},
		{"error and answer", []said{request("a", "r"), report("no.  Request poe://server-1/job/a" + sender), answer("r", "job", "1")},
			[]string{"call a =1 !1"}},
		{"proxied", []said{msg(c, &wire.Message{Event: at("server-1", "job", specifier.ProxyState), RSVP: at("client-1", "app", "r"),
			Params: perl.ArrayRef(perl.NewBytes("a"), perl.ArrayRef(perl.NewBytes("x"), perl.NewBytes("y")))}), answer("r", "job", "1")},
			[]string{"call a =1"}},
		{"calls of the server", []said{msg(v, &wire.Message{Event: at("client-1", "app", "q"), RSVP: at("server-1", "job", "r")}),
			msg(c, &wire.Message{Event: at("server-1", "job", "r"), Params: perl.NewBytes("1")})}, []string{"call q =1"}},
		{"the same rsvp on both sides", []said{
			msg(v, &wire.Message{Event: at("client-1", "app", "q"), RSVP: at("server-1", "app", "r")}), request("a", "r"),
			answer("r", "job", "1"), msg(c, &wire.Message{Event: at("server-1", "app", "r"), Params: perl.NewBytes("2")})},
			[]string{"call q =2", "call a =1"}},
	} {
		got := shape(conversation(t, test.parts...))
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: expected %q, got %q", test.name, test.want, got)
		}
	}
}

func TestArguments(t *testing.T) {
	got := conversation(t, msg(c, &wire.Message{Event: wire.AtString("poe://server-1/job/a?extra"), Params: perl.NewBytes("x")})).Exchanges[0].Request
	if len(got.Args()) != 2 || got.Args()[1].Str() != "extra" || got.To.State != "a" {
		t.Errorf("expected x and extra for the state a, got %+v", got)
	}
}

func TestNegotiations(t *testing.T) {
	hello := "HELLO|IAM server-1|OK|IAM 192.0.2.2:603|OK|IAM Server|OK|DONE|IAM client-1|OK|IAM Client|OK|DONE||FREEZER FreezeThaw|NOT|FREEZER Storable|OK|WORLD|UP"
	alternate := func(s string) (parts []said) {
		for i, l := range strings.Split(s, "|") {
			if l != "" {
				parts = append(parts, said{from: capture.Direction(i % 2), octets: l + "\r\n"})
			}
		}
		return parts
	}
	for _, test := range []struct {
		name       string
		parts      []said
		complete   bool
		dialect    wire.Dialect
		fallback   bool
		serializer string
		client     string
		server     string
	}{
		{"IKC0", []said{{from: c, octets: setupC}, {from: v, octets: setupS}}, true, wire.IKC0, false, "Storable", "client-1 Client 192.0.2.1:50000", "server-1 Server 192.0.2.2:603"},
		{"IKC", alternate(hello), true, wire.IKC, false, "Storable", "client-1 Client", "server-1 192.0.2.2:603 Server"},
		{"fallback", slices.Concat([]said{{from: c, octets: setupC}, {from: v, octets: "NOT\r\n"}}, alternate(hello)), true, wire.IKC, true, "Storable", "client-1 Client", "server-1 192.0.2.2:603 Server"},
		{"WORLD at once", alternate("HELLO|IAM s|OK|DONE|IAM c|OK|DONE||WORLD|UP"), true, wire.IKC, false, "Storable", "c", "s"},
		{"half", alternate("HELLO|IAM s|OK"), false, wire.IKC, false, "", "", "s"},
		{"refused and left", []said{{from: c, octets: setupC}, {from: v, octets: "NOT\r\n"}}, false, wire.IKC0, false, "", "client-1 Client 192.0.2.1:50000", ""},
		{"two serializers refused by the client", []said{{from: c, octets: setupC},
			{from: v, octets: "SETUP KERNEL=server-1;FREEZER=Storable,FreezeThaw\r\n"}, {from: c, octets: "NOT\r\n"}, {from: v, octets: setupS}},
			true, wire.IKC0, false, "Storable", "client-1 Client 192.0.2.1:50000", "server-1 Server 192.0.2.2:603"},
		{"good SETUP refused by the client", []said{{from: c, octets: setupC}, {from: v, octets: setupS}, {from: c, octets: "NOT\r\n"}},
			false, wire.IKC0, false, "Storable", "client-1 Client 192.0.2.1:50000", "server-1 Server 192.0.2.2:603"},
	} {
		n := read(t, events(false, true, test.parts...), dialogue.Options{}).Negotiation
		got := fmt.Sprint(n.Complete, n.Dialect, n.Fallback, n.Serializer,
			strings.Join(n.Names(wire.Client), " "), strings.Join(n.Names(wire.Server), " "))
		want := fmt.Sprint(test.complete, test.dialect, test.fallback, test.serializer, test.client, test.server)
		if got != want {
			t.Errorf("%s: expected %s, got %s", test.name, want, got)
		}
	}
}

// TestLineEnds: CRLF, LF and CR end lines, whatever the pieces in which they come.
func TestLineEnds(t *testing.T) {
	ping := frame(&wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "r")})
	pong := frame(&wire.Message{Event: at("client-1", "app", "r"), Params: perl.NewBytes("PONG")})
	for _, end := range []string{"\r\n", "\n", "\r"} {
		client, server := strings.TrimRight(setupC, "\r\n")+end, strings.TrimRight(setupS, "\r\n")+end
		for _, piece := range []int{1, 2, 7, 1 << 20} {
			var parts []said
			for _, p := range []said{{from: c, octets: client}, {from: v, octets: server}, {from: c, octets: ping}, {from: v, octets: pong}} {
				for s := p.octets; s != ""; s = s[min(piece, len(s)):] {
					parts = append(parts, said{from: p.from, octets: s[:min(piece, len(s))]})
				}
			}
			got := read(t, events(false, true, parts...), dialogue.Options{})
			if len(got.Negotiation.Lines) != 2 || !got.Negotiation.Complete || !slices.Equal(shape(got), []string{"call ping =PONG"}) {
				t.Errorf("end %q, pieces of %d: got %d lines, complete %v, %q", end, piece, len(got.Negotiation.Lines), got.Negotiation.Complete, shape(got))
				continue
			}
			for _, l := range got.Negotiation.Lines {
				if l.End != end {
					t.Errorf("end %q, pieces of %d: got %q", end, piece, l.End)
				}
			}
			if f := got.Exchanges[0].Request.Frame; f.Offset != int64(len(client)) || f.Number != 1 {
				t.Errorf("end %q, pieces of %d: expected frame 1 at octet %d, got %d at %d", end, piece, len(client), f.Number, f.Offset)
			}
		}
	}
}

func TestEarlyFrames(t *testing.T) {
	ping := frame(&wire.Message{Event: at("", "IKC", "ping"), RSVP: at("client-1", "app", "r")})
	got := read(t, events(false, true, said{from: c, octets: setupC + ping}, said{from: v, octets: setupS}), dialogue.Options{})
	if !slices.Equal(shape(got), []string{"call ping"}) || !got.Exchanges[0].Request.Frame.Early {
		t.Errorf("expected an early call, got %q", shape(got))
	}
}

// TestBroken: octets that are no frames end the reading of their direction, and only of that.
func TestBroken(t *testing.T) {
	for name, octets := range map[string]string{
		"no length":           "\x00abc",
		"no digits":           "abc\x00",
		"hexadecimal":         "1f\x00abc",
		"too large":           "104857601\x00",
		"absurd":              "99999999999999999999999\x00",
		"negative":            "-1\x00",
		"half a frame":        "10\x00abc",
		"half a frame's head": "10",
	} {
		got := conversation(t, request("a", "r"), answer("r", "job", "1"), said{from: v, octets: octets}, request("b", ""))
		if got.Broken[wire.Server] == nil || got.Broken[wire.Client] != nil {
			t.Errorf("%s: expected the server's octets to be broken, got %v", name, got.Broken)
		}
		if !slices.Equal(shape(got), []string{"call a =1", "post b"}) {
			t.Errorf("%s: got %q", name, shape(got))
		}
		if p := got.Broken[wire.Server]; p != nil && (p.Announced > 0) != (name == "too large") {
			t.Errorf("%s: announced %d", name, p.Announced)
		}
	}
}

// TestImages: a frame whose image is no message is an item, and the next is read all the same.
func TestImages(t *testing.T) {
	for _, image := range []string{"", "x", "\x05\x0b\x02\x00\x00\x00\x00", "\x05\x0b\x03\x00\x00\x00\x01\x0a\x01xxx"} {
		got := conversation(t, said{from: c, octets: string(wire.AppendFrame(nil, []byte(image)))}, request("a", ""))
		f, ok := got.Items[2].(*dialogue.Frame)
		if !ok || f.Err == nil || f.Message != nil {
			t.Errorf("%q: expected a frame that is no message, got %+v", image, got.Items[2])
		}
		if !slices.Equal(shape(got), []string{"post a"}) {
			t.Errorf("%q: got %q", image, shape(got))
		}
	}
}

// TestGaps: behind missing octets the next frame is found.
func TestGaps(t *testing.T) {
	got := conversation(t, request("a", "r"), said{from: v, octets: "rest of a frame 12\x00xx" + answer("r", "job", "1").octets, gap: 100}, request("b", ""))
	if !slices.Equal(shape(got), []string{"call a =1", "post b"}) || !got.Gaps || len(got.Losses) == 0 || len(got.Notes) < 1 {
		t.Errorf("expected the answer to be found, a gap and a note, got %q, %v, %v", shape(got), got.Losses, got.Notes)
	}
	got = conversation(t, request("a", "r"), answer("r", "job", "1"))
	if got.Gaps {
		t.Error("expected no gaps")
	}
}

func TestJoined(t *testing.T) {
	got := read(t, events(true, true, said{from: c, octets: request("x", "").octets[30:]}, request("a", "r"), answer("r", "job", "1")), dialogue.Options{})
	if !got.Joined || !got.IsIKC || !slices.Equal(shape(got), []string{"call a =1 ?"}) {
		t.Errorf("expected the call to be found, got %v %v %q", got.Joined, got.IsIKC, shape(got))
	}
	// In the middle of the negotiation, the client taken for the server.
	got = read(t, events(true, true, said{from: v, octets: "IAM client-1\r\n"}, said{from: c, octets: "OK\r\n"}, said{from: v, octets: "DONE\r\nWORLD\r\n"}, said{from: c, octets: "UP\r\n"},
		said{from: v, octets: request("a", "r").octets}, said{from: c, octets: answer("r", "job", "1").octets}), dialogue.Options{})
	if !slices.Equal(shape(got), []string{"call a =1 ?"}) || len(got.Negotiation.Lines) != 0 || len(got.Items) != 7 {
		t.Errorf("expected the call to be found behind five lines, got %q, %d lines, %d items", shape(got), len(got.Negotiation.Lines), len(got.Items))
	}
}

func TestNotIKC(t *testing.T) {
	for name, parts := range map[string][]said{
		"HTTP":    {{from: c, octets: "GET / HTTP/1.1\r\n\r\n"}, {from: v, octets: "HTTP/1.1 200 OK\r\n\r\n"}},
		"a greet": {{from: v, octets: "220 hello\r\n"}},
		"nothing": nil,
		"noise":   {{from: c, octets: strings.Repeat("\xff\x00", 3000)}},
	} {
		if got := read(t, events(false, true, parts...), dialogue.Options{}); got.IsIKC || len(got.Notes) != 1 {
			t.Errorf("%s: expected it to be left alone with a note, got IKC %v, %v", name, got.IsIKC, got.Notes)
		}
		if got := read(t, events(false, true, parts...), dialogue.Options{AssumeIKC: true}); !got.IsIKC {
			t.Errorf("%s: expected it to be taken for IKC when told so", name)
		}
	}
}

// A SETUP may have many names, and come in several segments.
func TestLongSetup(t *testing.T) {
	long := "SETUP KERNEL=client-1" + strings.Repeat(",a-name-of-many", 200) + ";FREEZER=Storable\r\n"
	conn := read(t, events(false, true, said{from: c, octets: long[:1500]},
		said{from: c, octets: long[1500:]}, said{from: v, octets: setupS}), dialogue.Options{})
	if !conn.IsIKC || !conn.Negotiation.Complete || len(conn.Negotiation.Peers[wire.Client].Aliases) != 200 {
		t.Errorf("got IKC %v, complete %v, %d aliases; want all of it", conn.IsIKC, conn.Negotiation.Complete, len(conn.Negotiation.Peers[wire.Client].Aliases))
	}
}

func TestErrorText(t *testing.T) {
	for _, test := range []struct {
		params *perl.Value
		want   string
	}{
		{perl.ArrayRef(perl.NewBytes("text"), perl.NewBytes("k")), "text"},
		{perl.NewBytes("text"), "text"},
		{perl.ArrayRef(), ""},
		{perl.HashRef(), ""},
		{nil, ""},
	} {
		if got := dialogue.ErrorText(test.params); got != test.want {
			t.Errorf("expected %q, got %q", test.want, got)
		}
	}
}

// TestJSON: each line is an object, and has what it is about.
func TestJSON(t *testing.T) {
	odd := said{from: v, octets: string(wire.AppendFrame(nil, []byte("\xff\"\n")))}
	binary := msg(c, &wire.Message{Event: at("server-1", "job", "a"), Params: perl.ArrayRef(perl.NewBytes("\x00\xff\u2028</script>"), perl.NewUndef(), perl.NewText("ü"))})
	for _, conn := range []*dialogue.Connection{
		conversation(t, request("a", "r"), answer("r", "job", "1"), report("no"), odd, binary, said{from: v, octets: "x"}),
		read(t, events(true, false, request("a", "r")), dialogue.Options{}),
		read(t, events(false, false), dialogue.Options{}),
	} {
		var b bytes.Buffer
		if err := dialogue.WriteJSON(&b, conn); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for line := range bytes.Lines(b.Bytes()) {
			lines++
			var object map[string]any
			if err := json.Unmarshal(line, &object); err != nil {
				t.Errorf("%v: %s", err, line)
				continue
			}
			if object["type"] == nil || object["connection"] == nil {
				t.Errorf("expected a type and a connection, got %s", line)
			}
		}
		if lines < 1 || conn.IsIKC && lines < 1+len(conn.Items) {
			t.Errorf("expected a line for the connection and one for each of %d items, got %d", len(conn.Items), lines)
		}
	}
}

// TestWrite: what people see names what is off.
func TestWrite(t *testing.T) {
	var b bytes.Buffer
	conn := conversation(t, request("a", "r"), answer("r", "job", "1"), answer("r", "job", "1"), request("b", "s"), answer("t", "job", "2"), said{from: v, octets: "x"})
	if err := dialogue.Write(&b, conn, dialogue.WriteOptions{Values: true, Remarks: new(diagnosis.Collector)}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"IKC0, Storable", "client client-1 (Client", "call job/a from app", "answer to #1", "again (!)", "answered 2 times", "cannot be read on"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("expected %q in:\n%s", want, b.String())
		}
	}
	if around := dialogue.Around(conn, conn.Items[len(conn.Items)-1]); len(around) == 0 || len(around) > 5 {
		t.Errorf("expected up to five lines, got %q", around)
	}
}

// FuzzStreams: no octets, however they come, make the reader panic, lose count, or write JSON that
// is none.
func FuzzStreams(f *testing.F) {
	ping := frame(&wire.Message{Event: at("server-1", "IKC", "ping"), RSVP: at("client-1", "app", "r")})
	pong := frame(&wire.Message{Event: at("client-1", "app", "r"), Params: perl.NewBytes("PONG")})
	f.Add([]byte(setupC+ping), []byte(setupS+pong), uint8(7), uint8(0))
	f.Add([]byte("HELLO\r\nOK\r\nOK\r\nIAM c\r\nDONE\r\nFREEZER Storable\r\nWORLD\r\n"+ping), []byte("IAM s\r\nDONE\r\nOK\r\nOK\r\nUP\r\n"+pong), uint8(3), uint8(0))
	f.Add([]byte(ping), []byte(pong), uint8(1), uint8(1))
	f.Add([]byte(setupC+ping+ping), []byte(setupS+"5\x00"), uint8(200), uint8(2))
	f.Add([]byte("\r\r\n\n"), []byte("NOT\rSETUP KERNEL=x;FREEZER=\n"), uint8(1), uint8(4))
	f.Fuzz(func(t *testing.T, client, server []byte, piece, mode uint8) {
		size := int(piece) + 1
		var parts []said
		for len(client)+len(server) > 0 {
			for _, p := range []struct {
				from   capture.Direction
				octets *[]byte
			}{{c, &client}, {v, &server}} {
				if n := min(size, len(*p.octets)); n > 0 {
					s := said{from: p.from, octets: string((*p.octets)[:n])}
					if mode&2 != 0 && len(parts) == 5 {
						s.gap = int64(piece) - 1
					}
					parts, *p.octets = append(parts, s), (*p.octets)[n:]
				}
			}
		}
		conn := read(t, events(mode&1 != 0, mode&8 != 0, parts...), dialogue.Options{AssumeIKC: mode&4 != 0, MaxFrame: 1 << 20})
		var b bytes.Buffer
		if err := dialogue.WriteJSON(&b, conn); err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b.Bytes()) {
			if !json.Valid(line) {
				t.Fatalf("no JSON: %s", line)
			}
		}
		if err := dialogue.Write(&b, conn, dialogue.WriteOptions{Values: true}); err != nil {
			t.Fatal(err)
		}
		last := [2]int64{-1, -1}
		for _, item := range conn.Items {
			var offset int64
			switch item := item.(type) {
			case *dialogue.Line:
				offset = item.Offset
			case *dialogue.Frame:
				offset = item.Offset
			}
			if offset <= last[item.Sender()] {
				t.Fatalf("an item at octet %d of the %v behind one at %d", offset, item.Sender(), last[item.Sender()])
			}
			last[item.Sender()] = offset
		}
	})
}
