package release

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/perl-ikc/ikc-conform/conformance/capture"
	"github.com/perl-ikc/ikc-conform/conformance/dialogue"
	"github.com/perl-ikc/ikc-conform/reference/perl"
	"github.com/perl-ikc/ikc-conform/reference/specifier"
	"github.com/perl-ikc/ikc-conform/reference/storable"
	"github.com/perl-ikc/ikc-conform/reference/wire"
)

// said is something that a side says: octets, or a message.
type said struct {
	from    capture.Direction
	octets  string
	message *wire.Message
}

// conversation is what a Print makes of a conversation that begins as one of IKC0 does.
func conversation(t *testing.T, list ...said) [2]*Peer {
	t.Helper()
	var file bytes.Buffer
	w, err := capture.NewWriter(&file, capture.Meta{})
	must(t, err)
	iface, err := w.Interface("test", "")
	must(t, err)
	at := time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC)
	r, err := w.Open(iface, netip.MustParseAddrPort("192.0.2.1:50000"), netip.MustParseAddrPort("192.0.2.2:603"), at)
	must(t, err)
	for _, s := range list {
		at = at.Add(time.Millisecond)
		b := []byte(s.octets)
		if s.message != nil {
			image, err := storable.Freeze(s.message.ToValue())
			must(t, err)
			b = wire.AppendFrame(nil, image)
		}
		must(t, r.Data(s.from, b, at))
	}
	must(t, r.CloseWrite(capture.FromClient, at))
	must(t, r.CloseWrite(capture.FromServer, at))
	must(t, w.Close())
	reader, err := capture.NewReader(&file)
	must(t, err)
	var seen Print
	var out [2]*Peer
	must(t, dialogue.ReadParts(reader.Events(capture.Limits{}), dialogue.Options{}, dialogue.Window{}, func(p *dialogue.Part) {
		if seen.Part(p); p.Last {
			out = seen.Connection(p.Connection)
		}
	}))
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func client(text string) said    { return said{from: capture.FromClient, octets: text} }
func server(text string) said    { return said{from: capture.FromServer, octets: text} }
func sends(m *wire.Message) said { return said{from: capture.FromServer, message: m} }
func at(session, state string) wire.Address {
	return wire.At(specifier.Specifier{Kernel: "Client", Session: session, State: state})
}

// report is an error report with these params.
func report(params *perl.Value) said {
	return sends(&wire.Message{Event: at("IKC", "remote_error"), Params: params, IsError: true})
}

func text(s string) *perl.Value { return perl.NewBytes(s) }

const (
	setup     = "SETUP KERNEL=Client,192.0.2.1:50000;FREEZER=Storable;PID=1\r\n"
	setupBack = "SETUP KERNEL=Server,192.0.2.2:603;FREEZER=Storable;PID=2\r\n"
)

var (
	hello = []said{client("HELLO\r\n"), server("IAM Server\r\n"), client("OK\r\n"), server("DONE\r\n"), client("IAM Client\r\n"), server("OK\r\n"),
		client("DONE\r\n"), client("FREEZER Storable\r\n"), server("OK\r\n"), client("WORLD\r\n"), server("UP\r\n")}
	ikc0 = []said{client(setup), server(setupBack)}
)

