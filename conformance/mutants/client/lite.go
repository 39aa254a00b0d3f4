package client

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// perlValue is a string of octets as drivers write it.
func perlValue(s string) typed.Value { return typed.Value{V: perl.NewBytes(s)} }

// liteDefects are of ClientLites.
func liteDefects() []*Behaviour {
	const lite, ikc0 = "clientlite", "IKC0"
	return []*Behaviour{
		{Name: "rsvp in another session", Text: "The rsvp of a ClientLite is not of its session.", Kills: []string{"LITE-001"}, Role: lite, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.Session = "Other" }) })},
		{Name: "no wantarray", Text: "A ClientLite does not say which context it wants.", Kills: []string{"LITE-003"}, Role: lite, Dialect: ikc0,
			value: func(v *perl.Value) *perl.Value {
				h := perl.NewHash()
				for _, p := range v.Target().Pairs() {
					if p.Key != "wantarray" {
						h.AppendPair(p)
					}
				}
				return perl.NewRef(h)
			}},
		{Name: "ClientLite addresses another kernel", Text: "A ClientLite addresses a kernel that it is not connected to.", Kills: []string{"LITE-004"}, Role: lite, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) {
				m.Event = change(m.Event, func(s *specifier.Specifier) { s.Kernel = "Elsewhere" })
			})},
		{Name: "ClientLite of another name", Text: "from of a ClientLite is not the name that it announced.", Kills: []string{"LITE-005"}, Role: lite, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) { m.From = change(m.From, func(s *specifier.Specifier) { s.Kernel = "Other" }) })},
		{Name: "ClientLite with a state", Text: "from of a ClientLite has the state of a kernel's session.", Kills: []string{"LITE-005"}, Role: lite, Dialect: ikc0,
			message: when(hasFrom, func(m *wire.Message) {
				m.From = change(m.From, func(s *specifier.Specifier) { s.State = specifier.ProxyState })
			})},
		{Name: "one rsvp for two calls", Text: "Two open calls of a ClientLite have the same rsvp.", Kills: []string{"LITE-002"}, Role: lite, Dialect: ikc0,
			message: func(m *wire.Message) []*wire.Message {
				if m.IsCall() {
					return []*wire.Message{m, m}
				}
				return []*wire.Message{m}
			}},
		{Name: "one rsvp for all calls", Text: "All calls of a ClientLite have the rsvp of the first.", Kills: []string{"LITE-023"}, Role: lite, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return m.IsCall() && m.RSVP.Session == wire.SessionIKCLite }, func(m *wire.Message) {
				m.RSVP = change(m.RSVP, func(s *specifier.Specifier) { s.State = "response0" })
			})},
		{Name: "false is undef", Text: "call in scalar context returns undef for what is false in Perl.", Kills: []string{"LITE-006"}, Role: lite, Dialect: ikc0,
			answer: answered("lite-call", func(c command, ok map[string]any) any {
				if bytes.Contains(c.line, []byte("/zero")) && ok["value"] != nil {
					return map[string]any{"value": nil}
				}
				return nil
			})},
		{Name: "a list is its last value", Text: "call in list context returns the last value only.", Kills: []string{"LITE-007"}, Role: lite, Dialect: ikc0,
			answer: answered("lite-call", func(c command, ok map[string]any) any {
				if values, isList := ok["values"].([]any); isList {
					return map[string]any{"values": values[max(0, len(values)-1):]}
				}
				return nil
			})},
		{Name: "post_respond returns what it sent", Text: "post_respond returns its own params.", Kills: []string{"LITE-008"}, Role: lite, Dialect: ikc0,
			answer: answered("lite-post-respond", func(c command, _ map[string]any) any {
				return map[string]any{"value": perlValue("what it sent")}
			})},
		{Name: "responded returns the first argument", Text: "responded in scalar context returns an argument, not the array of all.", Kills: []string{"LITE-009"}, Role: lite, Dialect: ikc0,
			answer: answered("lite-responded", func(_ command, ok map[string]any) any {
				if ok["value"] != nil {
					return map[string]any{"value": perlValue(contract.AwaitedMark)}
				}
				return nil
			})},
		{Name: "ping says no", Text: "ping returns false though PONG came.", Kills: []string{"LITE-010"}, Role: lite, Dialect: "IKC",
			answer: answered("lite-ping", func(command, map[string]any) any { return map[string]any{"alive": false} })},
		{Name: "an error report is an answer", Text: "A call that is refused returns the error report.", Kills: []string{"LITE-011"}, Role: lite, Dialect: ikc0,
			answer: func(c command, ok json.RawMessage) any {
				if c.Name == "lite-call" && ok == nil && bytes.Contains(c.line, []byte(contract.AbsentSession)) {
					return map[string]any{"value": perlValue("Session '" + contract.AbsentSession + "' is not available for remote kernels.")}
				}
				return nil
			}},
		{Name: "no answer is undef", Text: "A call that gets no answer returns undef.", Kills: []string{"LITE-012"}, Role: lite, Dialect: ikc0,
			answer: unanswered("lite-call", map[string]any{"value": nil})},
		{Name: "a connection outlives its timeout", Text: "After a call that got no answer in time, the next goes over the same connection.", Kills: []string{"LITE-013"}, Role: lite, Dialect: ikc0, keep: true},
		{Name: "a name of its own", Text: "A ClientLite announces another name than it was given.", Kills: []string{"LITE-014"}, Role: lite, Dialect: ikc0,
			line: func(line string) []string { return []string{strings.Replace(line, "KERNEL=", "KERNEL=My", 1)} }},
		{Name: "two of one name", Text: "Two processes with ClientLites of one name are connected at the same time.", Kills: []string{"HC-NAME-001"}, Role: lite, Dialect: ikc0,
			twin: true},
		{Name: "disconnect does not close", Text: "disconnect leaves the connection open.", Kills: []string{"LITE-015"}, Role: lite, Dialect: ikc0,
			stay: func(*wire.Message) bool { return true }},
		{Name: "post says no", Text: "post returns false though it has sent.", Kills: []string{"LITE-016"}, Role: lite, Dialect: ikc0,
			answer: answered("lite-post", func(command, map[string]any) any { return map[string]any{"sent": false} })},
		{Name: "every call wants a list", Text: "A ClientLite calls in list context, whatever it is asked for.", Kills: []string{"LITE-017"}, Role: lite, Dialect: ikc0,
			message: when(isCall, func(m *wire.Message) { m.WantArray = true })},
		{Name: "errors without an address", Text: "The error of a ClientLite that cannot connect does not say to what.", Kills: []string{"LITE-019"}, Role: lite, Dialect: ikc0,
			excuse: func(c command, message string) string {
				if c.Name == "lite-connect" {
					return "connect failed"
				}
				return message
			}},
		{Name: "a refusal is taken for agreement", Text: "A ClientLite whose serializer the server refuses says that it is connected.", Kills: []string{"LITE-020"}, Role: lite, Dialect: ikc0,
			answer: unanswered("lite-connect", map[string]any{})},
		{Name: "post_respond ends with undef", Text: "post_respond returns undef when the time is over.", Kills: []string{"LITE-021"}, Role: lite, Dialect: ikc0,
			answer: unanswered("lite-post-respond", map[string]any{"value": nil})},
		{Name: "responded ends with undef", Text: "responded returns undef when the time is over.", Kills: []string{"LITE-022"}, Role: lite, Dialect: ikc0,
			answer: unanswered("lite-responded", map[string]any{"value": nil})},
		{Name: "params in capitals", Text: "A ClientLite changes strings that it is given.", Kills: []string{"LITE-018"}, Role: lite, Dialect: ikc0,
			message: when(func(m *wire.Message) bool { return m.Params.Kind() == perl.Bytes && !isHave(m) }, func(m *wire.Message) {
				m.Params = perl.NewBytes(strings.ToUpper(m.Params.Str()))
			})},
	}
}
