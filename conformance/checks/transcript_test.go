package checks

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// script writes a conversation by hand, to be judged. "C: line" and "S: line" are lines of the
// client and the server; Messages are sent by send.
type script struct {
	t    *testing.T
	file bytes.Buffer
	w    *capture.Writer
	r    *capture.Recorder
	at   time.Time
}

func newScript(t *testing.T, lines ...string) *script {
	t.Helper()
	s := &script{t: t, at: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}
	var err error
	if s.w, err = capture.NewWriter(&s.file, capture.Meta{}); err != nil {
		t.Fatal(err)
	}
	iface, err := s.w.Interface("test", "")
	if err != nil {
		t.Fatal(err)
	}
	if s.r, err = s.w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), s.at); err != nil {
		t.Fatal(err)
	}
	s.lines(lines...)
	return s
}

func (s *script) lines(lines ...string) {
	s.t.Helper()
	for _, l := range lines {
		side, text, ok := strings.Cut(l, ": ")
		if !ok {
			s.t.Fatalf("%q: expected C: or S:", l)
		}
		s.octets(map[string]capture.Direction{"C": capture.FromClient, "S": capture.FromServer}[side], []byte(text+"\r\n"))
	}
}

func (s *script) octets(from capture.Direction, b []byte) {
	s.t.Helper()
	s.at = s.at.Add(time.Millisecond)
	if err := s.r.Data(from, b, s.at); err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) send(from capture.Direction, m *wire.Message) {
	s.t.Helper()
	image, err := storable.Freeze(m.ToValue())
	if err != nil {
		s.t.Fatal(err)
	}
	s.octets(from, wire.AppendFrame(nil, image))
}

// judge ends the conversation and gives the outcome of the checks for a side.
func (s *script) judge(side wire.Role) map[string]judge.Verdict {
	s.t.Helper()
	return s.judgeAs(side, dialogue.Options{AssumeIKC: true})
}