// TestFacts: what a server says in the conversation leaves these releases and Perls of it.
func TestFacts(t *testing.T) {
	const untold = "the release cannot be told"
	for name, test := range map[string]struct {
		said []said
		want string
	}{
		"nothing of its own":            {hello, untold},
		"a PID":                         {ikc0, "as POE::Component::IKC 0.2303 to 0.2402"},
		"no PID":                        {[]said{client(setup), server(strings.Replace(setupBack, ";PID=2", "", 1))}, "as POE::Component::IKC 0.2302"},
		"a SETUP in another order":      {[]said{client(setup), server("SETUP FREEZER=Storable;KERNEL=Server;PID=2\r\n")}, "not POE::Component::IKC"},
		"a line that ends in LF":        {[]said{client(setup), server(strings.Replace(setupBack, "\r\n", "\n", 1))}, "not POE::Component::IKC"},
		"NOT to SETUP":                  {append([]said{client(setup), server("NOT\r\n")}, hello...), "as POE::Component::IKC 0.2302 to 0.2402"},
		"NOT to SETUP after HELLO":      {append([]said{client("HELLO\r\n"), server("IAM Server\r\n"), client(setup), server("NOT\r\n")}, hello...), untold},
		"nothing to SETUP":              {append([]said{client(setup)}, hello...), "as POE::Component::IKC 0.09 to 0.2200"},
		"a message alone":               {append(hello, report(text("died"))), "as POE::Component::IKC 0.09 to 0.2305"},
		"no message":                    {append(hello, report(nil)), untold + ", Perl 5.28 or later"},
		"three params":                  {append(hello, report(perl.ArrayRef(text("died"), text("Server"), text("invocation")))), "as POE::Component::IKC 0.2400 to 0.2402"},
		"a bare name":                   {append(hello, report(text("Session svc is not available for remote kernels [poe://Server/svc/x]"))), "as POE::Component::IKC 0.09 to 0.13"},
		"a list of states":              {append(hello, report(text("Session 'svc' is not available for remote kernels:\n    IKC=>[ping] [poe://Server/svc/x]"))), "as POE::Component::IKC 0.14 to 0.2305"},
		"a text of 0.2400 in one param": {append(hello, report(text("Unknown session 'x'.  Request poe://Server/x/y"))), "not POE::Component::IKC"},
		"a PID and a message alone":     {append(ikc0, report(text("died"))), "as POE::Component::IKC 0.2303 to 0.2305"},
		"no state in from":              {append(hello, sends(&wire.Message{Event: at("svc", "x"), From: at("me", "")})), "not POE::Component::IKC"},
		"IKC/subscribe has none either": {append(hello, sends(&wire.Message{Event: at("IKC", "do_you_have"), From: at("IKC", ""), RSVP: at("IKC", "IKC:receipt 1 poe://Client/x")})), untold + ", Perl 5.28 or later"},
	} {
		p := conversation(t, test.said...)[wire.Server]
		if got := p.Fits(); got != test.want && !strings.HasPrefix(got, test.want+", Perl 5.28 or later") {
			t.Errorf("%s: expected %s, got %v", name, test.want, p)
		}
	}
}

// TestMinors: the minor version of an image says which Perls.
func TestMinors(t *testing.T) {
	image, err := storable.Freeze((&wire.Message{Event: at("svc", "x"), Params: text("y")}).ToValue())
	must(t, err)
	for minor, want := range map[byte]string{4: "5.6", 5: "5.8", 6: "5.8", 7: "5.8 to 5.12", 8: "5.14 to 5.16", 9: "5.18", 10: "5.20 to 5.26", 11: "5.28 to 5.42", 12: "5.6 to 5.42"} {
		image[1] = minor
		peers := conversation(t, append(hello, said{from: capture.FromServer, octets: string(wire.AppendFrame(nil, image))})...)
		if got := peers[wire.Server].Perls.String(); got != want {
			t.Errorf("minor %d: expected Perl %s, got %s", minor, want, got)
		}
		if peers[wire.Client].Known() {
			t.Errorf("minor %d: expected nothing of the client, got %v", minor, peers[wire.Client])
		}
	}
}

// TestSet: sets are written as people do.
func TestSet(t *testing.T) {
	if got := AllReleases().Between("0.2200", "0.2302").String(); got != "0.2200 to 0.2302" {
		t.Errorf("got %s", got)
	}
	some := AllReleases().Where(func(name string) bool { return name == "0.09" || strings.HasPrefix(name, "0.24") })
	if got := some.String(); got != "0.09, 0.2400 to 0.2402" {
		t.Errorf("got %s", got)
	}
	if !AllReleases().Between("0.2300", "").Empty() || AllReleases().Has("0.2300") {
		t.Error("0.2300 cannot be loaded")
	}
	if got := AllPerls().Between("5.38", "").orLater(); got != "5.38 or later" {
		t.Errorf("got %s", got)
	}
}

// TestBroken: lines fit, and nothing of them is lost.
func TestBroken(t *testing.T) {
	const line = "  server: as POE::Component::IKC 0.2303 to 0.2402, Perl 5.28 or later (its SETUP has a PID, packet 6)"
	for columns := range 200 {
		got := broken(line, columns)
		if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(line), " ") {
			t.Fatalf("%d columns: got %q", columns, got)
		}
		for l := range strings.Lines(got) {
			if columns >= 30 && len(l) > columns+1 || columns == 0 && l != line+"\n" {
				t.Errorf("%d columns: got %q", columns, l)
			}
		}
	}
}
