package dialogue_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// many are connections that are fed event by event.
type many struct {
	t       *testing.T
	b       *dialogue.Builder
	conns   []*capture.Conn
	packet  int64
	offsets map[*capture.Conn][2]int64
	got     map[int]*dialogue.Connection // those that ended
	most    int                          // that was ever held
}

func newMany(t *testing.T, w dialogue.Window) *many {
	m := &many{t: t, got: map[int]*dialogue.Connection{}, offsets: map[*capture.Conn][2]int64{}}
	m.b = dialogue.NewBuilder(dialogue.Options{}, w, func(p *dialogue.Part) {
		if p.Last {
			m.got[p.Conn.Index] = p.Connection
		}
	})
	return m
}

func (m *many) at() capture.Stamp {
	m.packet++
	return capture.Stamp{Packet: m.packet, Time: time.Unix(m.packet, 0)}
}

// take feeds an event, and holds the memory against the bound.
func (m *many) take(ev capture.Event) {
	m.t.Helper()
	m.b.Take(ev)
	held, most := m.b.Held()
	if held > most || held < 0 {
		m.t.Fatalf("packet %d: expected at most %d octets to be held, got %d", m.packet, most, held)
	}
	m.most = max(m.most, held)
}

func (m *many) open() *capture.Conn {
	c := &capture.Conn{Index: len(m.conns), SYNSeen: true, Client: netip.MustParseAddrPort("192.0.2.1:50000"), Server: netip.MustParseAddrPort("192.0.2.2:603")}
	m.conns = append(m.conns, c)
	m.take(&capture.Opened{At: m.at(), Conn: c})
	m.data(c, capture.FromClient, setupC)
	m.data(c, capture.FromServer, setupS)
	return c
}

func (m *many) data(c *capture.Conn, from capture.Direction, octets string) {
	m.t.Helper()
	o := m.offsets[c]
	for rest := []byte(octets); len(rest) > 0; {
		n := min(len(rest), 1000)
		m.take(&capture.Data{At: m.at(), Conn: c, From: from, Offset: o[from], Bytes: rest[:n]})
		o[from] += int64(n)
		rest = rest[n:]
	}
	m.offsets[c] = o
}

func (m *many) end() {
	m.t.Helper()
	for _, c := range m.b.Open() {
		m.b.End(c, false)
	}
	if held, _ := m.b.Held(); held != 0 {
		m.t.Errorf("expected nothing to be held at the end, got %d octets", held)
	}
}

// notes are all of a connection, one a line.
func notes(c *dialogue.Connection) string {
	var b strings.Builder
	for _, n := range c.Notes {
		fmt.Fprintf(&b, "%v at octet %d, packet %d: %s\n", n.From, n.Offset, n.At.Packet, n.Text)
	}
	return b.String()
}

// TestUnfinishedFrames: frames that are never finished have a bound in all; beyond it, the
// connection that holds the most is given up, which is told with its place, and the others are read
// to their end.
func TestUnfinishedFrames(t *testing.T) {
	m := newMany(t, dialogue.Window{Held: 1 << 20})
	var frames []string
	for i := range 40 {
		c := m.open()
		params := perl.NewBytes(strings.Repeat("x", 20_000+3_000*(i%7)))
		frames = append(frames, frame(&wire.Message{Event: at("server-1", "job", "state"), Params: params}))
		m.data(c, capture.FromClient, frames[i][:len(frames[i])-1])
	}
	for i, c := range m.conns {
		m.data(c, capture.FromClient, frames[i][len(frames[i])-1:])
	}
	m.end()
	whole, givenUp := 0, 0
	for i := range m.conns {
		c := m.got[i]
		text := notes(c)
		switch {
		case c.Gaps && strings.Contains(text, "given up here"):
			givenUp++
			if c.Broken[wire.Client] != nil {
				t.Errorf("connection %d: expected no fault of the client, got %+v", i, c.Broken[wire.Client])
			}
		case !c.Gaps && text == "" && len(c.Exchanges) == 1:
			whole++
		default:
			t.Errorf("connection %d: expected it to be whole or given up, got gaps %v, %d exchanges, %q", i, c.Gaps, len(c.Exchanges), text)
		}
	}
	if whole < 15 || givenUp < 2 {
		t.Errorf("expected most to be read to their end, got %d, and %d given up", whole, givenUp)
	}
}

