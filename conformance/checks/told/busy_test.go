package told

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/conformance/judge"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// script writes a recording by hand: what the harness and the driver of a client said to each
// other, and the connections of that client. Times are those of the recording.
type script struct {
	t       *testing.T
	file    bytes.Buffer
	w       *capture.Writer
	at      time.Time
	control *capture.Recorder // with the client's driver
	other   *capture.Recorder // with the server's driver, nil if there is none
	conn    *capture.Recorder // the last
	conns   int
	id      int // of the last command
}

func newScript(t *testing.T) *script {
	s := &script{t: t, at: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)}
	var err error
	s.w, err = capture.NewWriter(&s.file, capture.Meta{})
	s.must(err)
	s.control = s.open("192.0.2.1:49152", "192.0.2.2:49152")
	return s
}

func (s *script) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *script) open(client, server string) *capture.Recorder {
	s.t.Helper()
	iface, err := s.w.Interface("test", "")
	s.must(err)
	r, err := s.w.Open(iface, netip.MustParseAddrPort(client), netip.MustParseAddrPort(server), s.at)
	s.must(err)
	return r
}

// after lets time pass.
func (s *script) after(d time.Duration) { s.at = s.at.Add(d) }

func (s *script) data(r *capture.Recorder, from capture.Direction, b []byte) {
	s.t.Helper()
	s.after(time.Millisecond)
	s.must(r.Data(from, b, s.at))
}

// command has the harness ask for something; fields are those of a JSON object behind its name.
func (s *script) command(name, fields string) {
	s.t.Helper()
	s.id++
	s.data(s.control, capture.FromClient, fmt.Appendf(nil, `{"id":%d,"cmd":%q,%s}`+"\n", s.id, name, fields))
}

// answer has the driver answer the last command.
func (s *script) answer(answer string) {
	s.t.Helper()
	s.data(s.control, capture.FromServer, fmt.Appendf(nil, `{"id":%d,%s}`+"\n", s.id, answer))
}

// goesOn has the harness ask the drivers for something when all may have been told.
func (s *script) goesOn() {
	s.t.Helper()
	s.after(contract.DriverGrace)
	client := s.control
	for _, s.control = range []*capture.Recorder{client, s.other} {
		if s.control != nil {
			s.command("hello", `"x":1`)
			s.answer(`"ok":{}`)
		}
	}
	s.control = client
}

// connect has the client connect and negotiate.
func (s *script) connect() {
	s.t.Helper()
	s.conns++
	s.conn = s.open(fmt.Sprintf("192.0.2.3:%d", 50000+s.conns), "192.0.2.4:603")
	s.data(s.conn, capture.FromClient, []byte("SETUP KERNEL=client-1,Client,192.0.2.3:50000;FREEZER=Storable;PID=1\r\n"))
	s.data(s.conn, capture.FromServer, []byte("SETUP KERNEL=server-1,Server,192.0.2.4:603;FREEZER=Storable;PID=2\r\n"))
}

// close ends the last connection, from one side.
func (s *script) close(from capture.Direction) {
	s.t.Helper()
	s.after(time.Millisecond)
	s.must(s.conn.CloseWrite(from, s.at))
}

func (s *script) send(from capture.Direction, m *wire.Message) {
	s.t.Helper()
	image, err := storable.Freeze(m.ToValue())
	s.must(err)
	s.data(s.conn, from, wire.AppendFrame(nil, image))
}

// judge ends the recording and gives the outcome of a check for the client.
func (s *script) judge(check string, from []*judge.Check) judge.Verdict {
	s.t.Helper()
	s.after(time.Second)
	for _, d := range []capture.Direction{capture.FromClient, capture.FromServer} {
		s.must(s.control.CloseWrite(d, s.at))
		if s.other != nil {
			s.must(s.other.CloseWrite(d, s.at))
		}
	}
	s.must(s.w.Close())
	r, err := capture.NewReader(&s.file)
	s.must(err)
	f := judge.Capture(r, from, dialogue.Options{AssumeIKC: true}, wire.Client)
	s.must(f.Err)
	for _, v := range f.Verdicts {
		if v.Check.ID == check {
			return v
		}
	}
	s.t.Fatalf("%s: expected a verdict", check)
	return judge.Verdict{}
}