// judgeAs is judge of a capture that is read in a way.
func (s *script) judgeAs(side wire.Role, opts dialogue.Options) map[string]judge.Verdict {
	s.t.Helper()
	for _, from := range []capture.Direction{capture.FromClient, capture.FromServer} {
		if err := s.r.CloseWrite(from, s.at.Add(time.Second)); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.w.Close(); err != nil {
		s.t.Fatal(err)
	}
	r, err := capture.NewReader(&s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	f := judge.Capture(r, Catalogue(), opts, side)
	if f.Err != nil {
		s.t.Fatal(f.Err)
	}
	out := map[string]judge.Verdict{}
	for _, v := range f.Verdicts {
		out[v.Check.ID] = v
	}
	return out
}

func fails(verdicts map[string]judge.Verdict) (ids []string) {
	for id, v := range verdicts {
		if v.Outcome == judge.Fail {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

const (
	setupC = "SETUP KERNEL=client-1,Client,192.0.2.1:50000;FREEZER=Storable;PID=1"
	setupS = "SETUP KERNEL=server-1,Server,192.0.2.2:603;FREEZER=Storable;PID=2"
)

var (
	ikc0 = []string{"C: " + setupC, "S: " + setupS}
	ikc  = []string{
		"C: HELLO", "S: IAM server-1", "C: OK", "S: IAM 192.0.2.2:603", "C: OK", "S: IAM Server", "C: OK", "S: DONE",
		"C: IAM client-1", "S: OK", "C: IAM 192.0.2.1:50000", "S: OK", "C: IAM Client", "S: OK", "C: DONE",
		"C: FREEZER Storable", "S: OK", "C: WORLD", "S: UP",
	}
	fallback = append([]string{"C: " + setupC, "S: NOT"}, ikc...)
)

// instead gives a conversation with one line replaced by others. It panics if there is none.
func instead(lines []string, old string, with ...string) []string {
	i := slices.Index(lines, old)
	return slices.Concat(lines[:i], with, lines[i+1:])
}

// TestGoodNegotiations: a good negotiation leaves nothing to complain about, on either side.
func TestGoodNegotiations(t *testing.T) {
	for name, lines := range map[string][]string{
		"IKC0": ikc0, "IKC": ikc, "fallback": fallback,
		"second serializer":  instead(ikc, "C: FREEZER Storable", "C: FREEZER FreezeThaw", "S: NOT", "C: FREEZER Storable"),
		"client is a Lite":   slices.Concat(ikc[:8], []string{"C: IAM Client", "S: OK", "C: DONE"}, ikc[15:]),
		"WORLD without more": append(slices.Clone(ikc[:15]), "C: WORLD", "S: UP"),
		"bad SETUP refused":  {"C: " + setupC, "S: " + strings.Replace(setupS, "=Storable", "=Storable,FreezeThaw", 1), "C: NOT"},
	} {
		for _, side := range []wire.Role{wire.Client, wire.Server} {
			verdicts := newScript(t, lines...).judge(side)
			ids := fails(verdicts)
			if name == "bad SETUP refused" {
				ids = slices.DeleteFunc(ids, func(id string) bool { return side == wire.Server && id == "HS-IKC0-003" })
			}
			if len(ids) > 0 {
				t.Errorf("%s: expected no failure of the %v, got %v: %+v", name, side, ids, verdicts[ids[0]].Findings)
			}
		}
	}
}

// TestBadClients: each check of the client's negotiation is killed by a client that breaks it.
func TestBadClients(t *testing.T) {
	killed := map[string]bool{}
	for _, test := range []struct {
		name  string
		kills string
		lines []string
	}{
		{"server speaks first", "HC-IKC0-001", []string{"S: HELLO", "C: OK"}},
		{"opens with something else", "HC-IKC0-001", []string{"C: EHLO", "S: NOT"}},
		{"SETUP without KERNEL", "HC-IKC0-002", []string{"C: SETUP FREEZER=Storable;PID=1", "S: NOT"}},
		{"SETUP without FREEZER", "HC-IKC0-002", []string{"C: SETUP KERNEL=client-1;PID=1", "S: NOT"}},
		{"SETUP with another field", "HC-IKC0-002", []string{"C: " + setupC + ";COLOUR=blue", "S: NOT"}},
		{"SETUP without PID", "HC-IKC0-003", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, ";PID=1", "", 1))},
		{"gives up after NOT", "HC-IKC0-004", []string{"C: " + setupC, "S: NOT"}},
		{"the same SETUP again", "HC-IKC0-004", []string{"C: " + setupC, "S: NOT", "C: " + setupC, "S: NOT"}},
		{"NOT to a good SETUP", "HC-IKC0-005", append(slices.Clone(ikc0), "C: NOT")},
		{"two FREEZERs accepted", "HC-IKC0-006", []string{"C: " + setupC, "S: SETUP KERNEL=server-1,Server,192.0.2.2:603;FREEZER=Storable,FreezeThaw", "C: HELLO"}},
		{"bad SETUP accepted", "HC-IKC0-006", []string{"C: " + setupC, "S: " + setupS + ";COLOUR=blue"}},
		{"IAM answered by YES", "HC-IKC-001", instead(ikc[:3], "C: OK", "C: YES")},
		{"IAM answered by IAM", "HC-IKC-001", instead(ikc[:3], "C: OK", "C: IAM client-1")},
		{"DONE answered by OK", "HC-IKC-002", append(slices.Clone(ikc[:8]), "C: OK", "S: NOT")},
		{"DONE answered by DONE", "HC-IKC-002", append(slices.Clone(ikc[:8]), "C: DONE", "S: NOT")},
		{"OK answered by OK", "HC-IKC-003", append(slices.Clone(ikc[:10]), "C: OK", "S: NOT")},
		{"no word after OK", "HC-IKC-003", ikc[:10]},
		{"no FREEZER", "HC-IKC-004", ikc[:15]},
		{"HELLO after DONE", "HC-IKC-004", append(slices.Clone(ikc[:15]), "C: HELLO", "S: NOT")},
		{"FREEZER that is none", "HC-IKC-004", append(slices.Clone(ikc[:15]), "C: FREEZER Stor able", "S: NOT")},
		{"no WORLD", "HC-IKC-005", append(slices.Clone(ikc[:17]), "C: UP", "S: NOT")},
		{"a name that is none", "HS-NAME-001", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, ",Client,", ",My Client,", 1))},
		{"no address among the names", "HC-IKC0-007", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, ",192.0.2.1:50000", "", 1))},
		{"a serializer offered twice", "HC-IKC0-008", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, "=Storable", "=Storable,Storable", 1))},
		{"the id of the server", "HS-NAME-002", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, "client-1", "server-1", 1))},
		{"WORLD twice", "HS-TURN-001", instead(ikc, "C: WORLD", "C: WORLD", "C: WORLD")},
		{"a name twice", "HS-NAME-003", instead(ikc0, "C: "+setupC, "C: "+strings.Replace(setupC, ",Client,", ",Client,Client,", 1))},
	} {
		t.Run(test.name, func(t *testing.T) {
			verdicts := newScript(t, test.lines...).judge(wire.Client)
			if verdicts[test.kills].Outcome != judge.Fail {
				t.Errorf("expected %s to fail, got %v; failing %v", test.kills, verdicts[test.kills].Outcome, fails(verdicts))
			}
			killed[test.kills] = true
		})
	}
	t.Run("frame before UP", func(t *testing.T) {
		s := newScript(t, ikc[:17]...)
		s.lines("C: WORLD")
		s.send(capture.FromClient, &wire.Message{Event: at("server-1", "IKC", "ping"), Params: perl.NewBytes("PING")})
		s.lines("S: UP")
		if v := s.judge(wire.Client)["HC-IKC-006"]; v.Outcome != judge.Fail {
			t.Errorf("expected HC-IKC-006 to fail, got %v", v.Outcome)
		}
		killed["HC-IKC-006"] = true
	})
	lite := func(change func(m *wire.Message)) *wire.Message {
		m := &wire.Message{Event: at("server-1", "IKC", "ping"), Params: perl.NewBytes("PING"), From: at("client-1", "IKCLite", ""),
			RSVP: at("client-1", "IKCLite", "response1"), Other: []perl.Pair{perl.P("wantarray", perl.NewInt(0))}}
		change(m)
		return m
	}
	asks := func(change func(m *wire.Message)) *wire.Message {
		m := &wire.Message{Event: at("server-1", "IKC", "do_you_have"), From: at("client-1", "IKC", "IKC:proxy"), RSVP: at("client-1", "IKC", "IKC:receipt 1"),
			Params: perl.ArrayRef(at("server-1", "session", "").ToValue(), perl.NewBytes("client-1"))}
		change(m)
		return m
	}
	same := func(*wire.Message) {}
	for _, test := range []struct {
		kills    string
		messages []*wire.Message
	}{
		{"LITE-001", []*wire.Message{lite(func(m *wire.Message) { m.RSVP = at("client-1", "Other", "response1") })}},
		{"LITE-002", []*wire.Message{lite(same), lite(same)}},
		{"LITE-003", []*wire.Message{lite(func(m *wire.Message) { m.Other = nil })}},
		{"LITE-004", []*wire.Message{lite(same), lite(func(m *wire.Message) { m.Event = at("Elsewhere", "IKC", "ping") })}},
		{"LITE-005", []*wire.Message{lite(func(m *wire.Message) { m.From = at("Client", "IKCLite", "") })}},
		{"LITE-023", []*wire.Message{lite(same), lite(same)}},
		{"SUB-001", []*wire.Message{asks(func(m *wire.Message) { m.RSVP = at("client-1", "IKC", "answer") })}},
		{"SUB-002", []*wire.Message{asks(func(m *wire.Message) {
			m.Params = perl.ArrayRef(at("server-1", "session", "").ToValue(), perl.NewBytes("Client"))
		})}},
		{"SUB-003", []*wire.Message{asks(same), asks(same)}},
		{"SUB-004", []*wire.Message{asks(func(m *wire.Message) {
			m.Params = perl.ArrayRef(at("server-1", "", "state").ToValue(), perl.NewBytes("client-1"))
		})}},
		{"LITE-002", []*wire.Message{asksByPost("response7"), asksByPost("response7")}},
		{"MSG-009", []*wire.Message{lite(func(m *wire.Message) { m.RSVP, m.Other, m.WantArray = wire.Address{}, nil, true })}},
	} {
		t.Run(test.kills, func(t *testing.T) {
			good, bad := newScript(t, ikc0...), newScript(t, ikc0...)
			for _, m := range []*wire.Message{lite(same), asks(same)} {
				good.send(capture.FromClient, m)
			}
			for _, m := range test.messages {
				bad.send(capture.FromClient, m)
			}
			answer := &wire.Message{Event: test.messages[0].RSVP, Params: perl.NewBytes("PONG")}
			bad.send(capture.FromServer, answer)
			bad.send(capture.FromServer, answer)
			if v := good.judge(wire.Client)[test.kills]; v.Outcome == judge.Fail {
				t.Errorf("expected no failure of what is right, got %+v", v.Findings)
			}
			if v := bad.judge(wire.Client)[test.kills]; v.Outcome != judge.Fail {
				t.Errorf("expected %s to fail, got %v: %s", test.kills, v.Outcome, v.Reason)
			}
			killed[test.kills] = true
		})
	}
	killed["HC-NAME-001"], killed["LITE-013"] = true, true // by TestOneIDOneKernel, TestGoesOn
	for _, c := range Catalogue() {
		if c.Party == judge.TheClient && !c.ByDriver() && !killed[c.ID] {
			t.Errorf("%s kills no client", c.ID)
		}
	}
}