// TestFewAreNotGivenUp: what is below the bound is read whole, also one frame of nearly its size.
func TestFewAreNotGivenUp(t *testing.T) {
	m := newMany(t, dialogue.Window{Held: 1 << 20})
	c := m.open()
	f := frame(&wire.Message{Event: at("server-1", "job", "state"), Params: perl.NewBytes(strings.Repeat("x", 1<<20-8<<10))})
	m.data(c, capture.FromClient, f)
	m.end()
	if c := m.got[0]; c.Gaps || len(c.Exchanges) != 1 || len(c.Notes) > 0 {
		t.Errorf("expected one request, got %d, gaps %v, %s", len(c.Exchanges), c.Gaps, notes(c))
	}
}

// TestKeptMessages: messages that wait for an answer, one on each connection, have the same bound;
// likewise lines of a negotiation that does not end, those of another protocol, and of a driver.
func TestKeptMessages(t *testing.T) {
	big := frame(&wire.Message{Event: at("server-1", "job", "state"), RSVP: at("client-1", "app", "got"), Params: perl.NewBytes(strings.Repeat("x", 50_000))})
	answer := frame(&wire.Message{Event: at("client-1", "app", "got"), Params: perl.NewBytes(strings.Repeat("y", 30_000))})
	for name, say := range map[string]func(m *many, c *capture.Conn, i int){
		"calls": func(m *many, c *capture.Conn, _ int) { m.data(c, capture.FromClient, big) },
		"their answers": func(m *many, c *capture.Conn, _ int) {
			m.data(c, capture.FromClient, big)
			m.data(c, capture.FromServer, answer+answer+answer+answer+answer)
		},
		"both sides": func(m *many, c *capture.Conn, _ int) {
			m.data(c, capture.FromClient, big+"90000\x00"+strings.Repeat("z", 20_000))
			m.data(c, capture.FromServer, answer+"90000\x00"+strings.Repeat("z", 20_000))
		},
	} {
		m := newMany(t, dialogue.Window{Held: 1 << 20, Total: 64 << 10, Octets: 16 << 10})
		for i := range 60 {
			say(m, m.open(), i)
		}
		if m.most < 1<<19 {
			t.Errorf("%s: expected it to come near the bound, got %d octets", name, m.most)
		}
		m.end()
		if len(m.got) != 60 {
			t.Errorf("%s: expected 60 connections, got %d", name, len(m.got))
		}
	}
	for name, line := range map[string][2]string{
		"a negotiation without an end": {"HELLO\r\n", "IAM " + strings.Repeat("n", 900) + "\r\n"},
		"another protocol":             {"GET\r\n", strings.Repeat("t", 900) + "\r\n"},
		"a driver's line":              {`{"id":1,"cmd":"hello"}` + "\n", `{"event":"` + strings.Repeat("e", 900)},
		"a driver's values":            {`{"id":1,"cmd":"hello"}` + "\n", `{"event":"state","args":[` + strings.Repeat(`{"a":[]},`, 90) + "{\"a\":[]}]}\n"},
	} {
		m := newMany(t, dialogue.Window{Held: 1 << 20, Total: 64 << 10})
		for range 20 {
			c := &capture.Conn{Index: len(m.conns), SYNSeen: true}
			m.conns = append(m.conns, c)
			m.take(&capture.Opened{At: m.at(), Conn: c})
			m.data(c, capture.FromClient, line[0])
			for range 300 {
				m.data(c, capture.FromServer, line[1])
			}
		}
		m.end()
		if len(m.got) != 20 {
			t.Errorf("%s: expected 20 connections, got %d", name, len(m.got))
		}
		items := 0
		for _, c := range m.got {
			items += len(c.Negotiation.Lines)
		}
		if items > 2000 {
			t.Errorf("%s: expected few lines to be kept, got %d", name, items)
		}
	}
}