func at(kernel, session, state string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: kernel, Session: session, State: state})
}

// What a ClientLite of the script sends and gets.
var (
	liteFrom = at("client-1", wire.SessionIKCLite, "")
	liteRSVP = at("client-1", wire.SessionIKCLite, "response1")
	liteCall = &wire.Message{Event: at("server-1", "ikc-conform", "echo"), From: liteFrom, RSVP: liteRSVP, Params: perl.NewBytes("x")}
	answered = &wire.Message{Event: liteRSVP, Params: perl.NewBytes("x")}
	refusal  = &wire.Message{
		Event: at("client-1", wire.SessionIKC, wire.StateRemoteError), IsError: true,
		Params: perl.ArrayRef(perl.NewBytes("No such state.  Request "+liteCall.Event.String()+" sent by "+liteFrom.String()), perl.NewBytes("server-1"), perl.NewBytes("check")),
	}
)

const (
	noTime   = `"error":{"code":"failed","message":"no answer in time"}`
	theValue = `"ok":{"value":{"b":"x"}}`
)

// spawned has a ClientLite with a timeout of two seconds connect.
func (s *script) spawned() {
	s.t.Helper()
	s.command("lite-connect", `"name":"client-1","address":"192.0.2.4:603","timeout":2`)
	s.connect()
	s.answer(`"ok":{}`)
}

// called has the ClientLite call, and the server say something after some time, nothing if it is
// nil.
func (s *script) called(say *wire.Message, late time.Duration) {
	s.t.Helper()
	s.command("lite-call", `"to":"ikc-conform/echo","params":{"b":"x"}`)
	s.send(capture.FromClient, liteCall)
	s.after(late)
	if say != nil {
		s.send(capture.FromServer, say)
	}
}