func at(kernel, session, state string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
}

// TestNoFalseAlarms: conversations that real kernels may have, in which nothing is wrong.
func TestNoFalseAlarms(t *testing.T) {
	from := at("client-1", "app", specifier.ProxyState)
	self := at("server-1", "job", specifier.ProxyState)
	b := perl.NewBytes
	const c, v = capture.FromClient, capture.FromServer
	call := func(state, rsvp string) *wire.Message {
		return &wire.Message{Event: at("server-1", "job", state), Params: b("x"), From: from, RSVP: at("client-1", "app", rsvp)}
	}
	ping := func(n string) (*wire.Message, *wire.Message) {
		return &wire.Message{Event: at("server-1", "IKC", "ping"), Params: b("PING"), From: from, RSVP: at("client-1", "app", n)},
			&wire.Message{Event: at("client-1", "app", n), Params: b("PONG"), From: at("server-1", "IKC", specifier.ProxyState)}
	}
	for name, play := range map[string]func(s *script){
		"a call that returns nothing, and a post to another state of the caller": func(s *script) {
			s.send(c, call("start", "started"))
			s.send(v, &wire.Message{Event: at("client-1", "app", "progress"), Params: b("10%"), From: self})
			q, a := ping("p1")
			s.send(c, q)
			s.send(v, a)
		},
		"an answer that comes after those to later calls": func(s *script) {
			s.send(c, call("slow", "slow"))
			q, a := ping("p2")
			s.send(c, q)
			s.send(v, a)
		},
		"an answer to a call that went by another connection": func(s *script) {
			s.send(v, &wire.Message{Event: at("client-1", "IKC", "IKC:receipt 1 x"), Params: b("Refused subscription poe:/a"), From: at("server-1", "IKC", specifier.ProxyState)})
			q, a := ping("p3")
			s.send(c, q)
			s.send(v, a)
		},
		"calls of the server to a state that was an rsvp": func(s *script) {
			s.send(c, call("start", "update"))
			s.send(v, &wire.Message{Event: at("client-1", "app", "update"), Params: b("x"), From: self, RSVP: at("server-1", "job", "updated")})
			q, a := ping("p4")
			s.send(c, q)
			s.send(v, a)
		},
		"posts to a published state that was an rsvp": func(s *script) {
			s.send(c, call("start", "update"))
			for _, text := range []string{"started", "10%", "20%"} {
				s.send(v, &wire.Message{Event: at("client-1", "app", "update"), Params: b(text), From: self})
			}
			q, a := ping("p6")
			s.send(c, q)
			s.send(v, a)
		},
		"errors of a state, in words of its own": func(s *script) {
			s.send(c, call("die", "died"))
			s.send(v, &wire.Message{Event: at("client-1", "IKC", "remote_error"), IsError: true,
				Params: perl.ArrayRef(b("Boom.  Request poe://server-1/job/die sent by "+from.String()), b("server-1"), b("invocation"))})
			q, a := ping("p5")
			s.send(c, q)
			s.send(v, a)
		},
		"a ClientLite whose server was started again, and which sends once more what it had addressed before": func(s *script) {
			for i, kernel := range []string{"server-0", "server-1"} {
				rsvp := at("client-1", "IKCLite", fmt.Sprintf("response%d", i))
				s.send(c, &wire.Message{Event: at(kernel, "IKC", "ping"), Params: b("PING"), From: at("client-1", "IKCLite", ""),
					RSVP: rsvp, Other: []perl.Pair{perl.P("wantarray", perl.NewInt(0))}})
				s.send(v, &wire.Message{Event: rsvp, Params: b("PONG"), From: at("server-1", "IKC", specifier.ProxyState)})
			}
		},
	} {
		for _, side := range []wire.Role{wire.Server, wire.Client} {
			s := newScript(t, ikc0...)
			play(s)
			verdicts := s.judge(side)
			if ids := fails(verdicts); len(ids) > 0 {
				t.Errorf("%s: expected no failure of the %v, got %v: %+v", name, side, ids, verdicts[ids[0]].Findings)
			}
		}
	}
}

// TestPatience: a client that closes the connection in place of an answer has failed to answer, but
// when its time may have been over before the line came.
func TestPatience(t *testing.T) {
	for _, test := range []struct {
		slow, waits time.Duration // before the last line of the server, and from there to the end
		want        judge.Outcome
	}{
		{0, 10 * time.Millisecond, judge.Fail},
		{0, 900 * time.Millisecond, judge.Fail},
		{300 * time.Millisecond, 800 * time.Millisecond, judge.Inconclusive},
		{5 * time.Second, 10 * time.Millisecond, judge.Inconclusive},
		{300 * time.Millisecond, time.Second, judge.Fail},
		{5 * time.Second, 3 * time.Second, judge.Fail},
	} {
		s := newScript(t, "C: HELLO")
		s.at = s.at.Add(test.slow)
		s.lines("S: IAM server-1")
		if err := s.r.CloseWrite(capture.FromClient, s.at.Add(test.waits)); err != nil {
			t.Fatal(err)
		}
		s.at = s.at.Add(test.waits)
		if got := s.judge(wire.Client)["HC-IKC-001"].Outcome; got != test.want {
			t.Errorf("a line after %v, closed %v after it: got %v, want %v", test.slow, test.waits, got, test.want)
		}
	}
}
