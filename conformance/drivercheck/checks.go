package drivercheck

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/contract"
	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/internal/walk"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// check is a requirement of DRIVER.md and a way to find out. An error that is neither failure nor
// skip is a failure of what was expected.
type check struct {
	id, requirement, expected string
	run                       func(ctx context.Context, s *subject, d *driver.Driver) error
}

const helloCheck = "DRV-001"

func checks() []check {
	return []check{
		{helloCheck, "hello is answered, and completely.", "an answer with protocol 1, driver, implementation, release and capabilities", hello},
		{"DRV-002", "An invented command is answered with unsupported.", "an error with code unsupported", invented},
		{"DRV-003", "A line that is no command with an integer id is answered with usage and id 0.", "an error with code usage and id 0", malformed},
		{"DRV-004", "A command with a field missing or wrong is answered with usage.", "an error with code usage", usage},
		{"DRV-005", "Blank lines, and fields that a driver does not know, are ignored.", "hello answered as ever", ignored},
		{"DRV-006", "Every command gets exactly one answer.", "one answer for each id", each},
		{"DRV-007", "What hello declares among its commands is not answered with unsupported, and all else is.", "any answer but unsupported", declared},
		{"DRV-008", "What hello declares among its actions can be scripted; an action that is not known is unsupported.", "session answered with ok", scripted},
		{"DRV-009", "A Perl value travels typed, so that nothing of its kind is lost.", "every value as it was sent", roundTrip},
		{"DRV-010", "Every run of a scripted state is reported by a state event before its return value is sent.", "a state event with the arguments, before the answer", eventFirst},
		{"DRV-011", "What on_error was told is reported before the answer to the command that it is about.", "failed, after the error event if there is one", refused},
		{"DRV-012", "A driver exits with status 0 when it has answered quit.", "an answer, then exit status 0", quit},
		{"DRV-013", "A driver exits with status 0 when its standard input ends.", "exit status 0", endOfInput},
		{"DRV-014", "Every line conforms to the JSON Schema of the protocol.", "lines as in conformance/driver/schema.json", schema},
	}
}

// step bounds one thing.
func (s *subject) step(ctx context.Context, do func(context.Context) error) error {
	limit, cancel := context.WithTimeout(ctx, s.limit)
	defer cancel()
	return do(limit)
}

// code makes a failure of an answer with another error code than is due.
func code(err error, want driver.Code, what string) error {
	switch got := driver.CodeOf(err); {
	case err == nil:
		return &failure{fmt.Sprintf("%s answered with an error with code %s", what, want), "ok"}
	case got != want:
		return &failure{fmt.Sprintf("%s answered with an error with code %s", what, want), err.Error()}
	}
	return nil
}

func hello(ctx context.Context, s *subject, d *driver.Driver) error {
	return s.step(ctx, func(ctx context.Context) error {
		h, err := d.Hello(ctx)
		if err != nil {
			return err
		}
		const expected = "all of protocol 1, driver, implementation, release, capabilities"
		switch {
		case h.Protocol != driver.ProtocolVersion:
			return &failure{expected, fmt.Sprintf("protocol %d", h.Protocol)}
		case h.Driver == "" || h.Implementation == "" || h.Release == "":
			return &failure{expected, fmt.Sprintf("driver %q, implementation %q, release %q", h.Driver, h.Implementation, h.Release)}
		case len(h.Capabilities) == 0:
			return &failure{expected, "no capabilities"}
		}
		return nil
	})
}

func invented(ctx context.Context, s *subject, d *driver.Driver) error {
	return s.step(ctx, func(ctx context.Context) error {
		const name = "make-coffee"
		return code(d.Do(ctx, name, map[string]any{"cups": 2}, nil), driver.Unsupported, name)
	})
}