// TestBusyMachine: what comes to nothing since the machine is busy is no fault of the client. Each
// is told beside what does fail, so that the check can.
func TestBusyMachine(t *testing.T) {
	for _, test := range []struct {
		name  string
		check string
		want  judge.Outcome
		play  func(s *script)
	}{
		{"responded fails at once", "LITE-022", judge.Fail, func(s *script) {
			s.called(answered, 0)
			s.answer(theValue)
			s.command("lite-responded", `"state":"never"`)
			s.answer(`"error":{"code":"failed","message":"nothing there"}`)
		}},
		{"responded waits until its time is over", "LITE-022", judge.Pass, func(s *script) {
			s.called(answered, 0)
			s.answer(theValue)
			s.command("lite-responded", `"state":"never"`)
			s.after(2 * time.Second)
			s.answer(noTime)
		}},
		{"responded without a connection, since the call before failed", "LITE-022", judge.Inconclusive, func(s *script) {
			s.called(nil, 2*time.Second)
			s.answer(noTime)
			s.command("lite-responded", `"state":"never"`)
			s.answer(`"error":{"code":"failed","message":"not connected"}`)
		}},
		{"responded without a connection waits all the same", "LITE-022", judge.Pass, func(s *script) {
			s.called(nil, 2*time.Second)
			s.answer(noTime)
			s.command("lite-responded", `"state":"never"`)
			s.after(2 * time.Second)
			s.answer(noTime)
		}},
		{"responded after disconnect", "LITE-022", judge.Inconclusive, func(s *script) {
			s.command("lite-disconnect", `"x":1`)
			s.answer(`"ok":{}`)
			s.command("lite-responded", `"state":"never"`)
			s.answer(`"error":{"code":"failed","message":"not connected"}`)
		}},
		{"responded after a ping that failed", "LITE-022", judge.Inconclusive, func(s *script) {
			s.command("lite-ping", `"x":1`)
			s.answer(`"ok":{"alive":false}`)
			s.command("lite-responded", `"state":"never"`)
			s.answer(`"error":{"code":"failed","message":"not connected"}`)
		}},
		{"the server ends the connection during responded", "LITE-022", judge.Inconclusive, func(s *script) {
			s.command("lite-responded", `"state":"never"`)
			s.close(capture.FromServer)
			s.answer(`"error":{"code":"failed","message":"connection lost"}`)
		}},
		{"a call that gives up early", "LITE-012", judge.Fail, func(s *script) {
			s.called(nil, time.Second)
			s.answer(noTime)
		}},
		{"the server ends the connection during a call", "LITE-012", judge.Inconclusive, func(s *script) {
			s.called(nil, 0)
			s.close(capture.FromServer)
			s.answer(`"error":{"code":"failed","message":"connection lost"}`)
		}},
		{"a call fails that was answered in time", "LITE-006", judge.Fail, func(s *script) {
			s.called(answered, 0)
			s.answer(noTime)
		}},
		{"a call fails that was answered long before its time was over", "LITE-006", judge.Fail, func(s *script) {
			s.called(answered, 0)
			s.after(3 * time.Second)
			s.answer(noTime)
		}},
		{"a call is answered when its time is over", "LITE-006", judge.Inconclusive, func(s *script) {
			s.called(answered, 1900*time.Millisecond)
			s.after(200 * time.Millisecond)
			s.answer(noTime)
		}},
		{"a call that was refused waits", "LITE-011", judge.Fail, func(s *script) {
			s.called(refusal, 0)
			s.after(3 * time.Second)
			s.answer(noTime)
		}},
		{"a call is refused when its time is over", "LITE-011", judge.Inconclusive, func(s *script) {
			s.called(refusal, 1900*time.Millisecond)
			s.after(200 * time.Millisecond)
			s.answer(noTime)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScript(t)
			s.spawned()
			test.play(s)
			if v := s.judge(test.check, LITE()); v.Outcome != test.want {
				t.Errorf("%s: expected %v, got %v: %s %+v", test.check, test.want, v.Outcome, v.Reason, v.Findings)
			}
		})
	}
}

// connected has a client kernel and a server kernel, both with drivers, connect.
func (s *script) connected() {
	s.t.Helper()
	client := s.control
	s.other = s.open("192.0.2.1:49153", "192.0.2.2:49153")
	s.control = s.other
	s.command("listen", `"name":"Server"`)
	s.answer(`"ok":{"address":"192.0.2.4:603"}`)
	s.control = client
	s.command("connect", `"name":"Client","address":"192.0.2.4:603"`)
	s.connect()
	s.answer(`"ok":{"kernel":"server-1"}`)
}

// say has the client send something, so that its connection counts.
func (s *script) say() {
	s.t.Helper()
	s.send(capture.FromClient, &wire.Message{Event: at("server-1", wire.SessionIKC, wire.StatePing), Params: perl.NewBytes(wire.Ping)})
}