// TestRandomClaims: whatever lengths are announced and however little of it comes, on however many
// connections, the bound holds and all is given back.
func TestRandomClaims(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 14))
		m := newMany(t, dialogue.Window{Held: 200_000, Total: 50_000, Items: 8})
		for range 30 {
			m.open()
		}
		small := frame(&wire.Message{Event: at("server-1", "job", "state"), Params: perl.NewBytes("x")})
		for range 600 {
			c, from := m.conns[rng.IntN(len(m.conns))], capture.Direction(rng.IntN(2))
			switch rng.IntN(8) {
			case 0:
				m.data(c, from, fmt.Sprintf("%d\x00", rng.IntN(200_000)))
			case 1, 2:
				m.data(c, from, strings.Repeat("q", rng.IntN(20_000)))
			case 3:
				m.take(&capture.Gap{At: m.at(), Conn: c, From: from, Offset: m.offsets[c][from], Octets: 10})
				o := m.offsets[c]
				o[from] += 10
				m.offsets[c] = o
			case 4:
				m.data(c, from, "lines\r\nof\nothers\r")
			case 5:
				m.take(&capture.Conflict{At: m.at(), Conn: c, From: from, First: []byte("a"), Again: []byte("b"), Octets: 1})
			case 6:
				m.b.Drop(c)
			default:
				m.data(c, from, small)
			}
		}
		m.end()
	}
}

// TestSearchIsLinear: octets behind a gap are looked through once, however many packets bring them.
func TestSearchIsLinear(t *testing.T) {
	m := newMany(t, dialogue.Window{})
	c := m.open()
	m.take(&capture.Gap{At: m.at(), Conn: c, From: capture.FromClient, Offset: 80, Octets: 10})
	began := time.Now()
	for range 8 << 10 {
		m.data(c, capture.FromClient, strings.Repeat("no NUL in it ", 70))
	}
	f := frame(&wire.Message{Event: at("server-1", "job", "state"), Params: perl.NewBytes("x")})
	m.data(c, capture.FromClient, f)
	m.end()
	if took := time.Since(began); took > 20*time.Second { // it took minutes when all was looked through for each packet
		t.Errorf("expected 7 MB to be looked through at once, it took %v", took)
	}
	if n := m.got[0].Items; len(n) == 0 {
		t.Error("expected the frame behind it to be found")
	}
}

// TestTooLargeToThaw: an image that would take too much memory is told, and is no fault of who sent
// it.
func TestTooLargeToThaw(t *testing.T) {
	const elements = 9 << 20
	var network [4]byte
	binary.BigEndian.PutUint32(network[:], elements)
	for name, image := range map[string]string{ // each a hash of one: params, an array
		"Storable":                     "\x05\x0b\x03\x00\x00\x00\x01\x04\x02" + string(network[:]) + strings.Repeat("\x05", elements) + "\x00\x00\x00\x06params",
		"FreezeThaw":                   fmt.Sprintf("FrT;@1|%%2|$6|params@%d|", elements) + strings.Repeat("_", elements),
		"POE::Component::IKC::Freezer": "$POE::Component::IKC::Freezer::VAR1 = {params => [" + strings.Repeat("1,", elements) + "]};",
	} {
		setup := strings.NewReplacer("Storable", name)
		c := read(t, events(false, true, said{from: c, octets: setup.Replace(setupC)}, said{from: v, octets: setup.Replace(setupS)},
			said{from: c, octets: string(wire.AppendFrame(nil, []byte(image)))}), dialogue.Options{})
		f, ok := c.Items[len(c.Items)-1].(*dialogue.Frame)
		if !ok || !f.TooLarge || f.Err == nil || !c.Gaps || !strings.Contains(notes(c), "frame 1 of the client cannot be looked at") {
			t.Errorf("%s: expected a frame that is too large, got %.300v, %s", name, f.Err, notes(c))
		}
	}
}