func malformed(ctx context.Context, s *subject, d *driver.Driver) error {
	for _, line := range []string{"this is no JSON", `{"cmd": "hello"}`, `{"id": "seven", "cmd": "hello"}`, `[1, 2]`} {
		err := s.step(ctx, func(ctx context.Context) error {
			e, err := d.DoLine(ctx, line)
			if err != nil {
				return fmt.Errorf("to %s: %w", line, err)
			}
			if e == nil || e.Code != driver.Usage {
				return &failure{line + " answered with id 0 and code usage", fmt.Sprint(e)}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// incomplete are commands that lack something, by name.
var incomplete = []struct {
	cmd    string
	fields map[string]any
}{
	{"listen", map[string]any{"aliases": []string{"NoName"}}},
	{"connect", map[string]any{"name": "Client"}},
	{"session", map[string]any{"session": "s"}},
	{"publish", map[string]any{"states": []string{"x"}}},
	{"post", map[string]any{"params": nil}},
	{"call", map[string]any{"to": "poe://Kernel/session/state", "params": nil}},
	{"subscribe", map[string]any{"specifiers": "no list"}},
	{"monitor", map[string]any{"events": []string{driver.MonitorRegister}}},
	{"lite-connect", map[string]any{"name": "Lite"}},
}

func usage(ctx context.Context, s *subject, d *driver.Driver) error {
	tried := 0
	for _, c := range incomplete {
		err := s.step(ctx, func(ctx context.Context) error {
			err := d.Do(ctx, c.cmd, c.fields, nil)
			if driver.IsUnsupported(err) {
				return nil
			}
			tried++
			return code(err, driver.Usage, fmt.Sprintf("%s with %v", c.cmd, c.fields))
		})
		if err != nil {
			return err
		}
	}
	if tried == 0 {
		return skip("it supports no command that has fields")
	}
	return nil
}

func ignored(ctx context.Context, s *subject, d *driver.Driver) error {
	return s.step(ctx, func(ctx context.Context) error {
		// The blank lines are answered by nothing, so that the answer is to what follows them.
		e, err := d.DoLine(ctx, "\n  \nneither this nor that")
		if err != nil {
			return err
		}
		if e == nil || e.Code != driver.Usage {
			return &failure{"blank lines to be ignored", fmt.Sprint(e)}
		}
		return d.Do(ctx, "hello", map[string]any{"colour": "blue", "nested": []any{map[string]any{"x": nil}}}, nil)
	})
}

func each(ctx context.Context, s *subject, d *driver.Driver) error {
	const n = 20
	errs := make([]error, n)
	err := s.step(ctx, func(ctx context.Context) error {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				if i%2 == 0 {
					_, errs[i] = d.Hello(ctx)
				} else if err := d.Do(ctx, "make-tea", nil, nil); !driver.IsUnsupported(err) {
					errs[i] = code(err, driver.Unsupported, "make-tea")
				}
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	})
	if err != nil {
		return err
	}
	// A second answer would break the schema's check.
	return nil
}

// known are the commands of the protocol, but for those that are checked by themselves.
var known = []string{
	"listen", "connect", "session", "publish", "retract", "post", "proxy-post", "call", "subscribe", "unsubscribe", "monitor",
	"lite-connect", "lite-post", "lite-call", "lite-post-respond", "lite-responded", "lite-ping", "lite-disconnect",
	"disconnect", "shutdown",
}

func declared(ctx context.Context, s *subject, d *driver.Driver) error {
	if len(s.hello.Commands) == 0 {
		return skip("hello does not say what commands there are")
	}
	var wrong []string
	for _, cmd := range known {
		err := s.step(ctx, func(ctx context.Context) error { return d.Do(ctx, cmd, nil, nil) })
		has := slices.Contains(s.hello.Commands, cmd)
		switch {
		case err != nil && driver.CodeOf(err) == "":
			return fmt.Errorf("%s without fields: %w", cmd, err)
		case has && driver.IsUnsupported(err):
			wrong = append(wrong, fmt.Sprintf("%s is declared and answered with: %v", cmd, err))
		case !has && !driver.IsUnsupported(err):
			wrong = append(wrong, fmt.Sprintf("%s is not declared and answered with: %v", cmd, err))
		}
	}
	for _, cmd := range []string{"hello", "quit"} {
		if !slices.Contains(s.hello.Commands, cmd) {
			wrong = append(wrong, cmd+" is not declared; every driver has it")
		}
	}
	if len(wrong) > 0 {
		return &failure{"unsupported from what is not declared, and from nothing else", strings.Join(wrong, "\n")}
	}
	return nil
}

// actions are one of each.
func actions() map[string]driver.Action {
	one := perl.NewInt(1)
	return map[string]driver.Action{
		"echo": driver.Echo(), "return": driver.Return(one), "list": driver.List(one, one), "args": driver.Args(),
		"nothing": driver.Nothing(), "undef": driver.Undef(), "count": driver.Count(), "sender": driver.Sender("back", 0),
		"respond": driver.Respond(), "die": driver.Die("as told"),
	}
}

func scripted(ctx context.Context, s *subject, d *driver.Driver) error {
	var wrong []string
	for name, a := range actions() {
		err := s.step(ctx, func(ctx context.Context) error {
			return d.Session(ctx, driver.Session{Session: "drivercheck", States: map[string]driver.Action{name: a}, Publish: &[]string{}})
		})
		has := len(s.hello.Actions) == 0 || slices.Contains(s.hello.Actions, name)
		switch {
		case driver.IsUnsupported(err) && !slices.Contains(s.hello.Commands, "session"):
			return skip("it has no session command")
		case err != nil && driver.CodeOf(err) == "":
			return err
		case has && err != nil:
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		case !has && !driver.IsUnsupported(err):
			wrong = append(wrong, fmt.Sprintf("%s is not declared and answered with: %v", name, err))
		}
	}
	slices.Sort(wrong)
	if len(wrong) > 0 {
		return &failure{"ok for every action that is declared, unsupported for others", strings.Join(wrong, "\n")}
	}
	return s.step(ctx, func(ctx context.Context) error {
		dance := map[string]driver.Action{"dance": {Do: "dance"}}
		return code(d.Session(ctx, driver.Session{Session: "drivercheck", States: dance}), driver.Unsupported, "the action dance")
	})
}

// Names of a conversation between the driver and the reference.
const (
	subjectName   = "Subject"
	referenceName = "Reference"
	session       = "drivercheck"
)

// converse connects the driver's kernel with the reference's, and returns the reference's driver.
func converse(ctx context.Context, s *subject, d *driver.Driver) (ref *driver.Driver, err error) {
	other := refdriver.Start(ctx, refdriver.Config{}, driver.Options{})
	defer func() {
		if err != nil {
			other.Close()
		}
	}()
	states := driver.Session{Session: session, States: map[string]driver.Action{"echo": driver.Echo(), "answer": driver.Nothing()}, Publish: &[]string{"echo"}}
	if err := other.Session(ctx, states); err != nil {
		return nil, err
	}
	if err := d.Session(ctx, states); driver.IsUnsupported(err) {
		return nil, skip("it has no session command")
	} else if err != nil {
		return nil, err
	}
	protocol := wire.IKC0.String()
	if len(s.hello.Protocols) > 0 && !s.hello.HasProtocol(protocol) {
		protocol = wire.IKC.String()
	}
	server, client, names := d, other, [2]string{subjectName, referenceName}
	switch {
	case s.hello.Has("server"):
	case s.hello.Has("client"):
		server, client, names = other, d, [2]string{referenceName, subjectName}
	default:
		return nil, skip("it is neither server nor client")
	}
	at, err := server.Listen(ctx, driver.Listen{Name: names[0], Protocol: protocol})
	if err != nil {
		return nil, err
	}
	_, err = client.Connect(ctx, driver.Connect{Name: names[1], Protocol: protocol, Address: at.Address, Timeout: s.limit.Seconds()})
	return other, err
}

// ask has a driver call the echo of a kernel, and returns what came back.
func ask(ctx context.Context, d *driver.Driver, kernel string, v *perl.Value) (*perl.Value, error) {
	c := driver.Call{To: "poe://" + kernel + "/" + session + "/echo", Params: typed.Value{V: v}, RSVP: "poe:/" + session + "/answer", Session: session}
	if _, err := d.Call(ctx, c); err != nil {
		return nil, err
	}
	e, err := d.WaitState(ctx, session, "answer")
	if err != nil {
		return nil, err
	}
	if len(e.Args) == 0 {
		return perl.NewUndef(), nil
	}
	return e.Args[0], nil
}

// values are those that come back as they were whatever the implementation: in network order
// Storable writes doubles, and integers of more than 32 bits, as strings.
func values() []*perl.Value {
	return slices.DeleteFunc(contract.EchoValues(), func(v *perl.Value) bool {
		return walk.Contains(v, func(v *perl.Value) bool {
			n := v.Int()
			return v.Kind() == perl.Double || v.Kind() == perl.Uint || n != int64(int32(n))
		})
	})
}

// same makes a failure of a value that is not what it was.
func same(want, got *perl.Value, where string) error {
	a, err := typed.Encode(want)
	if err != nil {
		return err
	}
	b, err := typed.Encode(got)
	if err != nil {
		return err
	}
	if string(a) != string(b) {
		return &failure{where + " " + shorten(string(a), 300), shorten(string(b), 300)}
	}
	return nil
}

func roundTrip(ctx context.Context, s *subject, d *driver.Driver) error {
	ref, err := converse(ctx, s, d)
	if err != nil {
		return err
	}
	defer ref.Close()
	for _, v := range values() {
		err := s.step(ctx, func(ctx context.Context) error {
			// From the driver's JSON onto the wire, and from there into its events.
			got, err := ask(ctx, d, referenceName, v)
			if err != nil {
				return err
			}
			return same(v, got, "params of a call that come back:")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func eventFirst(ctx context.Context, s *subject, d *driver.Driver) error {
	ref, err := converse(ctx, s, d)
	if err != nil {
		return err
	}
	defer ref.Close()
	for _, v := range values() {
		err := s.step(ctx, func(ctx context.Context) error {
			if _, err := ask(ctx, ref, subjectName, v); err != nil {
				return err
			}
			// What was written before the answer was has come by now, or is about to.
			soon, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			e, err := d.WaitState(soon, session, "echo")
			if err != nil {
				return err
			}
			if len(e.Args) != 1 {
				return &failure{"a state event with one argument", e.String()}
			}
			if !e.Sender || e.Context != "" && e.Context != driver.ContextScalar {
				return &failure{"a state event with sender true, and context scalar or none", e.String()}
			}
			return same(v, e.Args[0], "a state event with the argument")
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func refused(ctx context.Context, s *subject, d *driver.Driver) error {
	if !s.hello.Has("client") {
		return skip("it is no client")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	l.Close() // nobody listens there now
	return s.step(ctx, func(ctx context.Context) error {
		_, err := d.Connect(ctx, driver.Connect{Name: subjectName, Address: address, Timeout: s.limit.Seconds()})
		if c := driver.CodeOf(err); c != driver.Failed && c != driver.Timeout {
			return code(err, driver.Failed, "connect to a port that nobody listens on")
		}
		before := len(d.TakeEvents())
		if _, err := d.Hello(ctx); err != nil {
			return err
		}
		for _, e := range d.TakeEvents() {
			if e.Kind == driver.EventError && before == 0 {
				return &failure{"the error event before the answer", "it came after: " + e.String()}
			}
		}
		return nil
	})
}

// ended waits for a driver to end by itself.
func (s *subject) ended(d *driver.Driver) error {
	select {
	case <-d.Done():
	case <-time.After(s.limit / 2):
		return &failure{"the driver to end", fmt.Sprintf("it goes on for %v", s.limit/2)}
	}
	var exit *driver.ExitError
	if !errors.As(d.Err(), &exit) || exit.Cause != nil || exit.Status != "exit status 0" && exit.Status != "" {
		return &failure{"exit status 0", fmt.Sprint(d.Err())}
	}
	return nil
}

func quit(ctx context.Context, s *subject, d *driver.Driver) error {
	err := s.step(ctx, func(ctx context.Context) error { return d.Do(ctx, "quit", nil, nil) })
	if err != nil {
		return err
	}
	return s.ended(d)
}

func endOfInput(ctx context.Context, s *subject, d *driver.Driver) error {
	if err := s.step(ctx, func(ctx context.Context) error { _, err := d.Hello(ctx); return err }); err != nil {
		return err
	}
	if !d.EndInput() {
		return skip("its input cannot be closed by itself")
	}
	return s.ended(d)
}

func schema(_ context.Context, s *subject, _ *driver.Driver) error {
	faults, lines := s.validator.Faults()
	if len(faults) > 0 {
		const most = 5
		if n := len(faults); n > most {
			faults = append(faults[:most], fmt.Sprintf("and %d more", n-most))
		}
		return &failure{fmt.Sprintf("%d lines as in conformance/driver/schema.json", lines), strings.Join(faults, "\n")}
	}
	return nil
}