// TestHarnessGaveUp: what the harness did not wait for is not missing.
func TestHarnessGaveUp(t *testing.T) {
	pings := func(s *script) {
		s.send(capture.FromServer, &wire.Message{
			Event: at("client-1", wire.SessionIKC, wire.StatePing), Params: perl.NewBytes(wire.Ping),
			From: at("server-1", contract.ClientSession, specifier.ProxyState),
			RSVP: at("server-1", contract.ClientSession, contract.AnswerState),
		})
	}
	comesBack := func(s *script) {
		s.say()
		s.close(capture.FromClient)
		s.close(capture.FromServer)
		s.command("connect", `"name":"Client","address":"192.0.2.4:603"`)
		s.connect()
		s.answer(`"ok":{"kernel":"server-1"}`)
		s.say()
		pings(s)
	}
	does := func(command, fields, answer string) func(s *script) {
		return func(s *script) {
			s.say()
			s.command(command, fields)
			s.answer(answer)
		}
	}
	const sent = `"ok":{"count":1}`
	for _, test := range []struct {
		check  string
		checks []*judge.Check
		play   func(s *script)
	}{
		{"BACK-001", BACK(), comesBack},
		{"DOWN-002", DOWN(), does("post", `"to":"poe://Server/ikc-conform/count","params":{"b":"`+contract.LastWords+`"}`, sent)},
		{"SUB-006", SUB(), does("proxy-post", `"to":"poe://Server/ikc-conform","state":"args","args":[]`, `"ok":{}`)},
		{"LOC-001", LOC(), does("call", `"to":"poe://Client/me/echo","params":{"b":"x"},"rsvp":"poe:/me/answer"`, sent)},
		{"LOC-003", LOC(), func(s *script) {
			s.say()
			s.command("monitor", `"kernel":"*","events":["error"]`)
			s.answer(`"ok":{}`)
			s.command("post", `"to":"poe://Client/`+contract.AbsentSession+`/state","params":{"b":"x"}`)
			s.answer(sent)
		}},
		{"SENT-004", SENT(), does("post", `"to":"poe://*/me/echo","params":{"b":"x"}`, `"ok":{"count":2}`)},
	} {
		for waited, want := range map[bool]judge.Outcome{true: judge.Fail, false: judge.Inconclusive} {
			t.Run(fmt.Sprintf("%s, waited %v", test.check, waited), func(t *testing.T) {
				s := newScript(t)
				s.connected()
				test.play(s)
				if waited {
					s.goesOn()
				}
				if v := s.judge(test.check, test.checks); v.Outcome != want {
					t.Errorf("%s: expected %v, got %v: %s %+v", test.check, want, v.Outcome, v.Reason, v.Findings)
				}
			})
		}
	}
}

// TestAnsweredTwice: that a second answer is not refused shows only if the kernel went on.
func TestAnsweredTwice(t *testing.T) {
	for wentOn, want := range map[bool]judge.Outcome{true: judge.Fail, false: judge.Inconclusive} {
		s := newScript(t)
		s.connected()
		rsvp := at("client-1", contract.ClientSession, contract.OnceState)
		s.send(capture.FromClient, &wire.Message{
			Event: at("server-1", contract.SessionAlias, "echo"), RSVP: rsvp, Params: perl.NewBytes("once"),
			From: at("client-1", contract.ClientSession, specifier.ProxyState),
		})
		for range 2 {
			s.send(capture.FromServer, &wire.Message{Event: rsvp, Params: perl.NewBytes("once")})
		}
		if wentOn {
			s.say()
		}
		s.close(capture.FromClient)
		s.close(capture.FromServer)
		if v := s.judge("RSVP-003", RSVP()); v.Outcome != want {
			t.Errorf("went on %v: expected %v, got %v: %s %+v", wentOn, want, v.Outcome, v.Reason, v.Findings)
		}
	}
}

// TestNobodyConnected: what is sent when the connection has ended is not to be counted as if it had
// not.
func TestNobodyConnected(t *testing.T) {
	for _, test := range []struct {
		check, to string
	}{
		{"SENT-001", "poe://Server/me/echo"},
		{"SENT-003", "poe://*/me/echo"},
	} {
		for gone, want := range map[bool]judge.Outcome{true: judge.Inconclusive, false: judge.Fail} {
			t.Run(fmt.Sprintf("%s, gone %v", test.check, gone), func(t *testing.T) {
				s := newScript(t)
				s.connected()
				s.say()
				if gone {
					s.close(capture.FromServer)
					s.close(capture.FromClient)
				}
				s.command("post", `"to":"`+test.to+`","params":{"b":"x"}`)
				s.answer(`"ok":{"count":0}`)
				if v := s.judge(test.check, SENT()); v.Outcome != want {
					t.Errorf("%s: expected %v, got %v: %s %+v", test.check, want, v.Outcome, v.Reason, v.Findings)
				}
			})
		}
	}
}
