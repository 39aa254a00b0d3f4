package refdriver_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/perl-ikc/ikc-conform/conformance/driver"
	"github.com/perl-ikc/ikc-conform/conformance/refdriver"
	"github.com/perl-ikc/ikc-conform/conformance/typed"
	"github.com/perl-ikc/ikc-conform/reference/perl"
)

// These scenarios are played twice: with two Perl kernels, and with two Go kernels. What the states
// received, what monitors and callbacks were told, what commands answered, and every line and
// message on the wire must be the same, but for ids and ports. testdata keeps what came of Perl, so
// that the Go side is compared where there is no Perl; -update writes it anew.

var update = flag.Bool("update", false, "record the traces of the Perl side anew")

const recordedRelease = "0.2402"

// play is a scenario being played with a server and a client of one implementation.
type play struct {
	ctx            context.Context
	t              *testing.T
	server, client *driver.Driver
	other          *driver.Driver // of scenarios that need a third kernel
	begin          func(context.Context) (*driver.Driver, error)
	network        string // of both addresses, "tcp" or "unix"
	address        string // of the server
	through        string // of the tap before it, where the client connects
	tap            *tap
	record         map[string]int // events of each step, as recorded
	dialect        string
	lines          []string
}

func (p *play) note(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

// answered notes what a command answered. Messages of errors are each implementation's own.
func (p *play) answered(what string, result any, err error) {
	if err != nil {
		code := driver.CodeOf(err)
		if code == "" {
			p.t.Fatalf("%s: %v", what, err)
		}
		p.note("  %s: error %s", what, code)
		return
	}
	if result == nil {
		return
	}
	p.note("  %s: %v", what, result)
}

// step does something and notes the events that came of it: as many as the record has, and those
// that come beyond.
func (p *play) step(name string, do func()) {
	p.note("%s", name)
	do()
	want, known := p.record[name]
	quiet, patience := 20*time.Millisecond, 10*time.Second
	if !known {
		quiet, patience = time.Second, time.Second
	}
	count := 0
	events := map[string][]driver.Event{}
	late := time.Now().Add(patience)
	for still := time.Now().Add(quiet); ; time.Sleep(2 * time.Millisecond) {
		for who, d := range p.drivers() {
			if more := d.TakeEvents(); len(more) > 0 {
				events[who] = append(events[who], more...)
				count += len(more)
				still = time.Now().Add(quiet)
			}
		}
		if now := time.Now(); now.After(still) && (count >= want || now.After(late)) {
			break
		}
	}
	for _, who := range []string{"server", "client", "other"} {
		var lines []string
		for _, e := range events[who] {
			lines = append(lines, fmt.Sprintf("  %s %s", who, describe(e)))
		}
		if strings.Contains(name, "every kernel") {
			slices.Sort(lines) // who is first is not said
		}
		p.lines = append(p.lines, lines...)
	}
}

// recorded counts the events of each step of a record.
func recorded(trace string) map[string]int {
	counts := map[string]int{}
	step := ""
	for _, line := range strings.Split(trace, "\n") {
		switch {
		case strings.HasPrefix(line, "  server "), strings.HasPrefix(line, "  client "), strings.HasPrefix(line, "  other "):
			counts[step]++
		case line != "" && line[0] != ' ':
			step = line
			counts[step] = 0
		}
	}
	return counts
}

func describe(e driver.Event) string {
	var args []string
	for _, v := range e.Args {
		raw, err := typed.Encode(v)
		if err != nil {
			raw = []byte(err.Error())
		}
		args = append(args, string(raw))
	}
	with := strings.Join(args, " ")
	switch e.Kind {
	case "state":
		return fmt.Sprintf("state %s/%s context=%s sender=%v %s", e.Session, e.State, e.Context, e.Sender, with)
	case "monitor":
		return fmt.Sprintf("monitor %s: %s about %s real=%v %s", e.Kernel, e.What, e.About, e.Real, with)
	}
	return fmt.Sprintf("%s %s [%d]", e.Kind, e.Operation, e.Number)
}

var (
	anID      = regexp.MustCompile(`[-\w.]+-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}`)
	anAddress = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	aPID      = regexp.MustCompile(`(register about \S+ real=\w+) \{"b":"\d+"\}`)
	aChannel  = regexp.MustCompile(`(channel about .*) \{"[ibn]":"\d+"\}`)
	aProcess  = regexp.MustCompile(`"\d+: Unknown kernel`)
	aUnixName = regexp.MustCompile(`(unix:[-.\w]+):\d+-\d+`)
	noName    = regexp.MustCompile(`[^-:.\w]+`)
)

// normal replaces what differs from run to run.
func (p *play) normal() string {
	text := strings.Join(p.lines, "\n") + "\n"
	address, through := p.address, p.through
	if p.network == "unix" {
		address, through = nameOfPath(address), nameOfPath(through)
		text = aUnixName.ReplaceAllString(text, "$1:PID-NUMBER")
	}
	text = strings.ReplaceAll(text, address, "SERVER-ADDRESS")
	text = strings.ReplaceAll(text, through, "TAP-ADDRESS")
	text = aReceipt.ReplaceAllString(text, "IKC:receipt")
	text = anAddress.ReplaceAllString(text, "ADDRESS")
	text = aPID.ReplaceAllString(text, `$1 PID`)
	text = aChannel.ReplaceAllString(text, `$1 CHANNEL`)
	text = aProcess.ReplaceAllString(text, `"PID: Unknown kernel`)
	ids := map[string]string{}
	for who, d := range p.drivers() {
		if id := p.id(d); id != "" {
			ids[id] = strings.ToUpper(who) + "-ID"
		}
	}
	return anID.ReplaceAllStringFunc(text, func(id string) string {
		if name := ids[id]; name != "" {
			return name
		}
		return id
	})
}

// nameOfPath is what a kernel makes of the path of a Unix socket in its name.
func nameOfPath(path string) string { return noName.ReplaceAllString(path, "_") }

// drivers are those that there are.
func (p *play) drivers() map[string]*driver.Driver {
	all := map[string]*driver.Driver{"server": p.server, "client": p.client}
	if p.other != nil {
		all["other"] = p.other
	}
	return all
}

// id is that of a driver's kernel, "" if it has none yet.
func (p *play) id(d *driver.Driver) string {
	h, err := d.Hello(p.ctx)
	if err != nil {
		return ""
	}
	return h.Kernel
}

func b(s string) *perl.Value { return perl.NewBytes(s) }

func v(x *perl.Value) typed.Value { return typed.Value{V: x} }

// known waits until the server knows the client, which it does a moment after the client is told
// so.
func (p *play) known() { p.knownAs("Client") }

// knownAs is known for a kernel of some name. A post to IKC/ping leaves no trace in states.
func (p *play) knownAs(name string) {
	for range 400 {
		n, err := p.server.Post(p.ctx, driver.Post{To: "poe://" + name + "/IKC/ping", Params: v(perl.NewUndef())})
		if err != nil {
			p.t.Fatal(err)
		}
		if n != 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("the server never knew %s", name)
}

func TestEqualToPerl(t *testing.T) {
	for _, s := range scenarios {
		for _, dialect := range []string{"IKC0", "IKC"} {
			t.Run(s.name+" "+dialect, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join("testdata", s.name+"-"+dialect+".trace")
				want, err := os.ReadFile(path)
				if err != nil && !*update {
					t.Fatal(err)
				}
				record := string(want)
				if *update {
					record = ""
				}
				if perlGot, ok := withPerl(t, dialect, record, s.run); ok {
					if *update {
						if err := os.WriteFile(path, []byte(perlGot), 0o644); err != nil {
							t.Fatal(err)
						}
						want = []byte(perlGot)
					}
					compare(t, "Perl and its record", perlGot, string(want))
				}
				got := traced(t, dialect, string(want), s.run, func(ctx context.Context) (*driver.Driver, error) {
					return refdriver.Start(ctx, refdriver.Config{}, driver.Options{}), nil
				})
				compare(t, "Go and the record of Perl", got, string(want))
			})
		}
	}
}

func traced(t *testing.T, dialect, record string, run func(*play), start func(context.Context) (*driver.Driver, error)) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	p := &play{ctx: ctx, t: t, network: "tcp", record: recorded(record), dialect: dialect, begin: start}
	p.server, p.client = p.driver(), p.driver()
	run(p)
	p.listen(recordedWire(record))
	return p.normal()
}

// driver starts one more kernel of the implementation.
func (p *play) driver() *driver.Driver {
	d, err := p.begin(p.ctx)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { d.Close() })
	return d
}

// withPerl plays with the real thing, if it is there.
func withPerl(t *testing.T, dialect, record string, run func(*play)) (string, bool) {
	if testing.Short() {
		t.Log("not played with Perl: -short")
		return "", false
	}
	dir := driver.ReleasesDir()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	install, err := driver.FindPerlIn(ctx, filepath.Join(dir, recordedRelease))
	var missing *driver.PerlError
	if errors.As(err, &missing) {
		t.Logf("not played with Perl: %v", err)
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	if install.Release != recordedRelease {
		t.Logf("not played with Perl: the records are of %s, there is %s", recordedRelease, install.Release)
		return "", false
	}
	return traced(t, dialect, record, run, func(ctx context.Context) (*driver.Driver, error) {
		return install.Start(ctx, driver.Options{})
	}), true
}

// compare shows the lines that differ, and those before them in the same step.
func compare(t *testing.T, what, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	t.Errorf("%s differ; - is the latter, + the former:\n%s", what, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
}
